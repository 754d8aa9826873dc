"""Geometry columns of Parquet files as map formats take them: one geometry in a row, as WKB."""

from collections.abc import Sequence, Set

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from kmeans.arrays import BoolArray
from sampling_units.cli.export.attributes import ExportedColumn
from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput
from sampling_units.io.geometry import decode_shapes

ANY_TYPE = "Unknown"
# Multiple types, with their single type and the function that converts it.
_MULTIPLE = {
    "MultiPoint": (shapely.GeometryType.POINT, shapely.multipoints),
    "MultiLineString": (shapely.GeometryType.LINESTRING, shapely.multilinestrings),
    "MultiPolygon": (shapely.GeometryType.POLYGON, shapely.multipolygons),
}
_TYPES = {*_MULTIPLE, *(name.removeprefix("Multi") for name in _MULTIPLE), "GeometryCollection"}
# The code of longitude and latitude that map software knows; GDAL writes longitude first for it as well.
LONGITUDE_LATITUDE_FOR_GDAL = "EPSG:4326"

_BROKEN = "the geometry is broken WKB"


def layer_type(kinds: Set[str]) -> str:
    """Type of a layer with geometries of these types, as GeoParquet calls them; single ones may become multiple.

    >>> layer_type({"Polygon", "MultiPolygon"}), layer_type({"Point", "Polygon"})
    ('MultiPolygon', 'Unknown')
    """
    longest = max(kinds, key=len, default="")
    is_one_type = kinds <= {longest, longest.removeprefix("Multi")}
    return longest if is_one_type and longest.removesuffix(" Z") in _TYPES else ANY_TYPE


def as_wkb(array: pa.Array, encoding: str, wanted_type: str) -> pa.Array:
    """A geometry column as binary WKB; single geometries become multiple ones in a layer of these.

    Raises:
        InvalidInput: a geometry is broken (GDAL would write it as missing); ``row`` counts from the first.
    """
    shapes = decode_shapes(array, encoding)
    _require(~shapely.is_missing(shapes), array, _BROKEN)
    is_changed = np.zeros(len(shapes), bool)
    if wanted_type.removesuffix(" Z") in _MULTIPLE:
        single, make_multiple = _MULTIPLE[wanted_type.removesuffix(" Z")]
        is_changed = shapely.get_type_id(shapes) == single
        shapes[is_changed] = make_multiple(shapes[is_changed], indices=np.arange(np.count_nonzero(is_changed)))
    if encoding == "WKB" and not is_changed.any():
        return array.cast(pa.binary())
    return pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary())


def crs_for_gdal(crs: Crs) -> str:
    """The authority code of a coordinate system, or its definition if it has none."""
    authority = crs.system.to_authority(min_confidence=100)
    if authority is None:
        return str(crs.system.to_wkt())
    code = ":".join(authority)
    return LONGITUDE_LATITUDE_FOR_GDAL if code == LONGITUDE_LATITUDE else code


def export_further_geometry(name: str, kinds: Sequence[str], transformer: pyproj.Transformer | None) -> ExportedColumn:
    """How another column of WKB than the primary one is exported: points as two columns of numbers, others as WKT.

    Args:
        name: of the column.
        kinds: types of its geometries, as the file declares them.
        transformer: brings points to the coordinate system of the layer; None: they are in it.
    """

    def as_numbers(array: pa.Array) -> list[pa.Array]:
        shapes = decode_shapes(array, "WKB")
        _require(shapely.get_type_id(shapes) == shapely.GeometryType.POINT, array, "the geometry is not a point")
        coordinates = shapely.get_x(shapes), shapely.get_y(shapes)
        if transformer is not None:
            coordinates = transformer.transform(*coordinates)
        return [pa.array(values, mask=~np.isfinite(values)) for values in coordinates]

    def as_wkt(array: pa.Array) -> list[pa.Array]:
        shapes = decode_shapes(array, "WKB")
        _require(~shapely.is_missing(shapes), array, _BROKEN)
        return [pa.array(shapely.to_wkt(shapes, rounding_precision=-1), pa.string())]

    if list(kinds) != ["Point"]:
        return ExportedColumn([pa.field(name, pa.string())], as_wkt, "as WKT text")
    fields = [pa.field(f"{name}_{axis}", pa.float64()) for axis in "xy"]
    return ExportedColumn(fields, as_numbers, f"as the numbers {name}_x and {name}_y")


def _require(is_right: BoolArray, array: pa.Array, complaint: str) -> None:
    """Refuse a column where a value that is not null is wrong."""
    is_wrong = ~is_right & array.is_valid().to_numpy(zero_copy_only=False)
    if is_wrong.any():
        raise InvalidInput(complaint, row=int(np.argmax(is_wrong)))
