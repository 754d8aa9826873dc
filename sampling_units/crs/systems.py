"""Coordinate systems, by the name or definition that a file or a user gives."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
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
def _projjson(name: str) -> dict[str, Any]:
    """The PROJJSON of a coordinate system by the name or text it was made from (``CRS.srs``); not to be changed."""
    return dict(find_crs(name).to_json_dict())


@dataclass(frozen=True, eq=False)
class Crs:
    """The coordinate system of a file, looked up when it is first needed and never again.

    Attributes:
        definition: what the file says: PROJJSON as a dict, WKT, or an authority code.
        filename: of the file, for error messages; None if a user names the system.

    >>> crs = Crs("EPSG:3121", "cells.parquet")
    >>> crs.name, crs.is_geographic, crs.full_turn
    ('PRS92 / Philippines zone 1', False, None)
    """

    definition: Any
    filename: str | None = None

    @cached_property
    def system(self) -> pyproj.CRS:
        """The system as pyproj knows it.

        Raises:
            InvalidInput: pyproj does not know it, or it needs three coordinates. So do all other properties.
        """
        value = self.definition
        try:
            system = find_crs(msgspec.json.encode(value).decode() if isinstance(value, dict) else value)
        except (ProjError, TypeError, ValueError) as error:
            message = f"has an unknown coordinate system ({explained(error)})"
            raise InvalidInput(message, filename=self.filename) from error
        if system.is_geocentric:
            message = (
                f"is in the geocentric coordinate system {shortened(system.name)}, whose x and y are no map coordinates"
            )
            raise InvalidInput(message, filename=self.filename)
        return system

    @property
    def name(self) -> str:
        return str(self.system.name)

    @property
    def is_geographic(self) -> bool:
        return bool(self.system.is_geographic)

    @property
    def projjson(self) -> dict[str, Any]:
        """The definition as PROJJSON, as the file has it if it has PROJJSON; not to be changed."""
        system = self.system
        return self.definition if isinstance(self.definition, dict) else _projjson(system.srs)

    @cached_property
    def full_turn(self) -> float | None:
        """360 degrees in the unit of a geographic system (some files are in grads); None for other systems."""
        if not self.is_geographic:
            return None
        return round(math.tau / self.system.axis_info[0].unit_conversion_factor, 6)

    def outside_domain(self, points: FloatArray) -> BoolArray:
        """Which points are off the globe, bool (n,): beyond a pole or more than once around; none if projected.

        Points that are not finite count as inside.

        Args:
            points: float64 (n, 2), x or longitude first.
        """
        turn = self.full_turn
        if turn is None:
            return np.zeros(len(points), bool)
        # Some files count longitudes from 0 to 360 degrees, or go on counting across the antimeridian.
        outside: BoolArray = (np.abs(points[:, 0]) > turn) | (np.abs(points[:, 1]) > turn / 4)
        return outside

    def is_same_as(self, other: "Crs") -> bool:
        """Whether coordinates mean the same; in files longitude comes first, whatever the definition says."""
        return bool(self.system.equals(other.system, ignore_axis_order=True))


def check_crs(name: str) -> None:
    """Refuse a ``crs`` parameter that no file could be projected to.

    Raises:
        InvalidParameters: it is neither "auto" nor a known system in metres.

    >>> check_crs("EPSG:32651")
    """
    if name != AUTOMATIC_CRS:
        metric_crs(name)


@lru_cache(maxsize=64)
def metric_crs(name: str) -> pyproj.CRS:
    """A projected coordinate system in metres by its name.

    Raises:
        InvalidParameters: it is unknown, or not in metres.

    >>> metric_crs("EPSG:32651").name
    'WGS 84 / UTM zone 51N'
    """
    try:
        crs = find_crs(name)
    except (ProjError, ValueError) as error:
        raise InvalidParameters(f"crs {shortened(name)!r} is not known", value=shortened(name)) from error
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        raise InvalidParameters(f"crs {shortened(name)!r} is not projected in metres", value=shortened(name))
    return crs
