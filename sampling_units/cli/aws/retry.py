"""``kmeans aws retry``: repeats what failed or never ended in a run, and nothing else."""

import json
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sampling_units import file_names
from sampling_units.cli.aws.options import (
    AfterStart,
    StackConnection,
    after_start_options,
    connection_options,
    use_connection,
)
from sampling_units.cli.aws.start import report_start, start_run
from sampling_units.cli.command_errors import errors_as_exit_status
from sampling_units.errors import LASTING, FileMissing, InvalidInput, InvalidParameters
from sampling_units.formatting import counted, printable
from sampling_units.results import FileResult

if TYPE_CHECKING:
    from sampling_units.cli.aws.deployment import Deployment
    from sampling_units.runs.events import RunPlan
    from sampling_units.runs.summary import RunSummary

# Files that a sentence names.
_NAMED = 5


@click.command(
    epilog="Exit status: 0 started, or nothing to do, 1 it did not start, 2 wrong usage, 130 Ctrl-C; with --watch "
    "that of `kmeans aws watch`."
)
@click.argument("run")
@connection_options
@click.option("--max-concurrency", type=click.IntRange(1, 10_000), help="Invocations at a time.  [default: as before]")
@click.option("--name", help="What to call the new run.  [default: run- and the time]")
@after_start_options
def retry(
    run: str, connection: StackConnection, max_concurrency: int | None, name: str | None, after: AfterStart
) -> None:
    """Repeat the failed and missing files of the run RUN, with the parameters of that run.

    This starts a new run for these files alone; files that were finished since are left out. It works for runs that
    succeeded with some failed files, that failed, or that were stopped, from any machine. If only the
    summary failed, Step Functions repeats that step in the same run (a redrive), once, unless --name is given.

    \b
    Examples:
      kmeans aws retry run-20261123-093000
      kmeans aws retry ilocos-300 --stack SamplingUnits-prod --watch
    """
    with errors_as_exit_status(when_stopped="Stopped. `kmeans aws list` shows whether it had taken effect."):
        use_connection(connection)
        from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        deployment = find_deployment(connection.stack)
        new_run, is_new, text = retry_run(deployment, run, name, max_concurrency)
        if new_run is None:
            outcome = {"run": None, "stack": connection.stack, "started": False, "reason": text}
            click.echo(json.dumps(outcome) if after.as_json else text)
            return
        if not after.as_json:
            click.echo(text)
        report_start(deployment, new_run, after, is_new=is_new)


def retry_run(
    deployment: "Deployment", run: str, name: str | None, max_concurrency: int | None
) -> tuple[str | None, bool, str]:
    """Name of the run that does what is left of ``run``, whether it was started now, and a sentence that says so.

    There is no such run when nothing could come of it.

    Raises:
        InvalidParameters: there is no such run, it is still going on, or there is nothing that could be done again.
        RunError: AWS does not answer as it should.
    """
    from sampling_units.aws.run_folder import read_plan
    from sampling_units.cli.aws.run_outcome import read_summary

    described = _describe_if_known(deployment, run)
    if described is not None and described["status"] == "RUNNING":
        raise InvalidParameters(f"{run} is still going on: wait for its end, or `kmeans aws stop {run}`")
    try:
        plan = read_plan(deployment.output_bucket, run)
    except FileMissing as error:
        if described is None:
            raise InvalidParameters(f"there is no run {run} of {deployment.stack}") from error
        raise InvalidParameters(
            f"{run} sent no files ({described.get('error')}: {described.get('cause')}); start it again"
        ) from error
    if described is not None and name is None and _redrive(described):
        return run, True, f"{run} is taken up where it broke off."
    if described is not None:
        summary = read_summary(deployment.output_bucket, run, described["startDate"])
        reason = None if summary is None else _nothing_to_do(plan, summary)
        if reason is not None:
            return None, False, reason
    request: dict[str, Any] = {
        "retry_of": run,
        "params": msgspec.to_builtins(plan.params),
        "max_concurrency": max_concurrency or plan.max_concurrency,
        "tolerated_failure_percentage": plan.tolerated_failure_percentage,
    }
    new_run, is_new = start_run(deployment, request, name)
    if not is_new:
        return new_run, False, f"{new_run} is retrying it already; nothing was started."
    return new_run, True, f"Started {new_run} for what failed or is missing in {run}."


def _nothing_to_do(plan: "RunPlan", summary: "RunSummary") -> str | None:
    """Why a retry would do nothing, None if it would do something."""
    from sampling_units.aws import s3

    failures = summary.failures
    if not failures:
        return f"Nothing is left to do: no file of {plan.run_id} failed."

    def is_unchanged(result: FileResult) -> bool:
        failure = result.failure
        try:
            file_names.check_filename(result.filename)
        except InvalidInput:
            return True  # It is the name, whatever is in the file.
        if failure is None or failure.error not in LASTING or failure.input_etag is None:
            return False
        try:
            return s3.head(plan.input_bucket, result.filename)["ETag"].strip('"') == failure.input_etag
        except FileMissing:
            return False

    if not all(s3.concurrently(is_unchanged, failures)):
        return None
    names = ", ".join(printable(name) for name in sorted(result.filename for result in failures)[:_NAMED])
    more = f" and {len(failures) - _NAMED:,} more" if len(failures) > _NAMED else ""
    return (
        f"Nothing can be done yet: {counted(len(failures), 'failed file')} of {plan.run_id} would only fail again. "
        f"Repair and upload first: {names}{more}."
    )


def _describe_if_known(deployment: "Deployment", run: str) -> Any:
    """What Step Functions says of a run; None if it has forgotten it, which it does after 90 days."""
    from sampling_units.cli.aws.run_progress import describe

    try:
        return describe(deployment, run)
    except InvalidParameters:
        return None


def _redrive(described: Any) -> bool:
    """Let Step Functions repeat the step that failed, if that was not the clustering; whether it does.

    A run that was stopped or ran out of time within the map is left to a new run: a redrive would repeat whole batches.
    """
    import boto3  # Takes a moment to load.

    from sampling_units.cli.aws.run_outcome import TOO_MANY_FAILED
    from sampling_units.cli.aws.service_errors import translated

    if described["status"] != "FAILED" or described.get("error") == TOO_MANY_FAILED:
        return False
    # Once: what fails again has a lasting cause.
    if described.get("redriveStatus") != "REDRIVABLE" or described.get("redriveCount", 0) > 0:
        return False
    with translated(f"run {described['name']}"):
        boto3.client("stepfunctions").redrive_execution(executionArn=described["executionArn"])
    return True
