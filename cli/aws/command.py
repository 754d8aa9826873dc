"""``kmeans aws``: the group of commands about runs on AWS."""

import click

from cli.aws.plan import plan


@click.group()
def aws() -> None:
    """Plan runs on a deployed stack."""


aws.add_command(plan)
