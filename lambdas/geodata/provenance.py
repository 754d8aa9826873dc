"""How an output was made, kept in its file metadata."""

import json
import os
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

# Key of the file metadata of an output.
PROVENANCE_METADATA = b"kmeans"


def encode_provenance(provenance: dict[str, Any]) -> bytes:
    return msgspec.json.encode(provenance, order="deterministic")


def read_provenance(path: str) -> dict[str, Any] | None:
    """How an output on disk was made, or None if it is not one."""
    if not os.path.exists(path):  # Arrow takes ten times as long to say so.
        return None
    try:
        metadata = pq.read_metadata(path).metadata or {}
        provenance = json.loads(metadata[PROVENANCE_METADATA])
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None
    return provenance if isinstance(provenance, dict) else None
