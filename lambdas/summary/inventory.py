"""What there is in the output bucket, against what the batches say that they wrote.

Two runs may work on the same files at the same time, and people remove or replace objects. Whichever summary comes last
sees what is left of both outputs of a file, so no run ends with a file that is said to be there and is not.
"""

from dataclasses import dataclass

from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.errors import OutputReplaced
from lambdas.contract.results import FileResult


@dataclass(frozen=True)
class Inventory:
    """The objects of a bucket, by a hash of key and ETag: a million files have to fit into memory."""

    _present: frozenset[int]

    @classmethod
    def of(cls, bucket: str, prefix: str) -> "Inventory":
        """List the outputs of the inputs under ``prefix``, and their frames."""
        folders = {*keys.output_prefixes(prefix), keys.frame_key(prefix)}
        listed = (found for folder in folders for found in s3.list_objects(bucket, folder, skip=(keys.RUNS_PREFIX,)))
        return cls(frozenset(hash((found.key, found.etag)) for found in listed))

    def checked(self, result: FileResult) -> FileResult:
        """The result, or a failure if an output of the file is not there as it was written."""
        if result.failure is not None:
            return result
        for key, etag in ((result.output, result.output_etag), (result.frame, result.frame_etag)):
            if hash((key, etag)) not in self._present:
                message = f"{key} is not what this run wrote: another run replaced it, or somebody removed it"
                return FileResult.failed(result.filename, OutputReplaced(message, filename=result.filename))
        return result
