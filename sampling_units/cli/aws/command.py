"""``kmeans aws``: the group of commands about runs on AWS."""

from importlib.util import find_spec

import click

from sampling_units.cli.lazy_group import LazyGroup

_COMMANDS = ("plan", "start", "watch", "retry", "stop", "list", "fetch", "report")


class _WithBoto3(LazyGroup):
    """Commands that need boto3, which an installation without the extra ``aws`` lacks."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, as long as it could be imported."""
        if find_spec("boto3") is None:
            raise click.ClickException("runs on AWS need boto3: pip install 'sampling-units[aws]'")
        return super().get_command(ctx, cmd_name)


@click.group(cls=_WithBoto3, commands_at={name: f"sampling_units.cli.aws.{name}" for name in _COMMANDS})
def aws() -> None:
    """Runs on a deployed stack: plan, start and watch them, retry what failed, fetch what came out."""
