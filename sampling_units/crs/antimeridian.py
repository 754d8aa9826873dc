"""Longitudes that go on counting past the antimeridian, and polygons cut where it runs.

Within one polygon longitudes must not jump; between the outputs of neighbouring files they have to agree, so what
reaches past the antimeridian is cut there, as RFC 7946 (section 3.1.9) asks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray
from kmeans.spatial.rows import extent
from sampling_units.crs.projection import Projection


@dataclass(frozen=True)
class LongitudeWindow:
    """Half a turn to both sides of the middle of a file: inside, longitudes do not jump.

    Attributes:
        middle: longitude of the middle.
        turn: a full turn, 360 for degrees.
        counts_on: whether the file itself goes on counting past the antimeridian.
    """

    middle: float
    turn: float
    counts_on: bool

    def unwrap(self, points: FloatArray) -> FloatArray:
        """Longitudes as near to the middle as whole turns make them, float64 (n, 2) -> (n, 2)."""
        turns = np.rint((points[:, 0] - self.middle) / self.turn)
        if not turns.any():
            return points
        return np.column_stack([points[:, 0] - turns * self.turn, points[:, 1]])


def longitude_window(points: FloatArray, metres: FloatArray, projection: Projection) -> LongitudeWindow | None:
    """The window of the points of a file, None if its coordinates are no longitudes or it has no points.

    Args:
        points: float64 (n, 2), in the coordinates of the file.
        metres: float64 (n, 2), the points projected.
        projection: from the coordinates of the file to metres.
    """
    turn = projection.turn
    if turn is None or len(points) == 0:
        return None
    west, east = float(points[:, 0].min()), float(points[:, 0].max())
    counts_on = max(-west, east) > turn / 2
    if east - west < turn / 2:
        return LongitudeWindow((west + east) / 2, turn, counts_on)
    lower, upper = extent(metres)
    middle = float(projection.to_source((lower + upper)[None] / 2)[0, 0])
    if counts_on:
        middle += turn * round((float(np.median(points[:, 0])) - middle) / turn)
    return LongitudeWindow(middle, turn, counts_on)


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
            inside = inside[(shapely.get_type_id(inside) == shapely.GeometryType.POLYGON) & ~shapely.is_empty(inside)]
            parts += list(shapely.transform(inside, lambda xy, by=shift: xy + np.array([by, 0.0])))
        done[number] = shapely.orient_polygons(shapely.multipolygons(parts) if len(parts) > 1 else parts[0])
    return done
