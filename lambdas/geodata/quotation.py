"""What errors repeat of a file or of a library: one line that can be shown anywhere, and no more than its beginning."""


def shortened(value: object, most: int = 100) -> str:
    """The text of a value, cut after ``most`` characters, with what cannot be printed as an escape sequence."""
    text = str(value)
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text[:most])
    return shown if len(text) <= most else f"{shown}..."


def explained(error: Exception) -> str:
    """What a library says is wrong, which may go over several lines and repeat what it was given."""
    return shortened(" ".join(str(error).split()), 300)
