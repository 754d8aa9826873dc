"""What a Parquet file is, read from its metadata; only the bounding box of a small file may need its rows."""

import json
from pathlib import Path
from typing import Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput
from sampling_units.io.coordinates import CoordinateColumns, find_coordinates
from sampling_units.io.geo_file import ROW_GROUP_ROWS, GeoFile
from sampling_units.io.geo_metadata import BBOX_FIELDS, GEO_METADATA, GeometryColumn
from sampling_units.io.provenance import read_provenance
from sampling_units.parameters import RunParameters


class Column(msgspec.Struct, frozen=True):
    """A column and its Arrow type."""

    name: str
    type: str


class CoordinateSystem(msgspec.Struct, frozen=True):
    """A coordinate system: its name, and authority and code if it has them."""

    name: str
    code: str | None


class BoundingBox(msgspec.Struct, frozen=True):
    """The extent of the rows as xmin, ymin, xmax, ymax, and what it was read from."""

    bounds: list[float]
    source: Literal["metadata", "statistics", "geometries"]


class Geometry(msgspec.Struct, frozen=True, kw_only=True):
    """A geometry column, or two columns with coordinates; ``crs`` is None if it is unknown."""

    columns: list[str]
    is_primary: bool
    encoding: str | None
    types: list[str]
    crs: CoordinateSystem | None
    bounding_box: BoundingBox | None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """How an output of ours was made.

    ``changed_parameters`` are those that differ from their default; ``output_version`` is None in files from before
    there was one; ``crs`` is the system in metres that was worked in; ``report`` has the shape of ``FileReport``,
    unless another version wrote it. The joined frame of many files has no single input, system and report, but the name
    of its ``run``.
    """

    version: str
    parameters: dict[str, Any]
    changed_parameters: dict[str, Any]
    output_version: int | None = None
    input_etag: str | None = None
    crs: str | None = None
    report: dict[str, Any] | None = None
    run: str | None = None


class FileDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a file is.

    ``obstacle`` says why a file that is no output of ours cannot be clustered, as far as the metadata show it.
    """

    file: str
    kind: Literal["input", "clustered", "frame", "other"]
    n_bytes: int
    n_rows: int
    n_row_groups: int
    geoparquet_version: str | None
    geometries: list[Geometry]
    columns: list[Column]
    origin: Origin | None
    obstacle: str | None


def describe(path: Path) -> FileDescription:
    """Describe a file.

    Raises:
        InvalidInput: it is no Parquet file.
    """
    try:
        parquet = pq.ParquetFile(path)
        schema: pa.Schema = parquet.schema_arrow
        n_bytes = path.stat().st_size
    except (pa.ArrowException, OSError) as error:
        raise InvalidInput(f"is not a readable Parquet file ({error})", filename=str(path)) from error
    origin = _origin(path)
    obstacle, file, pair = None, None, None
    try:
        file = GeoFile(str(path), str(path))
        columns = find_coordinates(file).columns
        pair = columns if isinstance(columns, CoordinateColumns) else None
    except InvalidInput as error:
        obstacle = error.message
    geo = _geo(schema)
    geometries = [
        _geometry(name, entry, geo.get("primary_column") == name, parquet, file)
        for name, entry in geo["columns"].items()
    ]
    if file is not None and file.geometry is not None and not geometries:
        geometries = [_geometry(file.geometry.name, file.geometry.description, True, parquet, file)]
    if pair is not None:
        geometries = [_coordinates(pair, parquet)]
    return FileDescription(
        file=str(path),
        kind=_kind(origin, schema, obstacle),
        n_bytes=n_bytes,
        n_rows=parquet.metadata.num_rows,
        n_row_groups=parquet.metadata.num_row_groups,
        geoparquet_version=geo.get("version"),
        geometries=geometries,
        columns=[Column(field.name, str(field.type)) for field in schema],
        origin=origin,
        obstacle=None if origin is not None else obstacle,
    )


def _kind(
    origin: Origin | None, schema: pa.Schema, obstacle: str | None
) -> Literal["input", "clustered", "frame", "other"]:
    if origin is not None:
        # A frame begins with the ids of the clusters, in a clustered file they come after the columns of the input.
        first_of_frame = origin.parameters.get("column_prefix", RunParameters().column_prefix) + "id"
        return "frame" if schema.names[:1] == [first_of_frame] else "clustered"
    return "input" if obstacle is None else "other"


def _origin(path: Path) -> Origin | None:
    """How a file was made, None if its metadata do not say so in our form."""
    provenance = read_provenance(str(path))
    if provenance is None:
        return None
    defaults = json.loads(RunParameters().to_json())
    try:
        parameters = json.loads(provenance["parameters"])
        changed = {name: value for name, value in parameters.items() if defaults.get(name) != value}
        values = provenance | {"parameters": parameters, "changed_parameters": changed}
        return msgspec.convert(values, Origin)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _geo(schema: pa.Schema) -> dict[str, Any]:
    """The ``geo`` entry, without what in it is not of the shape it should have."""
    try:
        geo = json.loads((schema.metadata or {}).get(GEO_METADATA, b"{}"))
        columns = {name: entry for name, entry in geo["columns"].items() if isinstance(entry, dict)}
        return {"version": str(geo["version"]), "primary_column": geo["primary_column"], "columns": columns}
    except (KeyError, TypeError, ValueError, AttributeError):
        return {"columns": {}}


def _geometry(
    name: str, entry: dict[str, Any], is_primary: bool, parquet: pq.ParquetFile, file: GeoFile | None
) -> Geometry:
    geometry = file.geometry if is_primary and file is not None else None
    kinds = entry.get("geometry_types", [])
    crs = _declared_crs(entry) if geometry is None else geometry.crs
    return Geometry(
        columns=[name],
        is_primary=is_primary,
        encoding=str(entry.get("encoding")),
        types=[str(kind) for kind in kinds] if isinstance(kinds, list) else [],
        crs=_crs(crs),
        bounding_box=_declared_box(entry) or (None if geometry is None else _found_box(geometry, parquet, file)),
    )


def _coordinates(pair: CoordinateColumns, parquet: pq.ParquetFile) -> Geometry:
    """Two columns that ``find_coordinates`` takes for longitude and latitude."""
    box = _box_of_statistics(parquet, [pair.x, pair.y, pair.x, pair.y])
    crs = _crs(Crs(LONGITUDE_LATITUDE))
    return Geometry(columns=[pair.x, pair.y], is_primary=True, encoding=None, types=[], crs=crs, bounding_box=box)


def _declared_crs(entry: dict[str, Any]) -> Crs | None:
    """The system that an entry of the ``geo`` metadata names, None for null."""
    value = entry.get("crs", LONGITUDE_LATITUDE)
    return None if value is None else Crs(value)


def _crs(crs: Crs | None) -> CoordinateSystem | None:
    if crs is None:
        return None
    try:
        authority = crs.system.to_authority()
    except InvalidInput:
        return CoordinateSystem(str(crs.definition), None)
    return CoordinateSystem(crs.name, None if authority is None else ":".join(authority))


def _declared_box(entry: dict[str, Any]) -> BoundingBox | None:
    """The ``bbox`` of a geometry column, which may have heights between the two corners."""
    bounds = entry.get("bbox")
    if not isinstance(bounds, list) or len(bounds) not in (4, 6) or not all(isinstance(b, int | float) for b in bounds):
        return None
    half = len(bounds) // 2
    return BoundingBox([*map(float, bounds[:2]), *map(float, bounds[half : half + 2])], "metadata")


def _found_box(geometry: GeometryColumn, parquet: pq.ParquetFile, file: GeoFile | None) -> BoundingBox | None:
    """The bounding box of the primary geometries from statistics, or in a small file from themselves."""
    if geometry.bbox_column is not None:
        box = _box_of_statistics(parquet, [f"{geometry.bbox_column}.{field}" for field in BBOX_FIELDS])
        if box is not None:
            return box
    if file is None or file.n_rows > ROW_GROUP_ROWS:
        return None
    import numpy as np
    import shapely

    from sampling_units.io.geometry import decode_shapes

    column = next(file.tables([geometry.name]))[geometry.name]
    bounds = [shapely.total_bounds(decode_shapes(chunk, geometry.encoding)) for chunk in column.chunks]
    lower_upper = np.concatenate([np.fmin.reduce(bounds)[:2], np.fmax.reduce(bounds)[2:]]) if bounds else np.array([])
    return BoundingBox(lower_upper.tolist(), "geometries") if np.isfinite(lower_upper).any() else None


def _box_of_statistics(parquet: pq.ParquetFile, paths: list[str]) -> BoundingBox | None:
    """Lowest of the first two columns and highest of the other two, None unless each row group has statistics."""
    metadata = parquet.metadata
    number = {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}
    bounds = []
    for path, end in zip(paths, ("min", "min", "max", "max"), strict=True):
        if path not in number:
            return None
        values = []
        for group in range(metadata.num_row_groups):
            chunk = metadata.row_group(group).column(number[path])
            statistics = chunk.statistics
            if statistics is not None and statistics.null_count == chunk.num_values:
                continue
            if statistics is None or not statistics.has_min_max:
                return None
            values.append(float(getattr(statistics, end)))
        if not values:
            return None
        bounds.append(min(values) if end == "min" else max(values))
    return BoundingBox(bounds, "statistics")
