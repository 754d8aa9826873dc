"""Reads a sampling frame that was written before: its figures, and its polygons on the globe."""

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyproj
from pyproj.exceptions import ProjError

from kmeans.arrays import FloatArray, IntArray
from sampling_units.crs.antimeridian import cut
from sampling_units.crs.operations import find_transformer, transform
from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput, InvalidParameters
from sampling_units.formatting import explained, shortened
from sampling_units.frame import schema
from sampling_units.io.geo_file import GeoFile
from sampling_units.io.provenance import PROVENANCE_METADATA
from sampling_units.parameters import RunParameters, parse_parameters
from sampling_units.results import FileReport

_TURN = 360.0


class FrameOrigin(msgspec.Struct, frozen=True):
    """How a frame was made; what else its file metadata say is left out."""

    version: str
    parameters: str
    parameters_fingerprint: str
    input_etag: str
    report: FileReport


@dataclass(frozen=True, eq=False)
class Frame:
    """The k clusters of a file.

    Attributes:
        filename: the frame's file or object, for error messages.
        origin: how it was made.
        ids, statuses: k texts.
        weights, areas, radii: float64 (k,), the last two in square metres and metres.
        n_points, pieces: int64 (k,).
        group: columns that the clusters are nested in, Arrow arrays of length k; none for most files.
        centroids: float64 (k, 2), longitude and latitude in degrees.
        polygons: (k,) shapely polygons in degrees, None for a cluster without ground of its own.
    """

    filename: str
    origin: FrameOrigin
    ids: list[str]
    weights: FloatArray
    statuses: list[str]
    n_points: IntArray
    areas: FloatArray
    radii: FloatArray
    pieces: IntArray
    group: dict[str, pa.Array]
    centroids: FloatArray
    polygons: npt.NDArray[np.object_]


def read_frame(source: Any, filename: str) -> Frame:
    """Read the frame in ``source``, a path or a file object of pyarrow; its columns are found by their names.

    Further columns, such as those of a sample, are left out.

    Raises:
        InvalidInput: it is no frame of this program; names the column that is missing or of another type.
    """
    import shapely

    file = GeoFile(source, filename)
    origin = _origin(file)
    params = _parameters(origin, filename)
    names = schema.column_names(params.column_prefix, params.group_by)
    missing = schema.missing_columns(file.schema.names, names)
    missing += [name for name in params.group_by if file.schema.names.count(name) != 1]
    if missing or file.geometry is None:
        reason = f"the column {missing[0]} is missing" if missing else "it has no geometries"
        raise InvalidInput(f"is no sampling frame: {reason}", filename=filename)
    table = pa.Table.from_batches(
        [batch for chunk in file.tables() for batch in chunk.to_batches()], schema=file.schema
    )
    column = {each: _typed(table, name, each.type, filename) for each, name in names.items() if not each.is_joined_only}
    to_degrees = _to_degrees(file.geometry.crs, filename)
    polygons: npt.NDArray[np.object_] = shapely.from_wkb(column[schema.GEOMETRY].to_numpy(zero_copy_only=False))
    centroids = shapely.get_coordinates(shapely.from_wkb(column[schema.CENTROID].to_numpy(zero_copy_only=False)))
    if to_degrees is not None and len(polygons):
        centroids = transform(to_degrees, centroids)
        polygons = _on_the_globe(polygons, centroids, to_degrees)
    return Frame(
        filename=filename,
        origin=origin,
        ids=column[schema.ID].to_pylist(),
        weights=column[schema.WEIGHT].to_numpy(),
        statuses=column[schema.STATUS].to_pylist(),
        n_points=column[schema.N_POINTS].to_numpy(),
        areas=column[schema.AREA].to_numpy(),
        radii=column[schema.RADIUS].to_numpy(),
        pieces=column[schema.PIECES].to_numpy(),
        group={name: table[name].combine_chunks() for name in params.group_by},
        centroids=centroids,
        polygons=polygons,
    )


def _typed(table: pa.Table, name: str, data_type: pa.DataType, filename: str) -> pa.ChunkedArray:
    """A column with the type that frames have."""
    try:
        return table[name].cast(data_type)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        message = f"is no sampling frame: the type is {table[name].type}, not {data_type}"
        raise InvalidInput(message, filename=filename, column=name) from error


def _parameters(origin: FrameOrigin, filename: str) -> RunParameters:
    """What the frame was made with: the names of its columns depend on it."""
    try:
        return parse_parameters(msgspec.json.decode(origin.parameters))
    except (msgspec.MsgspecError, InvalidParameters) as error:
        raise InvalidInput("was made with parameters of another version", filename=filename) from error


def _on_the_globe(
    polygons: npt.NDArray[np.object_], centroids: FloatArray, to_degrees: pyproj.Transformer
) -> npt.NDArray[np.object_]:
    """Polygons in degrees, cut at the antimeridian: longitudes jump there, those of one polygon must not."""
    import shapely

    corners, owner = shapely.get_coordinates(polygons, return_index=True)
    places = transform(to_degrees, corners)
    middle = centroids[owner, 0]
    places[:, 0] -= _TURN * np.rint((places[:, 0] - middle) / _TURN)
    return cut(shapely.set_coordinates(polygons.copy(), places), _TURN)


def _origin(file: GeoFile) -> FrameOrigin:
    try:
        return msgspec.json.decode((file.schema.metadata or {})[PROVENANCE_METADATA], type=FrameOrigin)
    except (KeyError, msgspec.MsgspecError) as error:
        raise InvalidInput("was not made by this version of this program", filename=file.filename) from error


def _to_degrees(crs: Crs | None, filename: str) -> pyproj.Transformer | None:
    """The way to longitude and latitude in degrees, None if the file holds these."""
    if crs is None:
        raise InvalidInput("has no coordinate system", filename=filename)
    degrees = Crs(LONGITUDE_LATITUDE)
    try:
        return None if crs.is_same_as(degrees) else find_transformer(crs.system, degrees.system)
    except ProjError as error:
        message = f"is in the coordinate system {shortened(crs.name)}, which has no way to degrees ({explained(error)})"
        raise InvalidInput(message, filename=filename) from error
