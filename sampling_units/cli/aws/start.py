"""``kmeans aws start``: validates a request and starts a run, unless the same one is going on."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from sampling_units import file_names
from sampling_units.cli.aws.options import (
    AfterStart,
    StackConnection,
    after_start_options,
    connection_options,
    request_options,
    use_connection,
)
from sampling_units.cli.command_errors import FAILED, errors_as_exit_status
from sampling_units.cli.stop_signals import Stopped
from sampling_units.errors import InvalidParameters
from sampling_units.formats import SUFFIXES_IN_WORDS
from sampling_units.formatting import counted

if TYPE_CHECKING:
    from sampling_units.cli.aws.deployment import Deployment

_COUNTS = ("n_found", "n_done", "n_unchanged", "n_refused", "n_files", "n_batches", "n_bytes")


@click.command(
    epilog="Exit status: 0 started, going on, or nothing to do, 1 it did not start, 2 wrong usage, 130 Ctrl-C; "
    "with --watch that of `kmeans aws watch`."
)
@connection_options
@request_options
@click.option("--name", help="What to call the run.  [default: run- and the time]")
@after_start_options
def start(connection: StackConnection, request: dict[str, Any], name: str | None, after: AfterStart) -> None:
    """Start a run: every file of the input bucket that is not up to date. Its name is printed.

    A wrong request is refused before anything starts. While a run with the same request is going on, no second one is
    started. The run goes on without this command: follow it with `kmeans aws watch NAME`.

    \b
    Examples:
      # Everything in the bucket, as the stack does it by default
      kmeans aws start
    \b
      # One province with other parameters and a name of its own; follow it to its end
      kmeans aws start --prefix ilocos/ --params '{"target_weight": 300}' --name ilocos-300 --watch
    """
    with errors_as_exit_status(when_stopped="Stopped. `kmeans aws list` shows whether it had taken effect."):
        use_connection(connection)
        from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        deployment = find_deployment(connection.stack)
        deployment.complete(request, name if name is not None else "new")
        _require_files(deployment, request.get("prefix", ""))
        run_name, is_new = start_run(deployment, request, name)
        if not after.as_json:
            going_on = f"{run_name} is going on with the same request; nothing was started."
            click.echo(f"Started {run_name}." if is_new else going_on)
        report_start(deployment, run_name, after, is_new=is_new)


def _require_files(deployment: "Deployment", prefix: str) -> None:
    """Refuse a run without any file: most likely the prefix is mistyped.

    Raises:
        InvalidParameters: there is no file to cluster under the prefix.
    """
    from sampling_units.aws import s3

    if not any(file_names.is_input(found.key) for found in s3.list_objects(deployment.input_bucket, prefix)):
        where = f"s3://{deployment.input_bucket}/{prefix}"
        raise InvalidParameters(f"there is no {SUFFIXES_IN_WORDS} file in {where}")


def report_start(deployment: "Deployment", run: str, after: AfterStart, *, is_new: bool) -> None:
    """After a run was started: say what there is to do once its files are listed, or follow it to its end."""
    from sampling_units.cli.aws.watch import follow_to_the_end

    if after.is_followed:
        follow_to_the_end(deployment, run, as_json=after.as_json, is_new=is_new)
        return
    counts = _listed(deployment, run, is_quiet=after.as_json) if after.wait else {}
    if after.as_json:
        click.echo(json.dumps({"run": run, "stack": deployment.stack, "started": is_new, **counts}))
        return
    if counts:
        unchanged = f"{counts['n_unchanged']:,} unchanged since they failed, " if counts["n_unchanged"] else ""
        refused = f"{counts['n_refused']:,} refused for their names, " if counts["n_refused"] else ""
        click.echo(
            f"{counted(counts['n_found'], 'file')} found, {counts['n_done']:,} up to date, {unchanged}{refused}"
            f"{counts['n_files']:,} to do in {counted(counts['n_batches'], 'batch', 'batches')}."
        )
        if counts["n_files"] == 0:
            click.echo("Nothing is to be done; only the report is made again.")
    click.echo(f"Follow it: kmeans aws watch {run}{deployment.stack_option}")


def _listed(deployment: "Deployment", run: str, *, is_quiet: bool) -> dict[str, int]:
    """What a run has found, as soon as it knows; empty if the user stops waiting."""
    from sampling_units.cli.aws.run_progress import RunProgress, describe

    if not is_quiet:
        click.echo("Listing the files; Ctrl-C leaves the run alone.", err=True)
    try:
        for progress in RunProgress(deployment, run, is_new=True).follow():
            if progress.plan is not None:
                plan = progress.plan
                return {name: getattr(plan, name) for name in _COUNTS}
    except Stopped:
        return {}
    described = describe(deployment, run)
    reason = ": ".join(described[name] for name in ("error", "cause") if described.get(name))
    click.echo(f"{run} has ended as {described['status']} ({reason}).", err=True)
    sys.exit(FAILED)


def start_run(deployment: "Deployment", request: dict[str, Any], name: str | None) -> tuple[str, bool]:
    """Name of the run of a request, and whether it was started now.

    Raises:
        InvalidParameters: the request is wrong, or its name is taken.
        RunError: AWS does not answer as it should.
    """
    import boto3  # Takes a moment to load.

    from sampling_units.cli.aws.execution import Execution
    from sampling_units.cli.aws.service_errors import translated

    wanted = name if name is not None else f"run-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    deployment.complete(request, wanted)
    client = boto3.client("stepfunctions")
    with translated(f"the state machine of {deployment.stack}"):
        for running in _running(client, deployment.state_machine_arn):
            started = json.loads(client.describe_execution(executionArn=running["executionArn"])["input"])
            if _is_same(deployment, started, request):
                return str(running["name"]), False
        try:
            Execution.start(client, deployment.state_machine_arn, wanted, request)
        except client.exceptions.ExecutionAlreadyExists as error:
            raise InvalidParameters(f"there was a run called {wanted} already; choose another --name") from error
    return wanted, True


def _is_same(deployment: "Deployment", started: Any, request: dict[str, Any]) -> bool:
    """Whether two requests mean the same, with the defaults of the stack."""
    try:
        return deployment.complete(started, "same") == deployment.complete(request, "same")
    except InvalidParameters:
        return False  # The kickoff function reports what is wrong with it.


def _running(client: Any, state_machine_arn: str) -> Any:
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=state_machine_arn, statusFilter="RUNNING")
    return (execution for page in pages for execution in page["executions"])
