"""Coordinate systems: by the name or definition that a file or a user gives, looked up once."""

import math
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import pyproj
from pyproj.exceptions import ProjError

from kmeans.arrays import BoolArray, FloatArray
from sampling_units.errors import InvalidInput, InvalidParameters
from sampling_units.formatting import explained, shortened
from sampling_units.parameters import AUTOMATIC_CRS

LONGITUDE_LATITUDE = "OGC:CRS84"


@lru_cache(maxsize=64)
def find_crs(value: Any) -> pyproj.CRS:
    """What pyproj makes of a name, WKT or PROJJSON text; raises ``ProjError`` or ``ValueError``."""
    crs = pyproj.CRS.from_user_input(value)
    if not all(0 < axis.unit_conversion_factor < math.inf for axis in crs.axis_info[:2]):
        raise ValueError("a unit has no size")
    return crs


@lru_cache(maxsize=64)
def projjson(name: str) -> dict[str, Any]:
    """The PROJJSON of a coordinate system by the name or text it was made from (``CRS.srs``); not to be changed."""
    return dict(find_crs(name).to_json_dict())


def full_turn(crs: pyproj.CRS) -> float | None:
    """360 degrees in the unit of a geographic system (there are files in grads); None for other systems."""
    if not crs.is_geographic:
        return None
    return round(math.tau / crs.axis_info[0].unit_conversion_factor, 6)


def parse_crs(value: Any, filename: str) -> pyproj.CRS:
    """The coordinate system that a file names: PROJJSON, WKT, an authority code, or what this function returned.

    Raises:
        InvalidInput: nobody knows it, or it needs three coordinates.
    """
    if isinstance(value, pyproj.CRS):
        return value
    try:
        crs = find_crs(msgspec.json.encode(value).decode() if isinstance(value, dict) else value)
    except (ProjError, TypeError, ValueError) as error:
        raise InvalidInput(f"has an unknown coordinate system ({explained(error)})", filename=filename) from error
    if crs.is_geocentric:
        message = f"is in the coordinate system {shortened(crs.name)}, where x and y are no place"
        raise InvalidInput(message, filename=filename)
    return crs


def outside_domain(points: FloatArray, crs: pyproj.CRS) -> BoolArray:
    """Which points are off the globe, bool (n,): beyond a pole or more than once around; none if ``crs`` is projected.

    Not finite ones count as inside.
    """
    turn = full_turn(crs)
    if turn is None:
        return np.zeros(len(points), bool)
    # Some files count longitudes from 0 to 360 degrees, or go on counting across the antimeridian.
    outside: BoolArray = (np.abs(points[:, 0]) > turn) | (np.abs(points[:, 1]) > turn / 4)
    return outside


def check_crs(name: str) -> None:
    """Refuse a ``crs`` parameter that no file could be projected to.

    Raises:
        InvalidParameters: it is neither "auto" nor a known system in metres.
    """
    if name != AUTOMATIC_CRS:
        metric_crs(name)


@lru_cache(maxsize=64)
def metric_crs(name: str) -> pyproj.CRS:
    """A projected coordinate system in metres by its name.

    Raises:
        InvalidParameters: it is unknown, or is none.
    """
    try:
        crs = find_crs(name)
    except (ProjError, ValueError) as error:
        raise InvalidParameters(f"crs {shortened(name)!r} is not known", value=shortened(name)) from error
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        raise InvalidParameters(f"crs {shortened(name)!r} is not projected in metres", value=shortened(name))
    return crs
