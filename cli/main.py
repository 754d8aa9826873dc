"""The command ``kmeans``."""

import click

import kmeans
from cli.aws.command import aws
from cli.cluster.command import cluster
from cli.cost.command import cost
from cli.export.command import export
from cli.inspect.command import inspect
from cli.lean_process import start_lean
from cli.sample.command import sample
from cli.split.command import split


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(kmeans.__version__, prog_name="kmeans")
def main() -> None:
    """Build primary sampling units: group population cells or rooftops into compact clusters of near-equal weight."""


main.add_command(aws)
main.add_command(cluster)
main.add_command(cost)
main.add_command(export)
main.add_command(inspect)
main.add_command(sample)
main.add_command(split)


def run() -> None:
    """Entry of the installed command: ``main`` in a process of its own."""
    start_lean()
    main()


if __name__ == "__main__":
    run()
