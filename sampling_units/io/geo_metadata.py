"""The ``geo`` entry of a Parquet file: which column holds the geometries, how, and in which coordinate system.

Reads GeoParquet 0.1 to 2.0 and the GEOMETRY type of Parquet itself; writes GeoParquet 1.1
(https://geoparquet.org/releases/v1.1.0).
"""

import json
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kmeans.arrays import FloatArray
from kmeans.spatial.rows import extent, finite_rows
from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput
from sampling_units.formatting import explained, shortened

GEO_METADATA = b"geo"
# Fields of a bbox column, in the order of shapely's bounds.
BBOX_FIELDS = ("xmin", "ymin", "xmax", "ymax")
_VERSION = "1.1.0"
_WKB = "WKB"
# Encodings other than WKB are structs of x and y in so many lists.
_LIST_DEPTH = {"point": 0, "multipoint": 1, "linestring": 1, "polygon": 2, "multilinestring": 2, "multipolygon": 3}
_CLUSTERED_ENCODINGS = (_WKB, "point", "multipoint", "polygon", "multipolygon")
_KIND = re.compile("(GeometryCollection|(Multi)?(Point|LineString|Polygon))( Z)?")


@dataclass(frozen=True)
class GeometryColumn:
    """The primary geometry column.

    Attributes:
        name: of the column.
        encoding: WKB, point, multipoint, polygon or multipolygon.
        crs: its coordinate system; None: the file says that it is unknown.
        description: its entry in the ``geo`` metadata, with what version 1.1 allows; ``crs`` in it is a ``Crs``.
        bbox_column: struct column that holds the bounding box of each geometry, if the file declares one.
    """

    name: str
    encoding: str
    crs: Crs | None
    description: dict[str, Any]
    bbox_column: str | None


class _GeoMetadata(msgspec.Struct):
    """What is needed of the ``geo`` entry."""

    primary_column: str
    columns: dict[str, msgspec.Raw]


class _Entry(msgspec.Struct):
    """The entry of a column, of any version; entries that are not used here may be of any type."""

    encoding: str
    geometry_types: list[str] | str | msgspec.UnsetType = msgspec.UNSET
    geometry_type: list[str] | str = ""
    crs: dict[str, Any] | str | int | msgspec.UnsetType | None = msgspec.UNSET
    edges: Any = None
    orientation: Any = None
    epoch: Any = None
    bbox: Any = None
    covering: Any = None

    def description(self) -> dict[str, Any]:
        """The entry with what version 1.1 allows, the coordinate system as the file defines it."""
        kinds = self.geometry_type if isinstance(self.geometry_types, msgspec.UnsetType) else self.geometry_types
        kinds = [kinds] if isinstance(kinds, str) else list(dict.fromkeys(kinds))
        # A list without the kinds that are not known here would be wrong; an empty one means any kind.
        description: dict[str, Any] = {"encoding": self.encoding}
        description["geometry_types"] = kinds if all(map(_KIND.fullmatch, kinds)) else []
        if self.crs is not msgspec.UNSET:
            description["crs"] = self.crs
        optional = {
            "edges": self.edges in ("planar", "spherical"),
            "orientation": self.orientation == "counterclockwise",
            "epoch": _is_number(self.epoch),
            "bbox": isinstance(self.bbox, list) and len(self.bbox) in (4, 6) and all(map(_is_number, self.bbox)),
            "covering": isinstance(self.covering, dict),
        }
        return description | {key: getattr(self, key) for key, is_sound in optional.items() if is_sound}


