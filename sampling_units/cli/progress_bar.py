"""The progress bars of all commands: on standard error, and only on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


def is_on_terminal() -> bool:
    """Whether standard error is a terminal, rather than a file or a pipe."""
    return sys.stderr.isatty()


def progress_bars(unit: str) -> "Progress":
    """Bars with what is done, how much of how many ``unit``, the time it took and what is left; not started yet."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TextColumn("elapsed,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
    )


@contextmanager
def one_by_one(description: str, n_files: int) -> Iterator[Callable[[], None]]:
    """A bar over files; yields what to call after each."""
    if not is_on_terminal():
        yield lambda: None
        return
    with progress_bars("files") as progress:
        task = progress.add_task(description, total=n_files)
        yield lambda: progress.advance(task)
