"""``kmeans aws watch``: follows a run to its end, from any machine."""

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from sampling_units.cli.aws.options import StackConnection, connection_options, stack_option, use_connection
from sampling_units.cli.command_errors import FAILED, PARTLY_FAILED, errors_as_exit_status
from sampling_units.cli.progress_bar import is_on_terminal, progress_bars
from sampling_units.cli.stop_signals import Stopped
from sampling_units.formatting import dollars

if TYPE_CHECKING:
    from sampling_units.cli.aws.deployment import Deployment
    from sampling_units.cli.aws.run_progress import Progress, RunProgress

# Without a terminal the progress is one line from time to time.
_SECONDS_BETWEEN_LINES = 30.0


@click.command(
    epilog="Exit status: 0 all files done, 3 some failed within the tolerance, 1 the run failed or AWS does not "
    "answer, 2 wrong usage, 130 Ctrl-C."
)
@click.argument("run")
@connection_options
@click.option("--json", "as_json", is_flag=True, help="Print how the run ended as JSON, and no progress.")
def watch(run: str, connection: StackConnection, as_json: bool) -> None:
    """Follow the run RUN until it ends, and say how it ended.

    Ctrl-C stops the watching, not the run; watch it again whenever you like, from any machine. When the network is
    lost, the command waits until it is back, up to half an hour.

    \b
    Examples:
      kmeans aws watch run-20261123-093000
      kmeans aws watch ilocos-300 --stack SamplingUnits-prod --profile survey
    """
    with errors_as_exit_status(when_stopped=_how_to_come_back(run, stack_option(connection.stack))):
        use_connection(connection)
        from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        follow_to_the_end(find_deployment(connection.stack), run, as_json=as_json)


def follow_to_the_end(deployment: "Deployment", run: str, *, as_json: bool, is_new: bool = False) -> None:
    """Show the progress of a run, print how it ended, and exit with the status that says so.

    Args:
        is_new: it was started a moment ago; AWS may not know it yet.

    Raises:
        RunError: there is no such run, or AWS does not answer as it should.
    """
    from sampling_units.cli.aws.run_outcome import outcome_of
    from sampling_units.cli.aws.run_progress import RunProgress, describe

    try:
        progress = RunProgress(deployment, run, is_new=is_new)
        _follow(progress, is_quiet=as_json)
        outcome = progress.ask_until_answered(lambda: outcome_of(deployment, run, describe(deployment, run)))
    except Stopped as stopped:
        click.echo(f"\n{_how_to_come_back(run, deployment.stack_option)}", err=True)
        sys.exit(stopped.exit_status)
    outcome.print(as_json=as_json, option=deployment.stack_option)
    if outcome.status != "SUCCEEDED":
        sys.exit(FAILED)
    if outcome.n_failed:
        sys.exit(PARTLY_FAILED)


def _how_to_come_back(run: str, option: str) -> str:
    return f"The run goes on. Come back with: kmeans aws watch {run}{option}"


def _follow(progress: "RunProgress", *, is_quiet: bool) -> None:
    """Wait for the end, with a bar on a terminal and lines elsewhere."""
    if is_quiet or not is_on_terminal():
        said_at = time.monotonic()
        for state in progress.follow():
            if not is_quiet and time.monotonic() - said_at > _SECONDS_BETWEEN_LINES:
                click.echo(_as_text(state), err=True)
                said_at = time.monotonic()
        return
    with progress_bars("files") as bars:
        task = bars.add_task("looking", total=None)
        for state in progress.follow():
            bars.update(task, **_as_bar(state))


def _as_bar(state: "Progress") -> dict[str, Any]:
    """What the bar shows of a state."""
    if state.plan is None:
        return {"description": state.trouble or "listing files", "total": None}
    is_joining = state.n_finished == state.plan.n_files and state.status == "RUNNING"
    failed = f", {state.n_failed:,} failed" if state.n_failed else ""
    description = state.trouble or ("joining results" if is_joining else "clustering")
    return {
        "description": f"{description}{failed}{_rate(state)}, {dollars(state.dollars)}",
        "completed": state.n_finished,
        "total": state.plan.n_files,
    }


def _as_text(state: "Progress") -> str:
    if state.plan is None:
        return state.trouble or "listing files"
    trouble = f" ({state.trouble})" if state.trouble else ""
    return (
        f"{state.n_finished:,} of {state.plan.n_files:,} files, {state.n_failed:,} failed, "
        f"{dollars(state.dollars)} so far{trouble}"
    )


def _rate(state: "Progress") -> str:
    """Files a second; empty before the first ones."""
    if state.seconds_of_clustering <= 0:
        return ""
    return f", {state.n_finished / state.seconds_of_clustering:,.1f} files/s"
