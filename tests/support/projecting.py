"""Places, and what pyproj and the project make of them."""

import numpy as np
import pyproj

from sampling_units.crs.projection import choose_projection
from sampling_units.crs.systems import Crs

DEGREES = "OGC:CRS84"
PHILIPPINES, MOROCCO, SPITSBERGEN, FIJI = (121.3, 14.6), (-6.4, 33.6), (16.5, 78.6), (180.0, -17.2)


def around(middle, width, height, n=3000, seed=0):
    """Longitudes and latitudes in a box, its corners among them; longitudes from -180 to 180."""
    points = np.random.default_rng(seed).uniform(-0.5, 0.5, (n, 2))
    points[:4] = [(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]
    points = points * (width, height) + middle
    points[:, 0] = (points[:, 0] + 180) % 360 - 180
    return points


def by_pyproj(points, source, target):
    return np.column_stack(pyproj.Transformer.from_crs(source, target, always_xy=True).transform(*points.T))


def choose(points, source=DEGREES, wanted="auto"):
    return choose_projection(points, Crs(source, "area.parquet"), wanted)


def project(points, source=DEGREES, wanted="auto"):
    return choose(points, source, wanted).to_metres(points)


def is_fast(projection):
    """Whether anything but pyproj is at work, without which a test of accuracy would say nothing."""
    return projection._polynomial is not None


def longitude_apart(a, b):
    return np.abs((a - b + 180) % 360 - 180)