def _is_number(value: Any) -> bool:
    # JSON allows integers that no float can hold.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def geometry_columns(
    parquet: pq.ParquetFile, schema: pa.Schema, filename: str
) -> tuple[GeometryColumn | None, dict[str, dict[str, Any]]]:
    """The primary geometry column of a file, None if it declares none, and the entries of all.

    Args:
        parquet: the file.
        schema: of the file, with the types in which its columns are read.
        filename: for error messages.

    Raises:
        InvalidInput: the metadata is broken, or the geometries are of a kind that is not clustered.
    """
    metadata = schema.metadata or {}
    native = _native_geometries(parquet, "Geometry", metadata)
    if GEO_METADATA in metadata:
        name, entries = _declared(metadata[GEO_METADATA], filename)
        entries = native | {column: native.get(column, {}) | entry for column, entry in entries.items()}
    elif native:
        # No primary column is named: take the one with the usual name, else the first.
        name, entries = "geometry" if "geometry" in native else next(iter(native)), native
    else:
        for column in _native_geometries(parquet, "Geography", metadata):
            message = "has the type GEOGRAPHY, with edges on a sphere; store it as GEOMETRY or GeoParquet"
            raise InvalidInput(message, filename=filename, column=column)
        return None, {}
    for entry in entries.values():
        if entry.get("crs") is not None:
            entry["crs"] = Crs(entry["crs"], filename)
    if name not in schema.names:
        message = "is the primary geometry, but there is no such column"
        raise InvalidInput(message, filename=filename, column=shortened(name))
    if schema.get_field_index(name) < 0:
        raise InvalidInput("there are several columns of that name", filename=filename, column=name)
    description = entries[name]
    encoding = description["encoding"]
    if encoding not in _CLUSTERED_ENCODINGS:
        known = ", ".join(_CLUSTERED_ENCODINGS)
        message = f"has the encoding {shortened(encoding)}; points and polygons are clustered, as {known}"
        raise InvalidInput(message, filename=filename, column=name)
    _require_type(schema.field(name).type, encoding, name, filename)
    # No entry means longitude and latitude, null that the system is unknown.
    crs = description.get("crs", Crs(LONGITUDE_LATITUDE, filename))
    geometry = GeometryColumn(name, encoding, crs, description, _covering_column(description, schema))
    return geometry, {column: entry for column, entry in entries.items() if _is_sound(column, entry, schema)}


def _declared(content: bytes, filename: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """Name of the primary column, and the entries of all columns; broken ones of other columns are left out."""
    try:
        geo = msgspec.json.decode(content, type=_GeoMetadata)
        entries = {geo.primary_column: _decoded(geo.columns[geo.primary_column])}
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, RecursionError) as error:
        message = f"has broken GeoParquet metadata ({explained(error)})"
        raise InvalidInput(message, filename=filename) from error
    for name, entry in geo.columns.items():
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            entries[name] = _decoded(entry)
    return geo.primary_column, entries


def _decoded(entry: msgspec.Raw) -> dict[str, Any]:
    return msgspec.json.decode(entry, type=_Entry).description()


def _is_sound(name: str, entry: dict[str, Any], schema: pa.Schema) -> bool:
    """Whether there is such a column, of the type of its encoding."""
    return schema.get_field_index(name) >= 0 and _has_type(schema.field(name).type, entry["encoding"])


def _require_type(data_type: pa.DataType, encoding: str, name: str, filename: str) -> None:
    """Refuse a column whose type is not that of its encoding."""
    if not _has_type(data_type, encoding):
        is_wkb = encoding == _WKB
        wanted = "binary WKB" if is_wkb else f"{_LIST_DEPTH[encoding]} lists around a struct of x and y, both floating"
        message = f"has the type {shortened(data_type)}, not {wanted}"
        raise InvalidInput(message, filename=filename, column=name)


def _has_type(data_type: pa.DataType, encoding: str) -> bool:
    if encoding == _WKB:
        is_binary = pa.types.is_binary(data_type) or pa.types.is_large_binary(data_type)
        return bool(is_binary or data_type == pa.binary_view())
    inner, depth = data_type, 0
    while pa.types.is_list(inner) or pa.types.is_large_list(inner):
        inner, depth = inner.value_type, depth + 1
    return depth == _LIST_DEPTH.get(encoding) and _has_fields(inner, ("x", "y"), pa.types.is_floating)


def _has_fields(data_type: pa.DataType, names: Sequence[str], is_type: Callable[[pa.DataType], bool]) -> bool:
    """Whether the type is a struct with each of these fields exactly once, all of a type that ``is_type`` accepts."""
    if not pa.types.is_struct(data_type):
        return False
    numbers = [data_type.get_field_index(name) for name in names]
    return all(number >= 0 and is_type(data_type.field(number).type) for number in numbers)


