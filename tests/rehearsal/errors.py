"""How a rehearsal fails."""


class RehearsalError(RuntimeError):
    """A command failed, or its outcome is not what the documentation promises; the message tells everything."""


def expect(is_true: object, otherwise: str) -> None:
    """Fail with the message ``otherwise`` unless ``is_true``."""
    if not is_true:
        raise RehearsalError(otherwise)
