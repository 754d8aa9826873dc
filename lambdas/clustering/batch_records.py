"""The records of a batch in the run's folder: its results, and how far it came if it was interrupted."""

import msgspec

from lambdas.storage.bucket import Bucket
from sampling_units.errors import FileMissing, NoResult
from sampling_units.results import FileResult
from sampling_units.runs import keys
from sampling_units.runs.events import ClusteringRequest
from sampling_units.runs.records import BatchProgress, BatchResult, decode_progress

# A file that was started this often and never finished counts as the cause of the crashes. One crash may be chance.
_MAX_ATTEMPTS = 2


class BatchRecords:
    """The records of one batch; does nothing for a request that belongs to no run."""

    def __init__(self, bucket: Bucket, request: ClusteringRequest) -> None:
        self._bucket, self._request = bucket, request
        self._result_key = self._progress_key = ""
        if request.run_id is not None and request.started_at is not None and request.batch is not None:
            batch = (request.run_id, request.started_at, request.batch)
            self._result_key, self._progress_key = keys.result_key(*batch), keys.progress_key(*batch)
        self._noted = BatchProgress(results=[])

    def earlier_results(self) -> list[FileResult]:
        """Results of earlier, interrupted invocations; the file at which they crashed counts as failed."""
        if self._request.interruption is None or not self._progress_key:
            return []
        try:
            content = self._bucket.read(self._progress_key).content
        except FileMissing:
            return []
        self._noted = decode_progress(content, [file.filename for file in self._request.items]) or self._noted
        results, filename = list(self._noted.results), self._noted.in_progress
        if filename is not None and self._noted.n_begun >= _MAX_ATTEMPTS:
            message = (
                "the function died, or was out of time, each time it worked on this file; the files beside it are not "
                "affected"
            )
            results.append(FileResult.failed(filename, NoResult(message, filename=filename)))
        return results

    def begin(self, filename: str, results: list[FileResult]) -> None:
        """In a batch that was interrupted, record what is done and what comes next: it may be interrupted again."""
        if self._request.interruption is None or not self._progress_key:
            return
        n_begun = self._noted.n_begun if filename == self._noted.in_progress else 0
        self._noted = BatchProgress(results=results, in_progress=filename, n_begun=n_begun + 1)
        self._write_progress(self._noted)

    def end(self, results: list[FileResult], *, is_complete: bool) -> None:
        """Write the results of all files, or of those that are done."""
        if not self._result_key:
            return
        if is_complete:
            self._bucket.write(self._result_key, msgspec.json.encode(BatchResult(results=results)))
        else:
            self._write_progress(BatchProgress(results=results))

    def _write_progress(self, progress: BatchProgress) -> None:
        self._bucket.write(self._progress_key, msgspec.json.encode(progress))
