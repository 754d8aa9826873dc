"""``kmeans aws list``: the runs of a stack, newest first."""

import itertools
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from cli.aws.options import choose_account, stack_options
from cli.command_errors import errors_as_exit_status

if TYPE_CHECKING:
    from cli.aws.deployment import Deployment


@click.command("list", epilog="Exit status: 0 done, 1 AWS does not answer as it should, 2 wrong usage.")
@stack_options
@click.option("--n", "n_runs", type=click.IntRange(1), default=20, show_default=True, help="At most so many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def list_(
    stack: str, profile: str | None, region: str | None, endpoint_url: str | None, n_runs: int, as_json: bool
) -> None:
    """List the runs of the last 90 days, newest first: how they ended, and what came out.

    \b
    Examples:
      kmeans aws list
      kmeans aws list --stack SamplingUnits-prod --n 5 --json
    """
    with errors_as_exit_status():
        choose_account(profile, region, endpoint_url)
        from cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        runs = list_runs(find_deployment(stack), n_runs)
    if as_json:
        click.echo(json.dumps(runs))
    elif runs:
        _print(runs)
    else:
        click.echo(f"{stack} has had no run in the last 90 days. Start one: kmeans aws start")


def list_runs(deployment: "Deployment", n_runs: int) -> list[dict[str, Any]]:
    """The newest runs: name, status, start, seconds, and from those that came to their end the files and dollars.

    Raises:
        RunError: AWS does not answer as it should.
    """
    import boto3  # Takes a moment to load.

    from cli.aws.service_errors import translated

    client = boto3.client("stepfunctions")
    with translated(f"the state machine of {deployment.stack}"):
        pages = client.get_paginator("list_executions").paginate(stateMachineArn=deployment.state_machine_arn)
        executions = itertools.islice((execution for page in pages for execution in page["executions"]), n_runs)
        return [_described(client, execution) for execution in executions]


def _described(client: Any, execution: Any) -> dict[str, Any]:
    ended = execution.get("stopDate", datetime.now(UTC))
    run = {
        "run": execution["name"],
        "status": execution["status"],
        "started_at": f"{execution['startDate'].astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "seconds": round((ended - execution["startDate"]).total_seconds()),
    }
    if execution["status"] != "SUCCEEDED":
        return run
    summary = json.loads(client.describe_execution(executionArn=execution["executionArn"])["output"])
    return run | {name: summary[name] for name in ("n_succeeded", "n_done", "n_failed", "dollars")}


def _print(runs: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    from cli.cluster.summary_text import duration

    table = Table()
    table.add_column("run", overflow="fold")
    for heading in ("status", "started (UTC)"):
        table.add_column(heading)
    for heading in ("took", "clustered", "up to date", "failed", "cost"):
        table.add_column(heading, justify="right")
    for run in runs:
        counts = [f"{run[name]:,}" if name in run else "-" for name in ("n_succeeded", "n_done", "n_failed")]
        cost = f"${run['dollars']:,.2f}" if "dollars" in run else "-"
        started_at = run["started_at"][:16].replace("T", " ")
        table.add_row(run["run"], run["status"], started_at, duration(run["seconds"]), *counts, cost)
    Console().print(table)
