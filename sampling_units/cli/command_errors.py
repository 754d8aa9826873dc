"""How a command that makes one thing ends: messages and exit status for errors and stop signals."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sampling_units.cli.stop_signals import Stopped, stop_signals
from sampling_units.errors import FileMissing, InvalidInput, InvalidParameters, OutputNotWritable, RunError
from sampling_units.formatting import printable

FAILED, WRONG_USAGE = 1, 2
# Some files failed, others are done.
PARTLY_FAILED = 3
# Arrow opens only files whose paths are text.
NO_TEXT = "has a path that is no text in UTF-8; rename it"


@contextmanager
def errors_as_exit_status(when_stopped: str = "Stopped. Nothing was written.") -> Iterator[None]:
    """Within the block, wrong usage ends the command with status 2, other errors with 1, signals with 128 + signal.

    Args:
        when_stopped: what to say then.
    """
    try:
        with stop_signals():
            yield
    except Stopped as stopped:
        click.echo(when_stopped, err=True)
        sys.exit(stopped.exit_status)
    except InvalidParameters as error:
        click.echo(printable(f"Error: {error}"), err=True)
        sys.exit(WRONG_USAGE)
    except RunError as error:
        click.echo(printable(f"{error.code}: {error}"), err=True)
        sys.exit(FAILED)


def require_file(path: Path) -> None:
    """Refuse a path that is no file.

    Raises:
        FileMissing: there is nothing of that name.
        InvalidInput: it is a folder, or its path is no text.
    """
    if not path.exists():
        raise FileMissing("there is no such file", filename=str(path))
    if path.is_dir():
        raise InvalidInput("is a folder, not a file", filename=str(path))
    if not is_text(path):
        raise InvalidInput(NO_TEXT, filename=str(path))


def require_text(path: Path) -> None:
    """Refuse a place for outputs that Arrow could not open.

    Raises:
        OutputNotWritable: its path is no text.
    """
    if not is_text(path):
        raise OutputNotWritable(f"cannot write to {printable(str(path))}: the path is no text in UTF-8")


def is_text(path: Path) -> bool:
    """Whether a path is text; to most file systems it is bytes."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
