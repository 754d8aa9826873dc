"""Arrays of coordinates as columns of GeoParquet."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kmeans.arrays import FloatArray
from kmeans.spatial.rows import finite_rows
from sampling_units.io.geo_metadata import BBOX_FIELDS
from sampling_units.io.geometry import WKB_POINT


def points_as_wkb(points: FloatArray, is_sound: npt.NDArray[np.bool_]) -> pa.Array:
    """Points, float64 (m, 2), as binary WKB; null where they are not sound.

    >>> len(points_as_wkb(np.array([[121.0, 14.5]]), np.array([True]))[0].as_py())
    21
    """
    values = np.zeros(len(points), WKB_POINT)
    values["byte_order"], values["type"], values["xy"] = 1, 1, points
    offsets = np.arange(len(points) + 1, dtype=np.int32) * WKB_POINT.itemsize
    # An array of booleans has the bits of a validity bitmap.
    validity = None if is_sound.all() else pa.array(is_sound).buffers()[1]
    return pa.Array.from_buffers(pa.binary(), len(points), [validity, pa.py_buffer(offsets), pa.py_buffer(values)])


def bounding_boxes(bounds: FloatArray) -> pa.Array:
    """Boxes, float64 (m, 4), as structs, null where they are not finite; a point (m, 2) is its own box.

    >>> bounding_boxes(np.array([[121.0, 14.5]]))[0].as_py()
    {'xmin': 121.0, 'ymin': 14.5, 'xmax': 121.0, 'ymax': 14.5}
    """
    is_sound = finite_rows(bounds)
    fields = [pa.array(np.ascontiguousarray(column)) for column in bounds.T]
    fields *= len(BBOX_FIELDS) // len(fields)
    return pa.StructArray.from_arrays(fields, list(BBOX_FIELDS), mask=None if is_sound.all() else pa.array(~is_sound))
