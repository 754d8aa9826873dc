"""Ctrl-C, SIGTERM and a closed terminal all raise ``Stopped``."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(KeyboardInterrupt):
    """A signal asked the program to stop. Like its base it passes every ``except Exception``."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        # What a shell reports of a program that the signal killed: 130 for Ctrl-C.
        self.exit_status = 128 + number


@contextmanager
def stop_signals() -> Iterator[None]:
    """Raise ``Stopped`` at the first signal within the block; later ones must not disturb the cleaning up.

    A signal that the caller ignores stays ignored: that is how nohup keeps a program running.
    """
    handled = [number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]

    def stop(number: int, frame: FrameType | None) -> None:
        for other in handled:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(number)

    before = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
