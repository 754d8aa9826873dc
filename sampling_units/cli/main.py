"""The command ``kmeans``."""

import os
import sys

import click

import kmeans
from sampling_units.cli.lazy_group import LazyGroup

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
    # Arrow's other allocators keep 45 MB more of what was freed, and are no faster here. Worker processes inherit it.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        main()
    except OSError:
        reason = _fault_of_standard_output()
        if reason is None:
            raise
        from sampling_units.cli.command_errors import FAILED  # Takes a moment to load, which --help does not need.

        click.echo(f"Error: standard output cannot be written ({reason})", err=True)
        sys.exit(FAILED)


def _fault_of_standard_output() -> str | None:
    """Why standard output cannot be written any more, None if it can; after a fault it is sent to the null device."""
    try:
        sys.stdout.write("\n")
        sys.stdout.flush()
    except OSError as error:
        # At the end of the process what is still in the buffer would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return error.strerror
    return None
