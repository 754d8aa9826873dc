"""Stop signals while a library works: an exception inside its callbacks would get lost, so the signal has to wait."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from sampling_units.cli.stop_signals import STOP_SIGNALS


@contextmanager
def stop_signals_deferred() -> Iterator[Callable[[], None]]:
    """Yields a function; within the block, stop signals are handled when it is called, and at the end.

    They are then passed to the handlers from before the block, such as those of ``stop_signals``.
    """
    handlers = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    # Ignored signals stay ignored, and those without a handler end the program at once.
    handled = {number: handler for number, handler in handlers.items() if callable(handler)}
    came: list[tuple[int, FrameType | None]] = []

    def deliver() -> None:
        for number, frame in came:
            came.clear()
            handled[signal.Signals(number)](number, frame)

    for number in handled:
        signal.signal(number, lambda number, frame: came.append((number, frame)))
    try:
        yield deliver
    finally:
        for number, handler in handled.items():
            signal.signal(number, handler)
    deliver()
