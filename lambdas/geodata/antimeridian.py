"""Longitudes that go on counting past the antimeridian, and polygons cut where it runs.

Within one polygon longitudes must not jump; between the outputs of neighbouring files they have to agree, so what
reaches past the antimeridian is cut there, as RFC 7946 (section 3.1.9) asks.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from lambdas.geodata.geometry import FloatArray


def unwrapped(points: FloatArray, middle: float, turn: float) -> FloatArray:
    """Longitudes as near to ``middle`` as whole turns make them, float64 (n, 2) -> (n, 2)."""
    turns = np.rint((points[:, 0] - middle) / turn)
    if not turns.any():
        return points
    return np.column_stack([points[:, 0] - turns * turn, points[:, 1]])


def cut(polygons: npt.NDArray[np.object_], turn: float) -> npt.NDArray[np.object_]:
    """Cut the polygons that reach past half a turn, and move what lies beyond to the other side."""
    import shapely

    half = turn / 2
    bounds = shapely.bounds(polygons)
    done = polygons.copy()
    for number in np.flatnonzero((bounds[:, 0] < -half) | (bounds[:, 2] > half)):
        parts: list[Any] = []
        for shift in (-turn, 0.0, turn):
            window = shapely.box(-half - shift, bounds[number, 1] - 1, half - shift, bounds[number, 3] + 1)
            inside = shapely.get_parts(shapely.intersection(polygons[number], window))
            inside = inside[shapely.get_type_id(inside) == shapely.GeometryType.POLYGON]
            parts += list(shapely.transform(inside, lambda xy, by=shift: xy + np.array([by, 0.0])))
        done[number] = shapely.orient_polygons(shapely.multipolygons(parts) if len(parts) > 1 else parts[0])
    return done
