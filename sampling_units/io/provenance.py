"""How an output was made, kept in its file metadata."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units.errors import OutputNotWritable

# Key of the file metadata of an output.
PROVENANCE_METADATA = b"kmeans"


def encode_provenance(provenance: dict[str, Any]) -> bytes:
    """How an output was made as JSON, the same bytes for the same content.

    >>> encode_provenance({"version": "1", "crs": "EPSG:32651"})
    b'{"crs":"EPSG:32651","version":"1"}'
    """
    return msgspec.json.encode(provenance, order="deterministic")


def read_provenance(path: str) -> dict[str, Any] | None:
    """How an output on disk was made, or None if it is not one."""
    if not os.path.exists(path):  # Arrow takes ten times as long to say so.
        return None
    try:
        return decode_provenance(pq.read_metadata(path).metadata)
    except (OSError, pa.ArrowException, ValueError):
        return None


def read_own_outputs(paths: Sequence[Path]) -> list[dict[str, Any] | None]:
    """How the outputs on disk were made, None for each that is not there yet.

    Raises:
        OutputNotWritable: something else has the name of an output; it may be the only copy of a file.
    """
    found = [read_provenance(str(path)) for path in paths]
    for path, provenance in zip(paths, found, strict=True):
        if provenance is None and path.exists():
            message = (
                f"{path} is there already, but cannot be read as an output of this program: it is another file, or "
                "damaged; remove it, or choose another folder"
            )
            raise OutputNotWritable(message)
    return found


def decode_provenance(metadata: Mapping[bytes, bytes] | None) -> dict[str, Any] | None:
    """How an output with this file metadata was made, or None if it is not one.

    >>> decode_provenance({b"kmeans": b'{"version": "1"}'})
    {'version': '1'}
    """
    try:
        provenance = json.loads((metadata or {})[PROVENANCE_METADATA])
    except (KeyError, ValueError, RecursionError):
        return None
    return provenance if isinstance(provenance, dict) else None
