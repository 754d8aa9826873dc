"""How far a run on AWS is, file by file: from the results that its batches have left so far."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import boto3

from cli.aws.deployment import Deployment
from cli.aws.service_errors import translated
from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.cost_model import cost_of_work
from lambdas.contract.errors import FileMissing, StorageUnavailable
from lambdas.contract.events import Batch, RunPlan
from lambdas.run_records import batch_outcomes, read_manifest, read_plan

# Each look is a request to Step Functions and a listing of results.
_SECONDS_BETWEEN_LOOKS = 2.0
# Looks without an answer before the network is given up: half an hour.
_PATIENCE = 900


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        status: of the execution: RUNNING, SUCCEEDED, FAILED, TIMED_OUT, ABORTED.
        plan: what is to be done; None until the input files are listed.
        n_finished, n_failed: files with a result, and the failed ones among them.
        dollars: what that cost, about.
        trouble: why the last look found nothing new, if it did not.
    """

    status: str = "RUNNING"
    plan: RunPlan | None = None
    n_finished: int = 0
    n_failed: int = 0
    dollars: float = 0.0
    trouble: str | None = None


@dataclass
class RunProgress:
    """Looks at a run again and again; what was seen once is not read again."""

    deployment: Deployment
    run: str
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
        n_silent = 0
        while True:
            try:
                progress = self.look()
                n_silent = 0
            except StorageUnavailable as error:
                n_silent += 1
                if n_silent > _PATIENCE:
                    raise
                progress = replace(self._progress, trouble=str(error))
            yield progress
            if progress.status != "RUNNING":
                return
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def look(self) -> Progress:
        """The progress now.

        Raises:
            RunError: as in ``follow``, and StorageUnavailable at the first time.
        """
        status = describe(self.deployment, self.run)["status"]
        bucket = self.deployment.output_bucket
        if self._progress.plan is None:
            try:
                plan = read_plan(bucket, self.run)
            except FileMissing:
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
        written = {found.key for found in s3.list_objects(plan.output_bucket, keys.results_prefix(plan.run_id))}
        new = [batch for number, batch in self._waiting.items() if keys.result_key(plan.run_id, number) in written]
        for outcome in batch_outcomes(plan, new, written):
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
        return replace(progress, n_finished=n_finished, n_failed=n_failed, dollars=dollars)


def describe(deployment: Deployment, run: str) -> Any:
    """What Step Functions says of the execution of a run.

    Raises:
        InvalidParameters: there is no such run, or it is more than 90 days ago.
        AccessDenied, StorageUnavailable: the account does not tell.
    """
    with translated(f"run {run} of {deployment.stack}"):
        return boto3.client("stepfunctions").describe_execution(executionArn=deployment.execution_arn(run))
