"""The command ``kmeans``."""

import os
import sys

import click

import kmeans
from sampling_units.cli.lazy_group import LazyGroup
from sampling_units.cli.lean_process import start_lean

_COMMANDS = ("cluster", "split", "inspect", "export", "report", "sample", "cost", "aws")


@click.group(
    cls=LazyGroup,
    commands_at={name: f"sampling_units.cli.{name}.command" for name in _COMMANDS},
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
    except OSError:
        reason = _trouble_with_standard_output()
        if reason is None:
            raise
        from sampling_units.cli.command_errors import FAILED  # Nobody else needs it here, --help least of all.

        click.echo(f"Error: standard output cannot be written ({reason})", err=True)
        sys.exit(FAILED)


def _trouble_with_standard_output() -> str | None:
    """Why it takes no line more, None if it does; after a trouble it leads nowhere."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError as error:
        # At the end of the process what is still in the buffer would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error.strerror
    return None
