"""The command ``kmeans``."""

import errno
import sys

import click

import kmeans
from cli.command_errors import FAILED
from cli.lazy_group import LazyGroup
from cli.lean_process import start_lean

_COMMANDS = ("cluster", "split", "inspect", "export", "report", "sample", "cost", "aws")


@click.group(
    cls=LazyGroup,
    commands_at={name: f"cli.{name}.command" for name in _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(kmeans.__version__, prog_name="kmeans")
def main() -> None:
    """Build primary sampling units: group population cells or rooftops into compact clusters of near-equal weight."""


def run() -> None:
    """Entry of the installed command: ``main`` in a process of its own."""
    start_lean()
    try:
        main()
    except OSError as error:
        if error.errno != errno.ENOSPC or error.filename is not None:
            raise
        # Files are named by their errors: this was standard output, on a disk that is full.
        click.echo(f"Error: standard output cannot be written ({error.strerror})", err=True)
        sys.exit(FAILED)


if __name__ == "__main__":
    run()
