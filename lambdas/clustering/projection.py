"""From the file's coordinate system to metres on the ground."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyproj
from pyproj.exceptions import ProjError

from lambdas.contract.errors import InvalidInput, InvalidParameters
from lambdas.contract.parameters import AUTOMATIC_CRS

FloatArray = npt.NDArray[np.float64]

_LONGITUDE_LATITUDE = "OGC:CRS84"
# Degrees of longitude: three zones, where UTM is off by 1 % at the edges.
_WIDEST_EXTENT = 18.0


def to_metres(points: FloatArray, source_crs: Any, wanted_crs: str, filename: str) -> tuple[FloatArray, str]:
    """Project coordinates, float64 (n, 2) as x and y (longitude first), and name the coordinate system used.

    Args:
        points: coordinates in ``source_crs``.
        source_crs: what pyproj takes: PROJJSON, WKT or an authority code.
        wanted_crs: an authority code such as EPSG:3121, or "auto": the UTM zone around the middle of the points.
        filename: for error messages.

    Raises:
        InvalidParameters: ``wanted_crs`` is unknown or not in metres.
        InvalidInput: the file's coordinate system is unknown, or a point cannot be projected.
    """
    try:
        source = pyproj.CRS.from_user_input(source_crs)
    except ProjError as error:
        raise InvalidInput(f"has an unknown coordinate system ({error})", filename=filename) from error
    if len(points) == 0:
        return points, wanted_crs
    _require_finite(points, filename)
    if source.is_geographic:
        _require_degrees(points, filename)
    if wanted_crs == AUTOMATIC_CRS:
        target, name = _utm_zone(points, source, filename)
    else:
        target, name = _metric_crs(wanted_crs), wanted_crs
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
    projected = np.column_stack(transformer.transform(points[:, 0], points[:, 1]))
    outside = ~np.isfinite(projected).all(axis=1)
    if outside.any():
        row = int(np.argmax(outside))
        value = f"({points[row, 0]}, {points[row, 1]})"
        raise InvalidInput(f"{value} cannot be projected to {name}", filename=filename, row=row, value=value)
    return projected, name


def check_crs(name: str) -> None:
    """Refuse a ``crs`` parameter that no file could be projected to.

    Raises:
        InvalidParameters: it is neither "auto" nor a known system in metres.
    """
    if name != AUTOMATIC_CRS:
        _metric_crs(name)


def _require_finite(points: FloatArray, filename: str) -> None:
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        value = f"({points[row, 0]}, {points[row, 1]})"
        raise InvalidInput(f"the coordinates are {value}, not finite numbers", filename=filename, row=row, value=value)


def _require_degrees(points: FloatArray, filename: str) -> None:
    on_globe = (np.abs(points[:, 0]) <= 360) & (np.abs(points[:, 1]) <= 90)
    if not on_globe.all():
        row = int(np.argmin(on_globe))
        value = f"({points[row, 0]}, {points[row, 1]})"
        raise InvalidInput(f"{value} are no longitude and latitude", filename=filename, row=row, value=value)


def _metric_crs(name: str) -> pyproj.CRS:
    try:
        crs = pyproj.CRS.from_user_input(name)
    except ProjError as error:
        raise InvalidParameters(f"crs {name!r} is not known", value=name) from error
    if not crs.is_projected or any(axis.unit_name != "metre" for axis in crs.axis_info[:2]):
        raise InvalidParameters(f"crs {name!r} is not projected in metres", value=name)
    return crs


def _utm_zone(points: FloatArray, source: pyproj.CRS, filename: str) -> tuple[pyproj.CRS, str]:
    """The UTM zone of the middle of the points' bounding box."""
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    to_degrees = pyproj.Transformer.from_crs(source, _LONGITUDE_LATITUDE, always_xy=True)
    longitude, latitude = to_degrees.transform(middle[0], middle[1])
    if source.is_geographic and np.ptp(points[:, 0]) > _WIDEST_EXTENT:
        raise InvalidInput(
            f"spans {np.ptp(points[:, 0]):.1f} degrees of longitude, too many for one UTM zone (or crosses the "
            "antimeridian); name a coordinate system with the parameter crs",
            filename=filename,
        )
    if not (-180 <= longitude <= 180 and -80 <= latitude <= 84):
        raise InvalidInput(
            f"lies around longitude {longitude:.4f}, latitude {latitude:.4f}, where there is no UTM zone; "
            "name a coordinate system with the parameter crs",
            filename=filename,
        )
    zone = min(int((longitude + 180) // 6) + 1, 60)
    code = f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"
    return pyproj.CRS.from_user_input(code), code
