"""Reads the frames of a run one after the other, and downloads as many ahead as fit into memory."""

import itertools
from collections.abc import Iterator, Set

import pyarrow as pa

from lambdas.storage.bucket import Bucket
from sampling_units import file_names
from sampling_units.aws import s3
from sampling_units.errors import FileMissing, InvalidInput
from sampling_units.frame.reading import Frame, read_frame

# Up to twice as many are in memory: 64 MB.
_SMALL_FRAMES_AT_A_TIME = 16
SMALL_FRAME_BYTES = 2 * 1024 * 1024


def read_frames(
    bucket_name: str, filenames: list[str], large_frames: Set[str], fingerprint: str
) -> Iterator[tuple[str, Frame]]:
    """The frames of these files in this order, without those that were removed, or replaced by another run.

    Args:
        bucket_name: the output bucket.
        filenames: of the inputs.
        large_frames: keys of those that are read one at a time; the frame of a nation may have 100 MB.
        fingerprint: of the run's parameters.
    """
    bucket = Bucket(bucket_name)

    def content(filename: str) -> bytes | None:
        try:
            return bucket.read(file_names.frame_key(filename)).content
        except FileMissing:
            return None

    for is_large, group in itertools.groupby(
        filenames, lambda filename: file_names.frame_key(filename) in large_frames
    ):
        names = list(group)
        contents = map(content, names) if is_large else s3.concurrently(content, names, _SMALL_FRAMES_AT_A_TIME)
        for filename in names:
            frame = _decoded(next(contents), filename)
            if frame is not None and frame.origin.parameters_fingerprint == fingerprint:
                yield filename, frame
            del frame  # Before the next one is decoded.


def _decoded(content: bytes | None, filename: str) -> Frame | None:
    if content is None:
        return None
    try:
        return read_frame(pa.BufferReader(content), file_names.frame_key(filename))
    except InvalidInput:
        return None
