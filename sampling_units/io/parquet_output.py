"""How outputs are compressed and written."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units.io.geo_metadata import BBOX_FIELDS

# Files with fewer rows than the first are not compressed; below the second they are lightly, with few statistics.
_FEW_ROWS, _SOME_ROWS = 100, 2000
# Bytes that are written at once: without a buffer every page of a small file is a system call.
_BUFFER = 65_536


@contextmanager
def open_writer(
    sink: Any,
    schema: pa.Schema,
    n_rows: int,
    bbox_column: str,
    *,
    dictionaries: Sequence[str] = (),
    repeated: Sequence[str] = (),
) -> Iterator[pq.ParquetWriter]:
    """A writer to ``sink``, a path or a file object; at the end the file of a path is closed.

    Args:
        sink: where to write.
        schema: of all tables that will be written.
        n_rows: of all of them.
        bbox_column: struct column of bounding boxes, always with statistics: readers skip files and row groups by them.
        dictionaries: columns that are dictionaries in memory.
        repeated: columns whose values repeat; in a large file they get a dictionary too. A dictionary of values that
            hardly repeat would make a column larger and take twice the time.
    """
    # Readers skip a small file as a whole, by its bounding boxes.
    is_small = n_rows < _SOME_ROWS
    statistics = [f"{bbox_column}.{field}" for field in BBOX_FIELDS] if is_small else True
    how = _compression(n_rows)
    with (
        _open_sink(sink) as output,
        pq.ParquetWriter(
            output,
            schema,
            compression=how,
            use_dictionary=[*dictionaries, *([] if is_small else repeated)],
            write_statistics=statistics,
        ) as writer,
    ):
        yield writer


def _compression(n_rows: int) -> str:
    """How to compress a file: zstd gives the smallest, but its set-up for each column takes long for a small one."""
    if n_rows < _FEW_ROWS:
        return "none"
    return "snappy" if n_rows < _SOME_ROWS else "zstd"


def _open_sink(sink: Any) -> AbstractContextManager[Any]:
    """A file object for ``sink``, a path or already one; at the end the file of a path is closed."""
    if isinstance(sink, str):
        stream: AbstractContextManager[Any] = pa.BufferedOutputStream(pa.OSFile(sink, "wb"), _BUFFER)
        return stream
    return nullcontext(sink)
