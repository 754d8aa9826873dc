"""``kmeans aws``: the group of commands about runs on AWS."""

import click

from cli.lazy_group import LazyGroup

_COMMANDS = ("plan", "start", "watch")


@click.group(cls=LazyGroup, commands_at={name: f"cli.aws.{name}" for name in _COMMANDS})
def aws() -> None:
    """Plan, start and watch runs on a deployed stack."""
