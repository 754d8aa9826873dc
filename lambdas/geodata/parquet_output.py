"""How outputs are compressed and brought to disk."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyarrow as pa

# Rows below which Parquet pages are not compressed at all, and below which lightly.
_FEW_ROWS, _SOME_ROWS = 100, 2000
# Bytes that are written at once: without a buffer every page of a small file is a system call.
_BUFFER = 65_536


def compression(n_rows: int) -> str:
    """How to compress a file: zstd is the smallest, but sets itself up for each column, which small files feel."""
    if n_rows < _FEW_ROWS:
        return "none"
    return "snappy" if n_rows < _SOME_ROWS else "zstd"


def open_sink(sink: Any) -> AbstractContextManager[Any]:
    """A file object for ``sink``, a path or already one; at the end the file of a path is closed."""
    if isinstance(sink, str):
        stream: AbstractContextManager[Any] = pa.output_stream(sink, compression=None, buffer_size=_BUFFER)
        return stream
    return nullcontext(sink)
