"""Clusters the files of one request from bucket to bucket. A bad file does not affect the others."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import msgspec
import pyarrow as pa

import kmeans
from lambdas.clustering.batch_records import BatchRecords
from lambdas.storage.bucket import Bucket
from sampling_units import file_names, memory
from sampling_units.cores import available_cores
from sampling_units.errors import BatchUnfinished, FileTooLarge, InternalError, RunError
from sampling_units.job import Sinks, cluster_file
from sampling_units.parameters import RunParameters
from sampling_units.results import FileResult
from sampling_units.runs import keys
from sampling_units.runs.events import ClusteringRequest, FileItem
from sampling_units.runs.work_time import BYTES_PER_CELL, MEGABYTES_PER_VCPU, working_seconds

logger = logging.getLogger(__name__)

# Left free at the end of an invocation, to write the results even when S3 answers slowly.
_RESERVED_SECONDS = 10.0
# A file may take this many times the expected seconds.
_SAFETY_FACTOR = 4.0


@dataclass(frozen=True)
class InvocationOutcome:
    """Results of the files in order, and the names of the files for which there was no time."""

    results: list[FileResult]
    not_started: list[str]


def run_batch(
    request: ClusteringRequest, remaining_seconds: Callable[[], float], memory_mb: int = MEGABYTES_PER_VCPU
) -> InvocationOutcome:
    """Cluster the files of the request, at least one and as many as there is time for.

    If the request belongs to a run, the results are also written to the run's folder in the output bucket; the summary
    takes a batch for finished once that object is there. An interrupted batch goes on after the files that are known to
    be done; a file at which the function crashed repeatedly counts as failed.

    Args:
        request: what to do.
        remaining_seconds: until Lambda ends the invocation.
        memory_mb: memory of the function.

    Raises:
        BatchUnfinished: the request belongs to a run, and files are left for the next invocation.
    """
    _load_kernels()
    source, target = Bucket(request.input_bucket), Bucket(request.output_bucket)
    records = BatchRecords(target, request)
    results = records.earlier_results()
    files = request.items[len(results) :]
    for number, file in enumerate(files):
        if number > 0 and remaining_seconds() < _seconds_for(file, memory_mb):
            break
        records.begin(file.filename, results)
        results.append(_run_file(file.filename, source, target, request.params))
    not_started = [file.filename for file in request.items[len(results) :]]
    records.end(results, is_complete=not not_started)
    if not_started and request.run_id is not None:
        raise BatchUnfinished(f"there was no time for {len(not_started)} of {len(request.items)} files")
    return InvocationOutcome(results, not_started)


def _seconds_for(file: FileItem, memory_mb: int) -> float:
    """The seconds that must be left for a file to be started."""
    return _RESERVED_SECONDS + _SAFETY_FACTOR * working_seconds(1, (file.bytes or 0) / BYTES_PER_CELL, memory_mb)


@cache
def _load_kernels() -> None:
    """Load slow libraries and compiled kernels, once and in the background, while the first file is downloaded."""
    threading.Thread(target=_load).start()


def _load() -> None:
    import pyarrow.compute  # noqa: F401

    kmeans.warm_up()


def _run_file(filename: str, source: Bucket, target: Bucket, params: RunParameters) -> FileResult:
    started = time.perf_counter()
    try:
        result = _cluster_object(filename, source, target, params)
    except RunError as error:
        result = FileResult.failed(filename, error)
    except MemoryError:
        result = FileResult.failed(filename, memory.exceeded(filename))
    except Exception as error:
        # A defect that one file reveals must not cost the other files their results.
        logger.exception("unexpected error", extra={"clustered_file": filename})
        result = FileResult.failed(filename, InternalError(repr(error), filename=filename))
    if result.failure is not None and result.failure.error == FileTooLarge.__name__:
        memory.release_free_memory()  # Not inside `except`: there the error still holds the arrays.
    result = msgspec.structs.replace(result, seconds=round(time.perf_counter() - started, 4))
    if result.failure is None:
        logger.info("clustered", extra={"clustered_file": filename, "seconds": result.seconds})
    else:
        logger.warning(result.failure.message, extra={"clustered_file": filename, "code": result.failure.error})
    return result


def _cluster_object(filename: str, source: Bucket, target: Bucket, params: RunParameters) -> FileResult:
    file_names.check_filename(filename)
    stored = source.read(filename, check_size=partial(memory.require_room_for, filename))
    sinks = Sinks(clustered=pa.BufferOutputStream(), frame=pa.BufferOutputStream())
    try:
        report = cluster_file(pa.BufferReader(stored.content), filename, stored.etag, params, sinks, available_cores())
    except RunError as error:
        # A retry of the run leaves out files that have not changed since.
        error.where["input_etag"] = stored.etag
        raise
    output, frame = file_names.output_key(filename), file_names.frame_key(filename)
    metadata = {keys.FINGERPRINT_METADATA: params.fingerprint(), keys.INPUT_ETAG_METADATA: stored.etag}
    # The clustered file is written last: it marks the file as done, and names the frame that belongs to it.
    frame_etag = target.write(frame, sinks.frame.getvalue().to_pybytes(), metadata)
    metadata[keys.FRAME_ETAG_METADATA] = frame_etag
    output_etag = target.write(output, sinks.clustered.getvalue().to_pybytes(), metadata)
    return FileResult(
        filename=filename, output=output, frame=frame, output_etag=output_etag, frame_etag=frame_etag, report=report
    )
