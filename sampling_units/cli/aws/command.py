"""``kmeans aws``: the group of commands about runs on AWS."""

import click

from sampling_units.cli.lazy_group import LazyGroup

_COMMANDS = ("plan", "start", "watch", "retry", "stop", "list", "fetch", "report")


@click.group(cls=LazyGroup, commands_at={name: f"sampling_units.cli.aws.{name}" for name in _COMMANDS})
def aws() -> None:
    """Runs on a deployed stack: plan, start and watch them, retry what failed, fetch what came out."""
