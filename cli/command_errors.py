"""How a command that makes one thing ends: messages and exit status for errors and stop signals."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cli.stop_signals import Stopped, stop_signals
from lambdas.contract.errors import FileMissing, InvalidInput, InvalidParameters, RunError
from lambdas.readable import printable

FAILED, WRONG_USAGE = 1, 2
# Some files failed, others are done.
PARTLY_FAILED = 3


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
        InvalidInput: it is a folder.
    """
    if not path.exists():
        raise FileMissing("there is no such file", filename=str(path))
    if path.is_dir():
        raise InvalidInput("is a folder, not a file", filename=str(path))
