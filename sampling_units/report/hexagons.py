"""Counts clusters in hexagons on the projection of web maps, for runs that are too large to draw each cluster."""

from typing import Any

import numpy as np

from kmeans.arrays import BoolArray, FloatArray

# Width of a hexagon on the screen at the zoom that it is made for, and the width of the map there.
_HEXAGON_PIXELS = 14.0
_MAP_PIXELS = 1000.0
_WORLD_PIXELS = 512.0
_ZOOMS_PER_LEVEL = 1.5
_MOST_LEVELS = 5
_FINEST_ZOOM = 13.0


def hexagon_levels(
    longitude: FloatArray, latitude: FloatArray, weight: FloatArray, is_in_range: BoolArray, most_cells: int = 30_000
) -> list[dict[str, Any]]:
    """Hexagons from coarse to fine.

    Args:
        longitude, latitude, weight, is_in_range: (k,) of the clusters, in degrees.
        most_cells: a level with more is not made, unless it is the first.

    Returns:
        For each level ``zoom``: from which on it is to be shown, ``size``: centre to corner in widths of the world, and
        for each hexagon ``q``, ``r``: axial coordinates, ``n``: clusters, ``n_in_range``: those inside the range,
        ``mean``: mean weight.
    """
    x, y = mercator(longitude, latitude)
    extent = max(float(np.ptp(x)), float(np.ptp(y)), 1e-6)
    first_zoom = min(float(np.log2(_MAP_PIXELS / (_WORLD_PIXELS * extent))), _FINEST_ZOOM)
    levels: list[dict[str, Any]] = []
    for number in range(_MOST_LEVELS):
        zoom = first_zoom + number * _ZOOMS_PER_LEVEL
        size = _HEXAGON_PIXELS / np.sqrt(3.0) / (_WORLD_PIXELS * 2.0**zoom)
        cells = _count(*_axial(x / size, y / size), weight, is_in_range)
        if levels and (len(cells["n"]) > most_cells or zoom > _FINEST_ZOOM):
            break
        levels.append({"zoom": round(zoom, 3) if levels else 0, "size": float(size), **cells})
    return levels


def mercator(longitude: FloatArray, latitude: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Web Mercator in widths of the world: x from 0 to 1 eastwards, y from 0 to 1 southwards."""
    sine = np.sin(np.radians(np.clip(latitude, -85.0, 85.0)))
    return longitude / 360.0 + 0.5, 0.5 - np.log((1.0 + sine) / (1.0 - sine)) / (4.0 * np.pi)


def _axial(x: FloatArray, y: FloatArray) -> tuple[Any, Any]:
    """Column and row of the hexagon with a corner upwards around each place, for a size of 1.

    Source: rounding of cube coordinates, as in A. Patel, "Hexagonal Grids".
    """
    q = x / np.sqrt(3.0) - y / 3.0
    r = y * 2.0 / 3.0
    s = -q - r
    rounded_q, rounded_r, rounded_s = np.rint(q), np.rint(r), np.rint(s)
    off_q, off_r, off_s = abs(rounded_q - q), abs(rounded_r - r), abs(rounded_s - s)
    fix_q = (off_q > off_r) & (off_q > off_s)
    fix_r = ~fix_q & (off_r > off_s)
    return (
        np.where(fix_q, -rounded_r - rounded_s, rounded_q).astype(np.int64),
        np.where(fix_r, -rounded_q - rounded_s, rounded_r).astype(np.int64),
    )


def _count(q: Any, r: Any, weight: FloatArray, is_in_range: BoolArray) -> dict[str, list[Any]]:
    cells, cell_of = np.unique(np.column_stack([q, r]), axis=0, return_inverse=True)
    cell_of = cell_of.reshape(-1)
    n = np.bincount(cell_of)
    return {
        "q": cells[:, 0].tolist(),
        "r": cells[:, 1].tolist(),
        "n": n.tolist(),
        "n_in_range": np.bincount(cell_of, weights=is_in_range).astype(np.int64).tolist(),
        "mean": np.round(np.bincount(cell_of, weights=weight) / n, 1).tolist(),
    }
