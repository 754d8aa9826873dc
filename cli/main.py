"""The command ``kmeans``."""

import click

import kmeans
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
    main()


if __name__ == "__main__":
    run()