def _native_geometries(parquet: pq.ParquetFile, kind: str, metadata: dict[bytes, bytes]) -> dict[str, dict[str, Any]]:
    """Entries for the top-level columns of Parquet's own type GEOMETRY, or GEOGRAPHY."""
    found = {}
    for number in range(len(parquet.schema)):
        column = parquet.schema.column(number)
        described = column.logical_type.to_json()
        if kind not in described:
            continue
        logical = json.loads(described)
        # The path of a nested column begins with others.
        if logical.get("Type") == kind and column.path == column.name:
            found[column.name] = {"encoding": _WKB, "geometry_types": []}
            if logical.get("crs"):
                found[column.name]["crs"] = _native_crs(logical["crs"], metadata)
    return found


def _native_crs(crs: str, metadata: dict[bytes, bytes]) -> Any:
    """What a GEOMETRY type names: an authority code, PROJJSON, or the metadata key or SRID under which it is found."""
    kind, _, value = crs.partition(":")
    if kind == "srid":
        return f"EPSG:{value}"
    content = metadata.get(value.encode()) if kind == "projjson" else None
    try:
        return json.loads(content or crs) if content or crs.startswith("{") else crs
    except (ValueError, RecursionError):
        return crs  # pyproj will refuse it.


def _covering_column(description: dict[str, Any], schema: pa.Schema) -> str | None:
    """The declared bbox column, if it is there and of the usual shape."""
    try:
        paths = [description["covering"]["bbox"][field] for field in BBOX_FIELDS]
        name = paths[0][0]
    except (KeyError, TypeError, IndexError):
        return None
    if not isinstance(name, str) or paths != [[name, field] for field in BBOX_FIELDS]:
        return None
    if schema.get_field_index(name) < 0:
        return None
    return name if _has_fields(schema.field(name).type, BBOX_FIELDS, _is_float_or_double) else None


def _is_float_or_double(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_float32(data_type) or pa.types.is_float64(data_type))


def _covering(bbox_column: str) -> dict[str, Any]:
    return {"bbox": {field: [bbox_column, field] for field in BBOX_FIELDS}}


def geo_metadata(
    schema: pa.Schema,
    primary: str,
    descriptions: dict[str, dict[str, Any]],
    bbox_column: str,
    bounds: FloatArray,
) -> bytes:
    """The ``geo`` entry of an output.

    Args:
        schema: with the bbox columns that other geometry columns than the primary one may name.
        primary: name of the primary geometry column.
        descriptions: entries of the geometry columns, ``crs`` in them as a ``Crs``; all but the primary one are left
            out if their coordinate system is not known.
        bbox_column: struct column with the bounding boxes of the primary geometries.
        bounds: these boxes, float64 (n, 4), or points (n, 2), each its own box; not finite where there is none.
    """
    columns = {primary: _current(descriptions[primary], schema)}
    for name, description in descriptions.items():
        if name != primary:
            with suppress(InvalidInput):
                columns[name] = _current(description, schema)
    columns[primary].pop("bbox", None)
    is_sound = finite_rows(bounds)
    if is_sound.any():
        corners = extent(bounds if is_sound.all() else bounds[is_sound])
        columns[primary]["bbox"] = np.concatenate(corners).tolist()
    columns[primary]["covering"] = _covering(bbox_column)
    return msgspec.json.encode({"version": _VERSION, "primary_column": primary, "columns": columns})


def _current(description: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    """An entry with its coordinate system as PROJJSON, and without a covering that is not there.

    The entry ``crs`` is left out for the code of longitude and latitude, which is the default: written out for two
    columns it takes more room than the clusters of a small file.
    """
    current = {key: value for key, value in description.items() if key != "covering"}
    crs: Crs | None = current.get("crs")
    if crs is not None and crs.definition == LONGITUDE_LATITUDE:
        del current["crs"]
    elif crs is not None:
        current["crs"] = crs.projjson
    bbox_column = _covering_column(description, schema)
    if bbox_column is not None:
        current["covering"] = _covering(bbox_column)
    return current


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """``wanted``, with as many underscores before it as make it a new name.

    >>> free_name("geometry", ["geometry", "people"])
    '_geometry'
    """
    while wanted in taken:
        wanted = f"_{wanted}"
    return wanted
