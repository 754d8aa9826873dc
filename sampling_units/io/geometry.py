"""Geometries of a chunk of a file as arrays: one point for each row, and the corners of other geometries."""

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kmeans.arrays import BoolArray, FloatArray, IntArray
from kmeans.spatial.rows import finite_rows
from sampling_units.io.geo_metadata import GeometryColumn
from sampling_units.io.wkb_nesting import nested_too_deeply

# A little-endian WKB point: byte order, geometry type, x, y.
WKB_POINT = np.dtype([("byte_order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])
# A geometry with more corners keeps only those of its convex hull: a bounding circle needs no others.
_MANY_CORNERS = 16
_HALF_TURN = 180.0


class Defect(IntEnum):
    """Why a row cannot be clustered."""

    NONE = 0
    MISSING = 1
    BROKEN = 2
    WRONG_KIND = 3
    EMPTY = 4
    NOT_FINITE = 5
    OFF_THE_GLOBE = 6
    WEIGHT_MISSING = 7
    WEIGHT_INVALID = 8


class Geometries(NamedTuple):
    """Geometries of m rows, in the coordinates of the file.

    Attributes:
        points: float64 (m, 2), the point or the centroid; NaN where there is none.
        n_corners: int64 (m,), how many of ``corners`` belong to each row; None if all rows are points.
        corners: float64 (sum of n_corners, 2).
        bounds: float64 (m, 4), bounding boxes as xmin, ymin, xmax, ymax; None if all rows are points.
        defect: uint8 (m,), values of ``Defect``.
    """

    points: FloatArray
    n_corners: IntArray | None
    corners: FloatArray
    bounds: FloatArray | None
    defect: npt.NDArray[np.uint8]


def is_out_of_memory(error: Exception) -> bool:
    """Whether GEOS failed for lack of memory; shapely raises the same error for other failures."""
    return "bad_alloc" in str(error)


def decode(column: pa.ChunkedArray, geometry: GeometryColumn, is_geographic: bool) -> Geometries:
    """Decode a chunk of a geometry column; ``is_geographic`` says that its coordinates are degrees."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # A column without any chunk.
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    points = _wkb_points(array) if geometry.encoding == "WKB" else None
    if geometry.encoding == "point":
        points = _coordinates(array)
    if points is not None:
        return from_points(points, _is_null(array))
    return _from_shapes(*_shapes_and_defects(array, geometry.encoding), array, is_geographic)


def from_points(points: FloatArray, is_missing: BoolArray) -> Geometries:
    """Rows that are points; those with NaN in both coordinates are empty, as WKB writes an empty point."""
    defect = np.zeros(len(points), np.uint8)
    finite = finite_rows(points)
    if not finite.all():
        defect[~finite] = Defect.NOT_FINITE
        defect[np.isnan(points).all(axis=1)] = Defect.EMPTY
    defect[is_missing] = Defect.MISSING
    return Geometries(points, None, np.empty((0, 2)), None, defect)


def _is_null(array: pa.Array) -> BoolArray:
    return array.is_null().to_numpy(zero_copy_only=False) if array.null_count else np.zeros(len(array), bool)


def _wkb_points(array: pa.Array) -> FloatArray | None:
    """Coordinates if every value is a little-endian WKB point or null, otherwise None."""
    if not (pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type)):
        return None
    there = array.drop_null() if array.null_count else array
    offset_type = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    points = np.full((len(array), 2), np.nan)
    if len(there) == 0:
        return points
    offsets: npt.NDArray[Any] = np.frombuffer(there.buffers()[1], offset_type)[
        there.offset : there.offset + len(there) + 1
    ]
    if not (offsets[1:] - offsets[:-1] == WKB_POINT.itemsize).all():
        return None
    values = np.frombuffer(there.buffers()[2], WKB_POINT, count=len(there), offset=int(offsets[0]))
    if not ((values["byte_order"] == 1) & (values["type"] == 1)).all():
        return None
    if len(there) == len(array):
        return values["xy"].astype(np.float64)
    points[array.is_valid().to_numpy(zero_copy_only=False)] = values["xy"]
    return points


def _coordinates(array: pa.StructArray) -> FloatArray:
    """Coordinates float64 (m, 2) of an array of structs of x and y; NaN where it is null."""
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    axes = [pc.struct_field(array, axis).cast(pa.float64()).fill_null(np.nan) for axis in ("x", "y")]
    return np.column_stack([axis.to_numpy(zero_copy_only=False) for axis in axes])


def decode_shapes(array: pa.Array, encoding: str) -> npt.NDArray[np.object_]:
    """Geometries of shapely, (m,), of a column in any encoding; None for null and for broken ones."""
    return _shapes_and_defects(array, encoding)[0]


def _shapes_and_defects(array: pa.Array, encoding: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.uint8]]:
    """Geometries as of ``decode_shapes``, and the defects, (m,), of those that cannot be decoded at all."""
    defect = np.zeros(len(array), np.uint8)
    if encoding == "WKB":
        is_deep = nested_too_deeply(array)
        if is_deep.any():
            defect[is_deep] = Defect.BROKEN
            array = pa.array(array.to_numpy(zero_copy_only=False), array.type, mask=is_deep)
    shapes, undecodable = _harmless_shapes(array, encoding)
    return shapes, np.maximum(defect, undecodable)


def _harmless_shapes(array: pa.Array, encoding: str) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.uint8]]:
    """``_shapes_and_defects`` of geometries that are not nested too deeply for GEOS."""
    import shapely  # Only shapes need it, and it takes a tenth of a second to load.

    try:
        return _all_shapes(array, encoding), np.zeros(len(array), np.uint8)
    except (NotImplementedError, ValueError, shapely.errors.ShapelyError) as error:
        if is_out_of_memory(error):
            raise
        # One bad geometry fails the whole array: halve it until the bad ones are alone.
        if len(array) > 1:
            middle = len(array) // 2
            halves = [_harmless_shapes(half, encoding) for half in (array[:middle], array[middle:])]
            return np.concatenate([shapes for shapes, _ in halves]), np.concatenate([defect for _, defect in halves])
        defect = Defect.BROKEN
        if isinstance(error, NotImplementedError):  # Curves.
            defect = Defect.WRONG_KIND
        elif encoding != "WKB" and not _is_finite(array):
            defect = Defect.NOT_FINITE
        return np.array([None], object), np.array([defect], np.uint8)


def _is_finite(array: pa.Array) -> bool:
    """Whether all coordinates of a column in an encoding other than WKB are finite."""
    while not pa.types.is_struct(array.type):
        array = array.flatten()
    return bool(np.isfinite(_coordinates(array)).all())


def _all_shapes(array: pa.Array, encoding: str) -> npt.NDArray[np.object_]:
    import pyarrow.compute as pc  # Loaded while the first file arrives.
    import shapely

    if encoding == "WKB":
        return np.asarray(shapely.from_wkb(array.to_numpy(zero_copy_only=False), on_invalid="ignore"))
    kind = shapely.GeometryType[encoding.upper()]
    is_null = _is_null(array)
    offsets = []
    while pa.types.is_list(array.type) or pa.types.is_large_list(array.type):
        lengths = pc.list_value_length(array).fill_null(0).to_numpy(zero_copy_only=False)
        offsets.append(np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]))
        array = array.flatten()
    shapes = np.asarray(shapely.from_ragged_array(kind, _coordinates(array), tuple(reversed(offsets))))
    shapes[is_null] = None
    return shapes


def _from_shapes(
    shapes: npt.NDArray[np.object_], known: npt.NDArray[np.uint8], array: pa.Array, is_geographic: bool
) -> Geometries:
    """Centroids, corners and bounds of points and polygons of any kind."""
    import shapely

    kinds = (
        shapely.GeometryType.POINT,
        shapely.GeometryType.MULTIPOINT,
        shapely.GeometryType.POLYGON,
        shapely.GeometryType.MULTIPOLYGON,
    )
    defect = np.zeros(len(shapes), np.uint8)
    defect[shapely.is_empty(shapes)] = Defect.EMPTY
    defect[~np.isin(shapely.get_type_id(shapes), kinds)] = Defect.WRONG_KIND
    defect[shapely.is_missing(shapes)] = Defect.BROKEN
    defect[known != Defect.NONE] = known[known != Defect.NONE]
    defect[_is_null(array)] = Defect.MISSING
    bounds: FloatArray = shapely.bounds(shapes)
    # Infinite coordinates show in the bounds, NaN among others does not.
    coordinates, row = shapely.get_coordinates(shapes, return_index=True)
    is_finite = np.ones(len(shapes), bool)
    is_finite[row[~finite_rows(coordinates)]] = False
    defect[~is_finite & (defect == Defect.NONE)] = Defect.NOT_FINITE
    shapes = shapes.copy()
    shapes[defect != Defect.NONE] = None
    _unwrap(shapes, bounds, is_geographic)
    points = np.full((len(shapes), 2), np.nan)
    is_sound = defect == Defect.NONE
    with np.errstate(over="ignore", invalid="ignore"):
        points[is_sound] = shapely.get_coordinates(shapely.centroid(shapes[is_sound]))
    has_overflowed = is_sound & ~finite_rows(points)
    defect[has_overflowed] = Defect.NOT_FINITE
    shapes[has_overflowed] = None
    has_many = shapely.get_num_coordinates(shapes) > _MANY_CORNERS
    shapes[has_many] = shapely.convex_hull(shapes[has_many])
    corners, row = shapely.get_coordinates(shapes, return_index=True)
    return Geometries(points, np.bincount(row, minlength=len(shapes)), corners, bounds, defect)


def _unwrap(shapes: npt.NDArray[np.object_], bounds: FloatArray, is_geographic: bool) -> None:
    """Move the western parts of geometries that lie on both sides of the antimeridian to the east of it, in place."""
    import shapely

    is_wide = bounds[:, 2] - bounds[:, 0] > _HALF_TURN
    if not is_geographic or not is_wide.any():
        return

    def to_the_east(coordinates: FloatArray) -> FloatArray:
        moved = coordinates.copy()
        moved[moved[:, 0] < 0, 0] += 2 * _HALF_TURN
        return moved

    moved: Any = shapely.transform(shapes[is_wide], to_the_east)
    shapes[is_wide] = moved
