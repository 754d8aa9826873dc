"""Compares the output bucket with what the batches wrote and with what kickoff found up to date.

Two runs may work on the same files at the same time, and people remove or replace objects. So the summary lists the
outputs at the end of its run, and a file counts as done only if both its outputs are there as they were written.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lambdas.summary.frame_stream import SMALL_FRAME_BYTES
from sampling_units import file_names
from sampling_units.aws import s3
from sampling_units.errors import OutputReplaced
from sampling_units.results import FileResult


@dataclass(frozen=True)
class Inventory:
    """The objects of a bucket, by a hash of key and ETag: a million files have to fit into memory.

    Attributes:
        large_frames: keys of frames that are too large to hold several in memory.
    """

    large_frames: frozenset[str]
    _present: frozenset[int]

    @classmethod
    def of(cls, bucket: str, prefix: str) -> "Inventory":
        """List the outputs of the inputs under ``prefix``, and their frames."""
        large_frames: set[str] = set()

        def listed() -> Iterator[s3.Listed]:
            for folder in file_names.output_prefixes(prefix):
                yield from s3.list_objects(bucket, folder, skip=(file_names.FRAME_PREFIX, file_names.RUNS_PREFIX))
            for found in s3.list_objects(bucket, file_names.frame_key(prefix)):
                if found.size > SMALL_FRAME_BYTES:
                    large_frames.add(found.key)
                yield found

        present = frozenset(hash((found.key, found.etag)) for found in listed())
        return cls(frozenset(large_frames), present)

    def checked(self, result: FileResult) -> FileResult:
        """The result, or a failure if an output of the file is missing or was replaced."""
        if result.failure is not None:
            return result
        for key, etag in ((result.output, result.output_etag), (result.frame, result.frame_etag)):
            if hash((key, etag)) not in self._present:
                message = f"{key} is not the one of this run: another run replaced it, or somebody removed it"
                return FileResult.failed(result.filename, OutputReplaced(message, filename=result.filename))
        return result
