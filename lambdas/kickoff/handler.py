"""Entry point of the kickoff function: finds the files to cluster, writes the manifest of batches, returns the plan."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from lambdas.kickoff.batching import pack
from sampling_units.aws import s3
from sampling_units.aws.listing import EarlierFiles, find_files
from sampling_units.aws.run_folder import file_results, read_known, read_plan
from sampling_units.errors import LASTING, FileMissing, InvalidEvent
from sampling_units.results import FileResult
from sampling_units.runs import keys
from sampling_units.runs.batch_size import BatchLimits
from sampling_units.runs.events import MIN_TOLERATED_BATCHES, RunPlan, RunRequest, parse_event
from sampling_units.runs.records import KnownFiles
from sampling_units.runs.settings import Settings


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a run request with a ``RunPlan``.

    Raises:
        InvalidEvent, InvalidParameters, AccessDenied, BucketMissing, StorageUnavailable: nothing was started.
    """
    started_at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    settings = Settings.from_environment()
    request = parse_event(settings.complete_run(event), RunRequest)
    limits = BatchLimits.of(settings.deployment.memory_mb, settings.deployment.timeout_minutes)
    input_bucket, output_bucket = settings.buckets(request.input_bucket, request.output_bucket)
    return msgspec.to_builtins(plan_run(request, input_bucket, output_bucket, limits, started_at))  # type: ignore[no-any-return]


def _tolerated_batches(request: RunRequest, n_batches: int) -> float:
    """The percentage of batches that may fail. Where there are few batches, one crash must not stop the others."""
    smallest = 100 * MIN_TOLERATED_BATCHES / n_batches if n_batches else 100.0
    return min(100.0, max(request.tolerated_failure_percentage, smallest))


def plan_run(
    request: RunRequest, input_bucket: str, output_bucket: str, limits: BatchLimits, started_at: str
) -> RunPlan:
    """List the files, skip those that are done, pack the others into batches and write the manifest."""
    earlier = _EarlierRun() if request.retry_of is None else _earlier_run(output_bucket, request)
    found = find_files(
        input_bucket,
        output_bucket,
        request.prefix,
        request.params,
        n_files=request.n_files,
        force=request.force,
        only=earlier.files,
    )
    # The seconds of the earlier run do not count for this one.
    unchanged = [msgspec.structs.replace(earlier.failed[name], seconds=None) for name in found.unchanged]
    known = KnownFiles(
        done=[file.filename for file in found.done],
        failed=unchanged + found.refused,
        output_etags=[file.output_etag for file in found.done],
        frame_etags=[file.frame_etag for file in found.done],
    )
    batches = pack(found.to_do, request.max_concurrency, limits)
    plan = RunPlan(
        run_id=request.run_id,
        started_at=started_at,
        input_bucket=input_bucket,
        output_bucket=output_bucket,
        prefix=request.prefix,
        manifest_key=keys.manifest_key(request.run_id),
        n_found=found.n_found,
        n_done=len(found.done),
        n_unchanged=len(found.unchanged),
        n_refused=len(found.refused),
        n_files=len(found.to_do),
        n_batches=len(batches),
        n_bytes=sum(file.bytes or 0 for file in found.to_do),
        max_concurrency=request.max_concurrency,
        tolerated_failure_percentage=request.tolerated_failure_percentage,
        tolerated_batch_percentage=_tolerated_batches(request, len(batches)),
        fingerprint=request.params.fingerprint(),
        params=request.params,
        retry_of=request.retry_of,
    )
    s3.write_json(output_bucket, keys.known_key(request.run_id), msgspec.json.encode(known))
    s3.write_json(output_bucket, plan.manifest_key, msgspec.json.encode(batches))
    s3.write_json(output_bucket, keys.plan_key(request.run_id), msgspec.json.encode(plan))
    return plan


@dataclass(frozen=True)
class _EarlierRun:
    """What is known from the run that is retried; empty if there is none.

    Attributes:
        files: its files, and how they ended.
        failed: results of those that are not done.
    """

    files: EarlierFiles | None = None
    failed: dict[str, FileResult] = field(default_factory=dict)


def _earlier_run(output_bucket: str, request: RunRequest) -> _EarlierRun:
    run_id = request.retry_of or ""
    try:
        plan = read_plan(output_bucket, run_id)
    except FileMissing as error:
        raise InvalidEvent(f"`retry_of`: there is no run {run_id}, or it sent no files") from error
    if plan.fingerprint != request.params.fingerprint():
        raise InvalidEvent(
            f"`retry_of`: {run_id} had other parameters, or the deployment has another version since; start a new run"
        )
    known = read_known(plan)
    done, failed = set(known.done), {}
    for result in file_results(plan, known):
        if not result.filename.startswith(request.prefix):
            continue
        if result.failure is None:
            done.add(result.filename)
        else:
            failed[result.filename] = result
    etags = {
        name: result.failure.input_etag if result.failure is not None and result.failure.error in LASTING else None
        for name, result in failed.items()
    }
    return _EarlierRun(EarlierFiles({name for name in done if name.startswith(request.prefix)}, etags), failed)
