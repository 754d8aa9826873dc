"""``kmeans aws plan``: what a run would do, take and cost; nothing is started."""

import math
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sampling_units.cli.aws.options import StackConnection, connection_options, request_options, use_connection
from sampling_units.cli.command_errors import errors_as_exit_status
from sampling_units.formats import SUFFIXES_IN_WORDS
from sampling_units.formatting import file_size

if TYPE_CHECKING:
    from sampling_units.runs.cost import CostEstimate


class RunOutlook(msgspec.Struct, frozen=True, kw_only=True):
    """What a run would do.

    Attributes:
        n_found: input files under the prefix.
        n_done: of these, finished with the same parameters, version and input.
        n_stale: of the others, those with an output that is out of date.
        n_refused: those that would fail for their names, and would not even be sent.
        n_files, n_bytes: what would be done.
        estimate: time and money.
    """

    stack: str
    input_bucket: str
    output_bucket: str
    prefix: str
    n_found: int
    n_done: int
    n_stale: int
    n_refused: int
    n_files: int
    n_bytes: int
    estimate: "CostEstimate"


@click.command(epilog="Exit status: 0 done, 1 AWS does not answer as it should, 2 wrong usage, 130 Ctrl-C.")
@connection_options
@request_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def plan(connection: StackConnection, request: dict[str, Any], as_json: bool) -> None:
    """Say what a run would do, how long it would take and what it would cost. Nothing is started.

    Lists the input bucket of the stack, and looks at its outputs: a file is done when its output was
    made with the same parameters and version from the input as it is now.

    \b
    Examples:
      # Everything in the bucket, as the stack would do it by default
      kmeans aws plan
    \b
      # One province, with other parameters, in another account
      kmeans aws plan --stack SamplingUnits-prod --profile survey --prefix ilocos/ --params '{"target_weight": 300}'
    """
    with errors_as_exit_status():
        use_connection(connection)
        outlook = look_ahead(connection.stack, request)
    if as_json:
        click.echo(msgspec.json.encode(outlook))
    else:
        _print(outlook)


def look_ahead(stack: str, request: dict[str, Any]) -> RunOutlook:
    """What a run of ``request``, with the defaults of the stack, would do.

    Raises:
        RunError: the request is wrong, or AWS does not answer as it should.
    """
    from sampling_units.aws.listing import find_files
    from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.
    from sampling_units.runs.cost import FunctionSize, estimate_cost

    deployment = find_deployment(stack)
    settings = deployment.settings
    run = deployment.complete(request, "plan")
    found = find_files(
        deployment.input_bucket, deployment.output_bucket, run.prefix, run.params, n_files=run.n_files, force=run.force
    )
    n_bytes = sum(file.bytes or 0 for file in found.to_do)
    return RunOutlook(
        stack=stack,
        input_bucket=deployment.input_bucket,
        output_bucket=deployment.output_bucket,
        prefix=run.prefix,
        n_found=found.n_found,
        n_done=len(found.done),
        n_stale=found.n_stale,
        n_refused=len(found.refused),
        n_files=len(found.to_do),
        n_bytes=n_bytes,
        estimate=estimate_cost(
            len(found.to_do),
            n_bytes=n_bytes,
            n_done=len(found.done) + found.n_stale,
            max_concurrency=run.max_concurrency,
            function=FunctionSize(
                memory_mb=settings.memory_mb,
                architecture=settings.architecture,
                timeout_minutes=settings.timeout_minutes,
            ),
        ),
    )


def _print(outlook: RunOutlook) -> None:
    from rich.console import Console
    from rich.table import Table

    estimate = outlook.estimate
    table = Table(show_header=False, title=f"A run on {outlook.stack}", title_justify="left")
    table.add_column()
    table.add_column(justify="right")
    table.add_row("input files", f"{outlook.n_found:,}")
    table.add_row("up to date", f"{outlook.n_done:,}")
    table.add_row("out of date", f"{outlook.n_stale:,}")
    if outlook.n_refused:
        table.add_row("refused for their names", f"{outlook.n_refused:,}")
    table.add_section()
    table.add_row("to do", f"{outlook.n_files:,}")
    table.add_row("size", file_size(outlook.n_bytes))
    table.add_row("invocations", f"{estimate.n_batches:,}")
    table.add_row("duration, about", str(timedelta(seconds=math.ceil(estimate.duration_seconds))))
    table.add_row("cost, about", f"${estimate.total_dollars:,.4f}")
    Console().print(table)
    for warning in estimate.warnings:
        click.echo(f"Warning: {warning}.", err=True)
    if outlook.n_found == 0:
        where = f"s3://{outlook.input_bucket}/{outlook.prefix}"
        click.echo(f"There is no {SUFFIXES_IN_WORDS} file in {where}", err=True)
    else:
        click.echo("Nothing was started. Time and cost are estimates for population cells: see docs/cost.md.")
