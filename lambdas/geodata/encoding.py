"""Arrays of coordinates as columns of GeoParquet."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kmeans.arrays import FloatArray
from kmeans.short_rows import finite_rows
from lambdas.geodata.geo_metadata import BBOX_FIELDS
from lambdas.geodata.geometry import WKB_POINT

# Rows below which Parquet pages are not compressed at all, and below which lightly.
_FEW_ROWS, _SOME_ROWS = 100, 2000


def compression(n_rows: int) -> str:
    """How to compress a file: zstd is the smallest, but sets itself up for each column, which small files feel."""
    if n_rows < _FEW_ROWS:
        return "none"
    return "snappy" if n_rows < _SOME_ROWS else "zstd"


def points_as_wkb(points: FloatArray, is_sound: npt.NDArray[np.bool_]) -> pa.Array:
    """Points, float64 (m, 2), as binary WKB; null where they are not sound."""
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    values = np.empty(len(points), WKB_POINT)
    values["byte_order"], values["type"], values["xy"] = 1, 1, points
    fixed = pa.Array.from_buffers(pa.binary(WKB_POINT.itemsize), len(points), [None, pa.py_buffer(values)])
    missing = pa.array(~is_sound)
    return pc.if_else(missing, pa.scalar(None, pa.binary()), fixed.cast(pa.binary()))


def bounding_boxes(lower: FloatArray, upper: FloatArray) -> pa.Array:
    """Boxes from their corners, float64 (m, 2) each, as structs; null where they are not finite."""
    is_sound = finite_rows(lower) & finite_rows(upper)
    fields = [pa.array(np.ascontiguousarray(corner[:, axis])) for corner in (lower, upper) for axis in (0, 1)]
    return pa.StructArray.from_arrays(fields, list(BBOX_FIELDS), mask=pa.array(~is_sound))
