"""Reads a run's folder in the output bucket: its plan, its batches, and how each file ended."""

import gzip
import zlib
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from sampling_units import file_names
from sampling_units.aws import s3
from sampling_units.errors import InvalidParameters, NoResult
from sampling_units.results import FileResult
from sampling_units.runs import keys
from sampling_units.runs.events import Batch, RunPlan
from sampling_units.runs.records import BROKEN_RECORD, BatchResult, KnownFiles, decode_progress
from sampling_units.runs.summary import RunSummary

Record = TypeVar("Record")


@dataclass(frozen=True)
class BatchOutcome:
    """A batch of a run with the results of its files, or of the first ones if it has not ended.

    ``results`` is None if there are none, or none yet.
    """

    batch: Batch
    results: list[FileResult] | None


def read_plan(output_bucket: str, run_id: str) -> RunPlan:
    """What the kickoff function decided.

    Raises:
        FileMissing: there is no such run, or its kickoff function did not get that far.
        InvalidParameters: it is a run of another version of this program.
        AccessDenied, BucketMissing, StorageUnavailable: from S3.
    """
    plan = _read(output_bucket, keys.plan_key(run_id), RunPlan)
    if (plan.run_id, plan.output_bucket) != (run_id, output_bucket):
        # A forged plan must not make these credentials read another bucket.
        raise InvalidParameters(f"the plan of {run_id} in {output_bucket} is not its own; start a new run")
    return plan


def read_manifest(plan: RunPlan) -> list[Batch]:
    """The files that were sent."""
    return _read(plan.output_bucket, plan.manifest_key, list[Batch])


def read_known(plan: RunPlan) -> KnownFiles:
    """The files whose result was known before any batch was sent."""
    return _read(plan.output_bucket, keys.known_key(plan.run_id), KnownFiles)


def read_summary(output_bucket: str, run_id: str) -> RunSummary:
    """How a run has ended.

    Raises:
        FileMissing: it has not, or there is no such run.
        InvalidParameters: it is a run of another version of this program.
        AccessDenied, BucketMissing, StorageUnavailable: from S3.
    """
    return _read(output_bucket, keys.summary_key(run_id), RunSummary)


def _read(bucket: str, key: str, shape: type[Record]) -> Record:
    try:
        return msgspec.json.decode(s3.read(bucket, key), type=shape)
    except BROKEN_RECORD as error:
        raise _unreadable(key, error) from error


def _unreadable(key: str, error: Exception) -> InvalidParameters:
    return InvalidParameters(f"{key} is of another version of this program, or broken ({error})")


def results_before(known: KnownFiles) -> Iterator[FileResult]:
    """Results of the files that were done before, with keys and ETags of their outputs; without reports."""
    for filename, output_etag, frame_etag in zip(known.done, known.output_etags, known.frame_etags, strict=True):
        yield FileResult(
            filename=filename,
            output=file_names.output_key(filename),
            output_etag=output_etag,
            frame=file_names.frame_key(filename),
            frame_etag=frame_etag,
        )


def file_results(plan: RunPlan, known: KnownFiles) -> Iterator[FileResult]:
    """The result of each file that was not done before; a file that was sent and has no result counts as failed."""
    yield from known.failed
    for outcome in batch_outcomes(plan, read_manifest(plan), written_results(plan) | _written_progress(plan)):
        results = outcome.results or []
        yield from results
        yield from (_without_result(file.filename, plan.run_id) for file in outcome.batch.files[len(results) :])


def _without_result(filename: str, run_id: str) -> FileResult:
    message = (
        "the function that had this file left no result: out of time or memory, stopped, or not allowed to write it; "
        f"see {keys.executions_prefix(run_id)}"
    )
    return FileResult.failed(filename, NoResult(message, filename=filename))


def decode_files(content: bytes) -> list[FileResult]:
    """The results in ``files.jsonl.gz``, which the summary function writes."""
    try:
        return [msgspec.json.decode(line, type=FileResult) for line in gzip.decompress(content).splitlines()]
    except (*BROKEN_RECORD, OSError, EOFError, zlib.error) as error:
        raise _unreadable("the list of files", error) from error


def written_results(plan: RunPlan) -> set[str]:
    """Keys of the results that exist so far."""
    prefix = keys.results_prefix(plan.run_id, plan.started_at)
    return {found.key for found in s3.list_objects(plan.output_bucket, prefix)}


def _written_progress(plan: RunPlan) -> set[str]:
    """Keys of the notes of interrupted batches."""
    prefix = keys.progress_prefix(plan.run_id, plan.started_at)
    return {found.key for found in s3.list_objects(plan.output_bucket, prefix)}


def batch_outcomes(plan: RunPlan, batches: list[Batch], written: Set[str]) -> Iterator[BatchOutcome]:
    """Each of these batches with what the clustering function wrote about it, of the objects in ``written``."""

    def read(batch: Batch) -> BatchOutcome:
        where = plan.run_id, plan.started_at, batch.batch
        result_key, progress_key = keys.result_key(*where), keys.progress_key(*where)
        filenames = [file.filename for file in batch.files]
        results = None
        if result_key in written:
            results = _decoded(s3.read(plan.output_bucket, result_key), filenames)
        if results is None and progress_key in written:
            progress = decode_progress(s3.read(plan.output_bucket, progress_key), filenames)
            results = None if progress is None else progress.results
        return BatchOutcome(batch, results)

    return s3.concurrently(read, batches)


def _decoded(content: bytes, filenames: list[str]) -> list[FileResult] | None:
    try:
        record = msgspec.json.decode(content, type=BatchResult)
    except BROKEN_RECORD:
        return None
    return record.results if [result.filename for result in record.results] == filenames else None
