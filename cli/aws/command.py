"""``kmeans aws``: the group of commands about runs on AWS."""

import click

from cli.aws.plan import plan
from cli.aws.start import start
from cli.aws.watch import watch


@click.group()
def aws() -> None:
    """Plan, start and watch runs on a deployed stack."""


aws.add_command(plan)
aws.add_command(start)
aws.add_command(watch)
