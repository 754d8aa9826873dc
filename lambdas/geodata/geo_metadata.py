"""The ``geo`` entry of a Parquet file: which column holds the geometries, how, and in which coordinate system.

Reads GeoParquet 0.1 to 2.0 and the GEOMETRY type of Parquet itself; writes GeoParquet 1.1
(https://geoparquet.org/releases/v1.1.0).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from lambdas.contract.errors import InvalidInput

FloatArray = npt.NDArray[np.float64]

GEO_METADATA = b"geo"
LONGITUDE_LATITUDE = "OGC:CRS84"
# Fields of a bbox column, in the order of shapely's bounds.
BBOX_FIELDS = ("xmin", "ymin", "xmax", "ymax")
_VERSION = "1.1.0"
_WKB = "WKB"
# Encodings other than WKB are structs of x and y in so many lists.
_LIST_DEPTH = {"point": 0, "multipoint": 1, "polygon": 2, "multipolygon": 3}
_CLUSTERED_ENCODINGS = (_WKB, *_LIST_DEPTH)


@dataclass(frozen=True)
class GeometryColumn:
    """The primary geometry column.

    Attributes:
        name: of the column.
        encoding: WKB, point, multipoint, polygon or multipolygon.
        crs: what pyproj reads; None: the file says that nobody knows.
        description: its entry in the ``geo`` metadata, brought to version 1.1.
        bbox_column: struct column that holds the bounding box of each geometry, if the file declares one.
    """

    name: str
    encoding: str
    crs: Any
    description: dict[str, Any]
    bbox_column: str | None


class _GeoMetadata(msgspec.Struct):
    """What is needed of the ``geo`` entry."""

    primary_column: str
    columns: dict[str, dict[str, Any]]


def geometry_column(parquet: pq.ParquetFile, filename: str) -> GeometryColumn | None:
    """The primary geometry column of a file, None if it declares none.

    Raises:
        InvalidInput: the metadata is broken, or the geometries are of a kind that is not clustered.
    """
    schema = parquet.schema_arrow
    metadata = schema.metadata or {}
    native = _native_geometries(parquet)
    if GEO_METADATA in metadata:
        name, description = _primary(metadata[GEO_METADATA], filename)
    elif native:
        # Without a primary column to ask for, the usual name wins, then the first.
        name = "geometry" if "geometry" in native else next(iter(native))
        description = {"encoding": _WKB}
    else:
        return None
    if name not in schema.names:
        raise InvalidInput("is the primary geometry, but there is no such column", filename=filename, column=name)
    if name in native and "crs" not in description and native[name] is not None:
        description = description | {"crs": _native_crs(native[name], metadata)}
    encoding = description["encoding"]
    if encoding not in _CLUSTERED_ENCODINGS:
        raise InvalidInput(
            f"has the encoding {encoding}; points and polygons are clustered, as {', '.join(_CLUSTERED_ENCODINGS)}",
            filename=filename,
            column=name,
        )
    _require_type(schema.field(name).type, encoding, name, filename)
    # A missing entry means longitude and latitude, a null one that nobody knows.
    crs = description.get("crs", LONGITUDE_LATITUDE)
    return GeometryColumn(name, encoding, crs, description, _covering_column(description, schema))


def _primary(content: bytes, filename: str) -> tuple[str, dict[str, Any]]:
    try:
        geo = msgspec.json.decode(content, type=_GeoMetadata)
        description = dict(geo.columns[geo.primary_column])
        description["encoding"] = str(description["encoding"])
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
        raise InvalidInput(f"has broken GeoParquet metadata ({error!r})", filename=filename) from error
    return geo.primary_column, description


def _require_type(data_type: pa.DataType, encoding: str, name: str, filename: str) -> None:
    """Refuse a column whose type is not that of its encoding."""
    inner, depth = data_type, 0
    while pa.types.is_list(inner) or pa.types.is_large_list(inner):
        inner, depth = inner.value_type, depth + 1
    if encoding == _WKB:
        is_right = any(
            is_type(data_type) for is_type in (pa.types.is_binary, pa.types.is_large_binary, _is_binary_view)
        )
        wanted = "binary WKB"
    else:
        axes = {inner.field(i).name for i in range(inner.num_fields)} if pa.types.is_struct(inner) else set()
        is_right = depth == _LIST_DEPTH[encoding] and {"x", "y"} <= axes
        wanted = f"{_LIST_DEPTH[encoding]} lists around a struct of x and y"
    if not is_right:
        raise InvalidInput(f"has the type {data_type}, not {wanted}", filename=filename, column=name)


def _is_binary_view(data_type: pa.DataType) -> bool:
    return bool(data_type == pa.binary_view())


def _native_geometries(parquet: pq.ParquetFile) -> dict[str, str | None]:
    """Top-level columns of Parquet's own type GEOMETRY, and the coordinate system each names."""
    found = {}
    for number in range(len(parquet.schema)):
        column = parquet.schema.column(number)
        logical = json.loads(column.logical_type.to_json())
        if logical.get("Type") == "Geometry" and "." not in column.path:
            found[column.name] = logical.get("crs") or None
    return found


