"""``kmeans aws watch``: follows a run to its end, from any machine."""

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from cli.aws.options import choose_account, stack_options
from cli.command_errors import FAILED, errors_as_exit_status
from cli.stop_signals import Stopped

if TYPE_CHECKING:
    from cli.execution import Execution

# Files failed, but not more than the run tolerates.
_PARTLY_FAILED = 3
_SHOWN_FAILURES = 20


@click.command(
    epilog="Exit status: 0 all files done, 3 some failed within the tolerance, 1 the run failed, 130 Ctrl-C."
)
@click.argument("run")
@stack_options
@click.option("--json", "as_json", is_flag=True, help="Print what the run answers as JSON, and no progress.")
def watch(
    run: str, stack: str, profile: str | None, region: str | None, endpoint_url: str | None, as_json: bool
) -> None:
    """Follow the run RUN until it ends, and say how it ended.

    Ctrl-C stops the watching, not the run; watch it again whenever you like, from any machine.

    \b
    Examples:
      kmeans aws watch run-20261123-093000
      kmeans aws watch ilocos-300 --stack SamplingUnits-prod --profile survey
    """
    with errors_as_exit_status():
        choose_account(profile, region, endpoint_url)
        import boto3  # Takes a moment to load.

        from cli.aws.deployment import find_deployment
        from cli.aws.service_errors import translated
        from cli.execution import Execution

        deployment = find_deployment(stack)
        execution = Execution(boto3.client("stepfunctions"), deployment.execution_arn(run))
        try:
            with translated(f"run {run} of {stack}"):
                _follow(execution, is_shown=not as_json and sys.stderr.isatty())
                described = execution.describe()
        except Stopped as stopped:
            click.echo(f"\nThe run goes on. Come back with: kmeans aws watch {run} --stack {stack}", err=True)
            sys.exit(stopped.exit_status)
        answer = _answer(deployment.output_bucket, run, described)
    if as_json:
        click.echo(json.dumps(answer))
    else:
        _print(run, answer)
    if answer["status"] != "SUCCEEDED":
        sys.exit(FAILED)
    if answer["summary"]["n_failed"]:
        sys.exit(_PARTLY_FAILED)


def _follow(execution: "Execution", *, is_shown: bool) -> None:
    """Wait for the end, with a bar if somebody looks."""
    if not is_shown:
        for _ in execution.progress():
            pass
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("listing files", total=None)
        for n_finished, n_batches in execution.progress():
            known = n_batches is not None
            progress.update(task, completed=n_finished, total=n_batches, description="batches" if known else None)


def _answer(bucket: str, run: str, described: Any) -> dict[str, Any]:
    """How the run ended, with its summary if it came so far."""
    from lambdas import s3
    from lambdas.contract import keys
    from lambdas.contract.errors import FileMissing

    answer = {
        "run": run,
        "status": described["status"],
        "error": described.get("error"),
        "cause": described.get("cause"),
    }
    if described["status"] == "SUCCEEDED":
        return answer | {"summary": json.loads(described["output"])}
    # The summary of a nation is large; that of a success need not be read.
    try:
        summary = json.loads(s3.read(bucket, keys.summary_key(run)))
        del summary["files"]
    except FileMissing:
        summary = None
    return answer | {"summary": summary}


def _print(run: str, answer: dict[str, Any]) -> None:
    summary = answer["summary"]
    if summary is not None:
        click.echo(
            f"{summary['n_succeeded']:,} files clustered, {summary['n_done']:,} were up to date, "
            f"{summary['n_failed']:,} failed. {summary['n_rows']:,} rows are in {summary['n_clusters']:,} clusters, "
            f"{summary['n_in_range']:,} of them inside the weight range."
        )
        for failure in _shown(summary["failures"], summary["n_failed"]):
            click.echo(f"  {failure}", err=True)
    if answer["status"] != "SUCCEEDED":
        reason = ": ".join(text for text in (answer["error"], answer["cause"]) if text)
        click.echo(f"{run} has ended as {answer['status']}{f' ({reason})' if reason else ''}.", err=True)


def _shown(failures: list[dict[str, Any]], n_failed: int) -> Iterator[str]:
    from cli.readable import printable

    for failed in failures[:_SHOWN_FAILURES]:
        yield printable(f"{failed['failure']['error']}: {failed['failure']['message']}")
    if n_failed > _SHOWN_FAILURES:
        yield f"and {n_failed - _SHOWN_FAILURES:,} more, all in summary.json"
