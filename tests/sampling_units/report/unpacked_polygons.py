"""Reads the packed polygons of a page again."""

import numpy as np
import shapely

from sampling_units.report.polygon_packing import PER_DEGREE


def unpacked(packed):
    """The polygons again: the reverse of ``pack_polygons``, written plainly."""
    x, y = np.cumsum(packed["x"]) / PER_DEGREE, np.cumsum(packed["y"]) / PER_DEGREE
    places, rings, vertices = iter(zip(x, y, strict=True)), iter(packed["rings"]), iter(packed["vertices"])
    result = []
    for n_parts in packed["parts"]:
        parts = []
        for _ in range(n_parts):
            shell, *holes = [[next(places) for _ in range(next(vertices))] for _ in range(next(rings))]
            parts.append(shapely.Polygon(shell, holes))
        result.append(shapely.MultiPolygon(parts))
    assert list(places) == []
    return result
