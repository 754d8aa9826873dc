"""A progress bar for commands that go through the rows of files once or several times."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Called with the name of a phase, the rows done in it since the last call, and all its rows.
Advance = Callable[[str, int, int], None]


@contextmanager
def row_progress() -> Iterator[Advance]:
    """Yields what shows the progress.

    It is a bar for each phase on a terminal, and nothing in a pipe.
    """
    if not sys.stderr.isatty():
        yield lambda phase, n_done, n_rows: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("rows"))
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:

        def advance(phase: str, n_done: int, n_rows: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase, total=n_rows)
            progress.advance(tasks[phase], n_done)

        yield advance
