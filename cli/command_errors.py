"""How a command that makes one thing ends: messages and exit status for errors and stop signals."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from cli.readable import printable
from cli.stop_signals import Stopped, stop_signals
from lambdas.contract.errors import FileMissing, InvalidInput, InvalidParameters, RunError

FAILED = 1


@contextmanager
def errors_as_exit_status() -> Iterator[None]:
    """Within the block, wrong usage ends the command with status 2, other errors with 1, signals with 128 + signal."""
    try:
        with stop_signals():
            yield
    except Stopped as stopped:
        click.echo("Stopped. Nothing was written.", err=True)
        sys.exit(stopped.exit_status)
    except InvalidParameters as error:
        raise click.UsageError(printable(str(error))) from error
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
