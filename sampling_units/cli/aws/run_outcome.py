"""How a run on AWS has ended, as text and as JSON."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
import msgspec

from sampling_units.aws import run_folder
from sampling_units.cli.aws.deployment import Deployment
from sampling_units.cli.aws.run_progress import is_since
from sampling_units.errors import FileMissing, OutputReplaced
from sampling_units.formatting import counted, dollars, duration, printable
from sampling_units.results import FileResult
from sampling_units.runs.summary import RunSummary

# How a run ends that came to its end with more failed files than it tolerates.
TOO_MANY_FAILED = "ToleratedFailuresExceeded"
# Of each error.
_SHOWN_FAILURES = 3


@dataclass(frozen=True)
class RunOutcome:
    """How a run has ended.

    Attributes:
        run: its name.
        status: of the execution.
        error, cause: why it did not succeed.
        summary: content of ``summary.json``; None if the run never came so far.
    """

    run: str
    status: str
    error: str | None
    cause: str | None
    summary: RunSummary | None

    @property
    def n_failed(self) -> int:
        return self.summary.n_failed if self.summary is not None else 0

    def print(self, *, as_json: bool, option: str) -> None:
        """Figures on standard output, failures and what to do about them on standard error.

        Args:
            as_json: all of it as JSON on standard output instead.
            option: what to add to commands for this stack.
        """
        if as_json:
            click.echo(msgspec.json.encode(self))
            return
        if self.summary is not None:
            click.echo(_figures(self.summary))
            if self.summary.report_error:
                click.echo(printable(f"Joined frame or report are missing: {self.summary.report_error}"), err=True)
            for line in failures_by_error(self.summary.failures):
                click.echo(line, err=True)
            codes = {result.failure.error for result in self.summary.failures if result.failure is not None}
            if codes - {OutputReplaced.__name__}:
                click.echo(f"Once they are repaired: kmeans aws retry {self.run}{option}", err=True)
            if OutputReplaced.__name__ in codes:
                replaced = "What another run replaced is of that run now; to put that of this run in its place"
                click.echo(f"{replaced}: kmeans aws retry {self.run}{option}", err=True)
            click.echo(f"Report: kmeans aws report {self.run}{option}")
        if self.status != "SUCCEEDED":
            click.echo(printable(f"{self.run} has ended as {self.status}{self._reason()}."), err=True)
        if self.status != "SUCCEEDED" and self.summary is None:
            click.echo(f"Do what is left: kmeans aws retry {self.run}{option}", err=True)

    def _reason(self) -> str:
        if self.error == TOO_MANY_FAILED and self.summary is not None:
            n_all = self.summary.n_files + self.summary.n_done
            tolerated = f"{self.summary.tolerated_failure_percentage:g} %"
            return f" ({self.n_failed:,} of {counted(n_all, 'file')} failed, more than the {tolerated} tolerated)"
        reason = ": ".join(text for text in (self.error, self.cause) if text)
        return f" ({reason})" if reason else ""


def outcome_of(deployment: Deployment, run: str, described: Any) -> RunOutcome:
    """How a run has ended, from what Step Functions says of it and from its summary."""
    summary = read_summary(deployment.output_bucket, run, described["startDate"])
    return RunOutcome(run, described["status"], described.get("error"), described.get("cause"), summary)


def read_summary(bucket: str, run: str, start: datetime) -> RunSummary | None:
    """The summary of the run of that name that was started then, None if it has none.

    Raises:
        InvalidParameters: it is one of another version, or broken.
        AccessDenied, StorageUnavailable: from S3.
    """
    try:
        summary = run_folder.read_summary(bucket, run)
    except FileMissing:
        return None
    return summary if is_since(summary.started_at, start) else None


def failures_by_error(failures: list[FileResult]) -> Iterator[str]:
    """Lines for people: each error with its number of files and the first of them."""
    groups: dict[str, list[str]] = defaultdict(list)
    for result in failures:
        if result.failure is not None:
            groups[result.failure.error].append(result.failure.message)
    for error, messages in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        yield f"{error}: {counted(len(messages), 'file')}"
        yield from (f"  {printable(message)}" for message in messages[:_SHOWN_FAILURES])
        if len(messages) > _SHOWN_FAILURES:
            yield f"  and {len(messages) - _SHOWN_FAILURES:,} more, all in summary.json and in the report"


def _figures(summary: RunSummary) -> str:
    return (
        f"{counted(summary.n_succeeded, 'file')} clustered, {summary.n_done:,} were up to date, "
        f"{summary.n_failed:,} failed, in {duration(summary.duration_seconds)} for about "
        f"{dollars(summary.dollars)}. {counted(summary.n_rows, 'row')} are in "
        f"{counted(summary.n_clusters, 'cluster')}, {summary.n_in_range:,} of them inside the weight range."
    )
