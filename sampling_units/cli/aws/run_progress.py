"""How far a run on AWS is, file by file: from the results that its batches have left so far."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import boto3

from sampling_units.aws.run_folder import batch_outcomes, read_manifest, read_plan, written_results
from sampling_units.cli.aws.deployment import Deployment
from sampling_units.cli.aws.service_errors import translated
from sampling_units.errors import FileMissing, InvalidParameters, StorageUnavailable
from sampling_units.runs import keys
from sampling_units.runs.cost import cost_of_work
from sampling_units.runs.events import Batch, RunPlan

Answer = TypeVar("Answer")

# Each look is a request to Step Functions and a listing of results.
_SECONDS_BETWEEN_LOOKS = 2.0
# Without an answer, before the network is given up.
_SECONDS_OF_PATIENCE = 1800.0
# After a start AWS may take a moment until it knows the run.
_SECONDS_TO_APPEAR = 15.0
# Between the clocks of Step Functions and of the kickoff function.
_CLOCK_SKEW = timedelta(minutes=1)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        status: of the execution: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED.
        plan: what is to be done; None until the input files are listed.
        n_finished, n_failed: files with a result, and the failed ones among them.
        dollars: what that cost, about.
        seconds_of_clustering: since the files were listed.
        trouble: why the last look failed, if it did.
    """

    status: str = "RUNNING"
    plan: RunPlan | None = None
    n_finished: int = 0
    n_failed: int = 0
    dollars: float = 0.0
    seconds_of_clustering: float = 0.0
    trouble: str | None = None


@dataclass
class RunProgress:
    """Looks at a run again and again; what was seen once is not read again."""

    deployment: Deployment
    run: str
    is_new: bool = False
    _progress: Progress = Progress()
    _waiting: dict[int, Batch] = field(default_factory=dict)
    _seconds: float = 0.0

    def follow(self) -> Iterator[Progress]:
        """The progress now, and again every other second until the run has ended. Survives a lost network.

        Raises:
            InvalidParameters: there is no such run.
            AccessDenied: these credentials may not look.
            StorageUnavailable: AWS has not answered for half an hour.
        """
        began = answered = time.monotonic()
        while True:
            try:
                progress = self.look()
                answered = time.monotonic()
            except StorageUnavailable as error:
                if time.monotonic() - answered > _SECONDS_OF_PATIENCE:
                    raise
                progress = replace(self._progress, trouble=str(error))
            except InvalidParameters:
                if not self.is_new or time.monotonic() - began > _SECONDS_TO_APPEAR:
                    raise
                progress = self._progress
            yield progress
            if progress.status != "RUNNING":
                return
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def ask_until_answered(self, ask: Callable[[], Answer]) -> Answer:
        """The answer to a question, asked until the network is back.

        Raises:
            StorageUnavailable: AWS has not answered for half an hour.
        """
        began = time.monotonic()
        while True:
            try:
                return ask()
            except StorageUnavailable:
                if time.monotonic() - began > _SECONDS_OF_PATIENCE:
                    raise
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def look(self) -> Progress:
        """The progress now.

        Raises:
            RunError: as in ``follow``, and StorageUnavailable at the first time.
        """
        described = describe(self.deployment, self.run)
        status = described["status"]
        bucket = self.deployment.output_bucket
        if self._progress.plan is None:
            plan = _plan_since(described["startDate"], bucket, self.run)
            if plan is None:
                self._progress = replace(self._progress, status=status)
                return self._progress
            self._waiting = {batch.batch: batch for batch in read_manifest(plan)}
            self._progress = replace(self._progress, plan=plan)
        self._progress = replace(self._counted(), status=status)
        return self._progress

    def _counted(self) -> Progress:
        """The progress with the results that are new."""
        progress = self._progress
        assert progress.plan is not None
        plan, n_finished, n_failed = progress.plan, progress.n_finished, progress.n_failed
        written = written_results(plan)
        new = [
            batch
            for number, batch in self._waiting.items()
            if keys.result_key(plan.run_id, plan.started_at, number) in written
        ]
        # All of them, before anything is counted: the network may be lost in between.
        for outcome in list(batch_outcomes(plan, new, written)):
            if outcome.results is None:
                continue
            del self._waiting[outcome.batch.batch]
            n_finished += len(outcome.results)
            n_failed += sum(result.failure is not None for result in outcome.results)
            self._seconds += sum(result.seconds or 0.0 for result in outcome.results)
        settings = self.deployment.settings
        dollars = cost_of_work(
            self._seconds,
            n_files=n_finished,
            n_batches=plan.n_batches - len(self._waiting),
            n_done=plan.n_done,
            max_concurrency=plan.max_concurrency,
            memory_mb=settings.memory_mb,
            architecture=settings.architecture,
        )
        since = (datetime.now(UTC) - datetime.fromisoformat(plan.started_at)).total_seconds()
        return replace(progress, n_finished=n_finished, n_failed=n_failed, dollars=dollars, seconds_of_clustering=since)


def _plan_since(start: datetime, bucket: str, run: str) -> RunPlan | None:
    """The plan of the run that began at ``start``; None as long as there is none, or only one of an earlier run."""
    try:
        plan = read_plan(bucket, run)
    except FileMissing:
        return None
    return plan if is_since(plan.started_at, start) else None


def is_since(started_at: str, start: datetime) -> bool:
    """Whether the ``started_at`` of a plan or summary is not older than an execution that began at ``start``.

    An older one is of an earlier run of the same name. One minute is allowed between the clocks.
    """
    return datetime.fromisoformat(started_at) > start - _CLOCK_SKEW


def describe(deployment: Deployment, run: str) -> Any:
    """What Step Functions says of the execution of a run.

    Raises:
        InvalidParameters: there is no such run, or it ended more than 90 days ago.
        AccessDenied, StorageUnavailable: AWS refuses or does not answer.
    """
    with translated(f"run {run} of {deployment.stack}"):
        return boto3.client("stepfunctions").describe_execution(executionArn=deployment.execution_arn(run))
