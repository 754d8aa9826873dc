"""Clusters the files of one request from bucket to bucket. One bad file never harms its neighbours."""

import logging
import threading
import time
from functools import cache

import msgspec
import pyarrow as pa

import kmeans
from lambdas.clustering.file_job import Sinks, cluster_file
from lambdas.contract import keys
from lambdas.contract.errors import InternalError, RunError
from lambdas.contract.events import ClusteringRequest
from lambdas.contract.parameters import RunParameters
from lambdas.contract.results import BatchResult, FileResult
from lambdas.cores import available_cores
from lambdas.object_store import Bucket

logger = logging.getLogger(__name__)


def run_batch(request: ClusteringRequest) -> list[FileResult]:
    """Cluster every file of the request; one result a file, in order.

    When the request belongs to a run the results are also written to the run's folder in the output bucket: that
    object is what the summary counts as the end of the batch.
    """
    _load_kernels()
    source, target = Bucket(request.input_bucket), Bucket(request.output_bucket)
    results = [_run_file(filename, source, target, request.params) for filename in request.filenames]
    if request.run_id is not None and request.started_at is not None and request.batch is not None:
        key = keys.result_key(request.run_id, request.started_at, request.batch)
        target.write(key, msgspec.json.encode(BatchResult(results=results)))
    return results


@cache
def _load_kernels() -> None:
    """Begin to load the slow libraries and the compiled code, once: the first file takes as long to arrive."""
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
    except Exception as error:
        # A defect of ours in one file must not cost the others of the batch their results.
        logger.exception("unexpected error", extra={"clustered_file": filename})
        result = FileResult.failed(filename, InternalError(repr(error), filename=filename))
    result = msgspec.structs.replace(result, seconds=round(time.perf_counter() - started, 4))
    if result.failure is None:
        logger.info("clustered", extra={"clustered_file": filename, "seconds": result.seconds})
    else:
        logger.warning(result.failure.message, extra={"clustered_file": filename, "code": result.failure.error})
    return result


def _cluster_object(filename: str, source: Bucket, target: Bucket, params: RunParameters) -> FileResult:
    keys.check_filename(filename)
    stored = source.read(filename)
    sinks = Sinks(clustered=pa.BufferOutputStream(), frame=pa.BufferOutputStream())
    try:
        report = cluster_file(pa.BufferReader(stored.content), filename, stored.etag, params, sinks, available_cores())
    except RunError as error:
        # Who retries the run need not send what has not changed since.
        error.where["input_etag"] = stored.etag
        raise
    output, frame = keys.output_key(filename), keys.frame_key(filename)
    metadata = {keys.FINGERPRINT_METADATA: params.fingerprint(), keys.INPUT_ETAG_METADATA: stored.etag}
    # The clustered file says that the file is done: it comes last.
    target.write(frame, sinks.frame.getvalue().to_pybytes(), metadata)
    target.write(output, sinks.clustered.getvalue().to_pybytes(), metadata)
    return FileResult(filename=filename, output=output, frame=frame, report=report)