def _native_crs(crs: str | None, metadata: dict[bytes, bytes]) -> Any:
    """What a GEOMETRY type names: an authority code, PROJJSON, or the metadata key or SRID under which it is found."""
    if crs is None:
        return LONGITUDE_LATITUDE
    kind, _, value = crs.partition(":")
    if kind == "srid":
        return f"EPSG:{value}"
    if kind == "projjson" and value.encode() in metadata:
        return json.loads(metadata[value.encode()])
    return json.loads(crs) if crs.startswith("{") else crs


def _covering_column(description: dict[str, Any], schema: pa.Schema) -> str | None:
    """The declared bbox column, if it is there and of the usual shape."""
    try:
        path = description["covering"]["bbox"]["xmin"]
        name = path[0]
    except (KeyError, TypeError, IndexError):
        return None
    is_there = isinstance(name, str) and name in schema.names and pa.types.is_struct(schema.field(name).type)
    return name if is_there else None


def geo_metadata(
    schema: pa.Schema, primary: str, descriptions: dict[str, dict[str, Any]], bbox_column: str, bounds: FloatArray
) -> bytes:
    """The ``geo`` entry of an output.

    Args:
        schema: of the input; other geometry columns that it declares stay declared.
        primary: name of the primary geometry column.
        descriptions: entries of the geometry columns that are new or changed.
        bbox_column: struct column with the bounding boxes of the primary geometries.
        bounds: these boxes, float64 (n, 4) as xmin, ymin, xmax, ymax; not finite where there is none.
    """
    try:
        before = json.loads((schema.metadata or {}).get(GEO_METADATA, b"{}")).get("columns", {})
    except ValueError:
        before = {}
    columns = {name: _current(entry) for name, entry in (before | descriptions).items() if name in schema.names}
    columns |= {name: _current(entry) for name, entry in descriptions.items()}
    columns[primary].pop("bbox", None)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if len(bounds):
        lower, upper = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0)
        columns[primary]["bbox"] = [*map(float, lower), *map(float, upper)]
    columns[primary]["covering"] = {"bbox": {field: [bbox_column, field] for field in BBOX_FIELDS}}
    return json.dumps({"version": _VERSION, "primary_column": primary, "columns": columns}).encode()


def _current(description: dict[str, Any]) -> dict[str, Any]:
    """An entry of any version as version 1.1 wants it."""
    kinds = description.get("geometry_types", description.get("geometry_type", []))
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    current = {key: value for key, value in description.items() if key != "geometry_type"}
    current["geometry_types"] = [kind for kind in kinds if kind != "Unknown"]
    if isinstance(current.get("crs"), str):
        import pyproj

        current["crs"] = pyproj.CRS.from_user_input(current["crs"]).to_json_dict()
    return current


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """``wanted``, with underscores before it while there is such a column already."""
    while wanted in taken:
        wanted = f"_{wanted}"
    return wanted
