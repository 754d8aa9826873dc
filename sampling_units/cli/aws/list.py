"""``kmeans aws list``: the runs of a stack, newest first."""

import itertools
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sampling_units.cli.aws.options import StackConnection, connection_options, use_connection
from sampling_units.cli.command_errors import errors_as_exit_status
from sampling_units.errors import InvalidParameters
from sampling_units.formatting import dollars, duration

if TYPE_CHECKING:
    from sampling_units.cli.aws.deployment import Deployment

# From the summary of a run, None where it has none.
_FIGURES = ("n_succeeded", "n_done", "n_failed", "dollars")
_HEADINGS = ("run", "status", "started (UTC)", "took", "clustered", "before", "failed", "cost")
_N_TEXTS = 3


@click.command("list", epilog="Exit status: 0 done, 1 AWS does not answer as it should, 2 wrong usage, 130 Ctrl-C.")
@connection_options
@click.option("--n", "n_runs", type=click.IntRange(1), default=20, show_default=True, help="At most so many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(connection: StackConnection, n_runs: int, as_json: bool) -> None:
    """List the runs of the last 90 days, newest first: how they ended, and what came out.

    \b
    Examples:
      kmeans aws list
      kmeans aws list --stack SamplingUnits-prod --n 5 --json
    """
    with errors_as_exit_status():
        use_connection(connection)
        from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        runs = list_runs(find_deployment(connection.stack), n_runs)
    if as_json:
        click.echo(json.dumps(runs))
    elif runs:
        _print(runs)
    else:
        click.echo(f"{connection.stack} has had no run in the last 90 days. Start one: kmeans aws start")


def list_runs(deployment: "Deployment", n_runs: int) -> list[dict[str, Any]]:
    """The newest runs: name, status, start, seconds, and from those that came to their end the files and dollars.

    Raises:
        RunError: AWS does not answer as it should.
    """
    import boto3  # Takes a moment to load.

    from sampling_units.cli.aws.service_errors import translated

    client = boto3.client("stepfunctions")
    with translated(f"the state machine of {deployment.stack}"):
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=deployment.state_machine_arn)
        executions = itertools.islice((execution for page in pages for execution in page["executions"]), n_runs)
        return [_described(deployment.output_bucket, execution) for execution in executions]


def _described(output_bucket: str, execution: Any) -> dict[str, Any]:
    from sampling_units.cli.aws.run_outcome import read_summary

    ended = execution.get("stopDate", datetime.now(UTC))
    run = {
        "run": execution["name"],
        "status": execution["status"],
        "started_at": f"{execution['startDate'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "seconds": round((ended - execution["startDate"]).total_seconds(), 1),
    }
    summary = None
    if execution["status"] != "RUNNING":
        # One of another version has no figures here, and hides no other run.
        with suppress(InvalidParameters):
            summary = read_summary(output_bucket, execution["name"], execution["startDate"])
    return run | {name: getattr(summary, name, None) for name in _FIGURES}


def _print(runs: list[dict[str, Any]]) -> None:
    """A table on a terminal, lines with tabs in a pipe."""
    if not sys.stdout.isatty():
        for row in (_HEADINGS, *map(_cells, runs)):
            click.echo("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if number < _N_TEXTS else "right", no_wrap=True)
    for run in runs:
        table.add_row(*_cells(run))
    console = Console()
    # A name that is cut off cannot be copied: better a line that wraps.
    console.width = max(console.width, console.measure(table).maximum)
    console.print(table)


def _cells(run: dict[str, Any]) -> list[str]:
    counts = ["-" if run[name] is None else f"{run[name]:,}" for name in _FIGURES[:-1]]
    cost = "-" if run["dollars"] is None else dollars(run["dollars"])
    started_at = run["started_at"][:16].replace("T", " ")
    return [run["run"], run["status"], started_at, duration(run["seconds"]), *counts, cost]
