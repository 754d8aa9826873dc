"""A progress bar for commands that go through the rows of files once or several times."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sampling_units.cli.progress_bar import is_on_terminal, progress_bars

if TYPE_CHECKING:
    from rich.progress import TaskID

# Called with the name of a phase, the rows done in it since the last call, and all its rows.
Advance = Callable[[str, int, int], None]


@contextmanager
def row_progress() -> Iterator[Advance]:
    """Yields a function to call after each chunk: on a terminal it moves a bar for each phase, else it does nothing."""
    if not is_on_terminal():
        yield lambda phase, n_done, n_rows: None
        return
    with progress_bars("rows") as progress:
        tasks: dict[str, TaskID] = {}

        def advance(phase: str, n_done: int, n_rows: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase, total=n_rows)
            progress.advance(tasks[phase], n_done)

        yield advance
