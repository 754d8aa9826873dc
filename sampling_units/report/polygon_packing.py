"""Polygons as few bytes: vertices on a grid of about a metre, each told by its step from the one before.

Sources: the topology is simplified by GEOS' coverage simplification (Visvalingam and Whyatt 1993, with shared borders
kept shared), and only as far as the budget of the page demands.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

# Steps of the grid in one degree: 1.1 metres.
PER_DEGREE = 100_000
# With these and 50,000 clusters the page stays below 8 MB, however irregular they are.
MOST_VERTICES = 1_100_000
# Share of a cluster's size (the root of its area) that may be lost, tried in this order.
_TOLERANCES = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)


def together(longitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Longitudes of ground on both sides of the 180th meridian as one piece: the western ones get 360 degrees more."""
    return np.where(longitude < 0, longitude + 360, longitude)


def pack_polygons(
    files: list[npt.NDArray[np.object_]], is_over_date_line: bool = False, most_vertices: int = MOST_VERTICES
) -> dict[str, list[int]]:
    """The polygons of all files in four lists, in degrees times ``PER_DEGREE``.

    Args:
        files: for each file its polygons or multipolygons, None for a cluster without ground.
        is_over_date_line: whether the ground lies on both sides of the 180th meridian.
        most_vertices: simplified until there are no more than these, or the last tolerance is tried.

    Returns:
        ``parts``: for each cluster its polygons, ``rings``: for each polygon its rings, ``vertices``: for each ring its
        vertices, the closing one left out; ``x`` and ``y``: steps from vertex to vertex, over all rings.
    """
    polygons = np.concatenate(_simplified(files, most_vertices)) if files else np.empty(0, dtype=object)
    # A mixture with multipolygons is encoded as these; an empty one has no parts.
    absent = shapely.is_missing(polygons)
    polygons = np.where(absent, shapely.from_wkt("MULTIPOLYGON EMPTY"), polygons)
    if not len(polygons) or absent.all():
        return {"parts": [0] * len(polygons), "rings": [], "vertices": [], "x": [], "y": []}
    parts, part_of = shapely.get_parts(polygons, return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    places, place_of = shapely.get_coordinates(rings, return_index=True)
    if is_over_date_line:
        places[:, 0] = together(places[:, 0])
    grid = np.rint(places * PER_DEGREE).astype(np.int64)
    # Kept is the first vertex of each ring, and each that is not where the one before it is.
    begins = np.concatenate([[True], place_of[1:] != place_of[:-1]])
    ends = np.concatenate([begins[1:], [True]])
    moved = np.concatenate([[True], (grid[1:] != grid[:-1]).any(axis=1)])
    kept = (begins | moved) & ~ends
    steps = np.diff(grid[kept], axis=0, prepend=[[0, 0]])
    return {
        "parts": np.bincount(part_of, minlength=len(polygons)).tolist(),
        "rings": np.bincount(ring_of, minlength=len(parts)).tolist(),
        "vertices": np.bincount(place_of[kept], minlength=len(rings)).tolist(),
        "x": steps[:, 0].tolist(),
        "y": steps[:, 1].tolist(),
    }


def _simplified(files: list[npt.NDArray[np.object_]], most_vertices: int) -> list[Any]:
    current: list[Any] = files
    for tolerance in _TOLERANCES:
        if sum(int(shapely.get_num_coordinates(polygons).sum()) for polygons in current) <= most_vertices:
            break
        # Each file for itself, as clusters may be a hundred times as large in one as in another.
        current = [_simplify(polygons, tolerance) for polygons in files]
    return current


def _simplify(polygons: npt.NDArray[np.object_], tolerance: float) -> Any:
    present = ~shapely.is_missing(polygons)
    if not present.any():
        return polygons
    size = float(np.sqrt(np.median(shapely.area(polygons[present]))))
    result = polygons.copy()
    result[present] = shapely.coverage_simplify(polygons[present], size * tolerance)
    return result
