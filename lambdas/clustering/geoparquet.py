"""Reads the columns a clustering needs from a GeoParquet file, and writes the file back with the clusters added."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.contract.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]

# A little-endian WKB point: byte order, geometry type, x, y.
_WKB_POINT = np.dtype([("byte_order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])
OUTPUT_COLUMNS = ("cluster_id", "cluster_weight", "cluster_status")
# Columns that an error lists: a message has to stay short.
_NAMED_COLUMNS = 20
# Key of the file metadata under which the output says how it was made.
PROVENANCE_METADATA = b"kmeans"


class _GeoMetadata(msgspec.Struct):
    """What is needed of the ``geo`` entry of the file metadata."""

    primary_column: str
    columns: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class GeoTable:
    """A GeoParquet file in memory.

    Attributes:
        filename: for error messages.
        table: every column of the file.
        geometry_column: name of the primary geometry column, encoded as WKB.
        crs: coordinate system in a form that pyproj reads.
    """

    filename: str
    table: pa.Table
    geometry_column: str
    crs: Any

    def __len__(self) -> int:
        return int(self.table.num_rows)


def read(content: bytes, filename: str) -> GeoTable:
    """Read a GeoParquet file.

    Raises:
        InvalidInput: the content is not Parquet, has no GeoParquet metadata, or already has a column that is to be
            added.
    """
    try:
        table = pq.read_table(pa.BufferReader(content), use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"is not a readable Parquet file ({error})", filename=filename) from error
    for column in OUTPUT_COLUMNS:
        if column in table.column_names:
            raise InvalidInput(
                "already has this column, which the output adds; rename it first", filename=filename, column=column
            )
    geometry_column, crs = _primary_geometry(table.schema, filename)
    return GeoTable(filename, table, geometry_column, crs)


def _primary_geometry(schema: pa.Schema, filename: str) -> tuple[str, Any]:
    """Name and coordinate system of the primary geometry column."""
    metadata = schema.metadata or {}
    if b"geo" not in metadata:
        raise InvalidInput("is Parquet, but not GeoParquet: the `geo` metadata is missing", filename=filename)
    try:
        geo = msgspec.json.decode(metadata[b"geo"], type=_GeoMetadata)
        name = geo.primary_column
        description = geo.columns[name]
        encoding = description["encoding"]
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
        raise InvalidInput(f"has broken GeoParquet metadata ({error!r})", filename=filename) from error
    if name not in schema.names:
        raise InvalidInput("is the primary geometry, but there is no such column", filename=filename, column=name)
    if encoding != "WKB":
        raise InvalidInput(f"has the encoding {encoding}; only WKB is read", filename=filename, column=name)
    # A missing entry means longitude and latitude, a null one that nobody knows.
    crs = description.get("crs", "OGC:CRS84")
    if crs is None:
        raise InvalidInput("has no coordinate system", filename=filename, column=name)
    return name, crs


def representative_points(geo: GeoTable) -> FloatArray | None:
    """Coordinates float64 (n, 2) if every geometry is a point, in the file's coordinate system; otherwise None.

    Raises:
        InvalidInput: a geometry is missing.
    """
    column = geo.table[geo.geometry_column].combine_chunks()
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise InvalidInput("the geometry is missing", filename=geo.filename, column=geo.geometry_column, row=row)
    size = len(column) * _WKB_POINT.itemsize
    offset_type = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    if not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
        raise InvalidInput(
            f"has the type {column.type}, not binary WKB", filename=geo.filename, column=geo.geometry_column
        )
    offsets = np.frombuffer(column.buffers()[1], offset_type)[column.offset : column.offset + len(column) + 1]
    if len(column) == 0:
        return np.empty((0, 2))
    if offsets[-1] - offsets[0] != size or not (np.diff(offsets) == _WKB_POINT.itemsize).all():
        return None
    values = np.frombuffer(column.buffers()[2], _WKB_POINT, count=len(column), offset=int(offsets[0]))
    if not ((values["byte_order"] == 1) & (values["type"] == 1)).all():
        return None
    return values["xy"].astype(np.float64)


def numeric_column(geo: GeoTable, name: str) -> FloatArray:
    """Values of a numeric column as float64 (n,).

    Raises:
        InvalidInput: there is no such column, it is not numeric, or a value is missing.
    """
    column = existing_column(geo, name)
    is_number = (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)
    )
    if not is_number:
        raise InvalidInput(f"has the type {column.type}, not a number", filename=geo.filename, column=name)
    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))[0])
        raise InvalidInput("the value is missing", filename=geo.filename, column=name, row=row, value="null")
    values: FloatArray = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return values


def existing_column(geo: GeoTable, name: str) -> pa.Array:
    """A column in one piece.

    Raises:
        InvalidInput: there is no such column.
    """
    if name not in geo.table.column_names:
        names = geo.table.column_names
        known = ", ".join(names[:_NAMED_COLUMNS]) + (" and others" if len(names) > _NAMED_COLUMNS else "")
        raise InvalidInput(f"there is no such column; the file has {known}", filename=geo.filename, column=name)
    return geo.table[name].combine_chunks()


def write(
    geo: GeoTable,
    cluster_ids: npt.NDArray[np.object_],
    cluster_weights: FloatArray,
    cluster_status: npt.NDArray[np.object_],
    provenance: dict[str, Any],
) -> bytes:
    """The file with all its rows, columns and metadata, the three cluster columns, and how they were made."""
    table = geo.table
    columns = (
        pa.array(cluster_ids, pa.string()),
        pa.array(cluster_weights, pa.float64()),
        pa.array(cluster_status, pa.string()),
    )
    for name, column in zip(OUTPUT_COLUMNS, columns, strict=True):
        table = table.append_column(name, column)
    metadata = dict(table.schema.metadata or {})
    metadata[PROVENANCE_METADATA] = json.dumps(provenance, sort_keys=True).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written


def read_provenance(path: str) -> dict[str, Any] | None:
    """How a clustered file on disk was made, or None if it is not one."""
    try:
        metadata = pq.read_metadata(path).metadata or {}
        provenance = json.loads(metadata[PROVENANCE_METADATA])
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return None
    return provenance if isinstance(provenance, dict) else None
