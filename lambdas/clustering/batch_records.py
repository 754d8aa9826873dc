"""What a batch of a run writes down in the run's folder: its results, and where an interrupted one is to go on."""

import msgspec

from lambdas.contract import keys
from lambdas.contract.errors import FileMissing, NoResult
from lambdas.contract.events import ClusteringRequest
from lambdas.contract.results import BatchProgress, BatchResult, FileResult
from lambdas.object_store import Bucket


class BatchRecords:
    """The records of one batch; does nothing for a request that belongs to no run."""

    def __init__(self, bucket: Bucket, request: ClusteringRequest) -> None:
        self._bucket, self._request = bucket, request
        self._result_key = self._progress_key = ""
        if request.run_id is not None and request.started_at is not None and request.batch is not None:
            batch = (request.run_id, request.started_at, request.batch)
            self._result_key, self._progress_key = keys.result_key(*batch), keys.progress_key(*batch)

    def earlier_results(self) -> list[FileResult]:
        """Results of an earlier invocation that was interrupted; the file at which it died is one that failed."""
        interruption = self._request.interruption
        if interruption is None or not self._progress_key:
            return []
        try:
            progress = msgspec.json.decode(self._bucket.read(self._progress_key).content, type=BatchProgress)
        except (FileMissing, msgspec.MsgspecError):
            return []
        results = list(progress.results)
        noted = [result.filename for result in results] + [name for name in [progress.in_progress] if name is not None]
        if noted != [file.filename for file in self._request.items[: len(noted)]]:
            return []
        if progress.in_progress is not None:
            message = (
                "the function died while it worked on this file, or was out of time; the files beside it are not "
                f"affected. It was started again after {interruption.error}"
            )
            results.append(FileResult.failed(progress.in_progress, NoResult(message, filename=progress.in_progress)))
        return results

    def begin(self, filename: str, results: list[FileResult]) -> None:
        """Note what is done and what comes next, once the batch has been interrupted: it may happen again."""
        if self._request.interruption is not None and self._progress_key:
            self._write_progress(BatchProgress(results=results, in_progress=filename))

    def end(self, results: list[FileResult], *, is_complete: bool) -> None:
        """Write down the results of all files, or of those that were done."""
        if not self._result_key:
            return
        if is_complete:
            self._bucket.write(self._result_key, msgspec.json.encode(BatchResult(results=results)))
        else:
            self._write_progress(BatchProgress(results=results))

    def _write_progress(self, progress: BatchProgress) -> None:
        self._bucket.write(self._progress_key, msgspec.json.encode(progress))
