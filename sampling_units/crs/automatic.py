"""Which coordinate system in metres suits the extent of a file.

Files across the antimeridian or around a pole need no special treatment. Nothing is projected here.
"""

import math

import numpy as np

from kmeans.arrays import FloatArray
from sampling_units.crs.operations import find_transformer, require_images, transform
from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs, find_crs
from sampling_units.errors import InvalidInput
from sampling_units.formatting import shortened

# Degrees from the central meridian up to which a UTM zone is used, and the latitudes it is defined for.
_UTM_REACH = 4.5
_UTM_SOUTH, _UTM_NORTH = -80.0, 84.0
# Degrees of arc from the centre up to which an equal-area system still has something to do with distances.
_WIDEST_REACH = 60.0


def bounding_box(points: FloatArray, turn: float | None) -> tuple[FloatArray, FloatArray]:
    """Lower and upper corner of points, float64 (n, 2) -> float64 (2,) each; zeros if there are none.

    ``turn`` is a full turn in the unit of the first coordinate if that is a longitude: it then goes on across the
    antimeridian, so that the box is the narrowest one that holds the points.
    """
    if len(points) == 0:
        return np.zeros(2), np.zeros(2)
    x, y = points.T
    west, east = x.min(), x.max()
    if turn is not None and east - west > turn / 2:
        # No interval of half a turn holds both 0 and 180 degrees, so one of these two cuts finds the narrowest.
        around_0 = x - turn * np.rint(x / turn)
        around_180 = np.where(around_0 < 0, around_0 + turn, around_0)
        west, east = min(((cut.min(), cut.max()) for cut in (around_0, around_180)), key=lambda ends: ends[1] - ends[0])
    return np.array([west, y.min()]), np.array([east, y.max()])


def automatic_crs(points: FloatArray, lower: FloatArray, upper: FloatArray, source: Crs) -> str:
    """Name of the system in metres for points between two corners: see ``choose_projection``.

    Raises:
        InvalidInput: the points are too far apart, or one is outside its own system.
        ProjError: there is no way from ``source`` to longitude and latitude.
    """
    return _suitable_crs(*_extent_in_degrees(points, lower, upper, source), source.filename)


def _extent_in_degrees(
    points: FloatArray, lower: FloatArray, upper: FloatArray, source: Crs
) -> tuple[float, float, float, float]:
    """West, south, east and north; east is at least west."""
    if not _is_longitude_latitude(source):
        to_degrees = find_transformer(source.system, find_crs(LONGITUDE_LATITUDE))
        corners = np.array([lower, (lower[0], upper[1]), (upper[0], lower[1]), upper])
        if np.isfinite(transform(to_degrees, corners)).all():
            west, south, east, north = to_degrees.transform_bounds(*lower, *upper)
            if east < west:
                # The answer of PROJ for a box across the antimeridian.
                east += 360
            if east - west <= 180:
                return west, south, east, north
        # The box leaves the map, holds a pole or is wider than half the globe: look at every point.
        degrees = transform(to_degrees, points)
        require_images(points, degrees, f"is outside the domain of {shortened(source.name)}", source.filename)
        lower, upper = bounding_box(degrees, 360.0)
    return float(lower[0]), float(lower[1]), float(upper[0]), float(upper[1])


def _is_longitude_latitude(crs: Crs) -> bool:
    """Whether coordinates are degrees from Greenwich, whatever the datum."""
    meridian = crs.system.prime_meridian
    return crs.full_turn == 360 and not crs.system.is_derived and meridian is not None and meridian.longitude == 0


def _suitable_crs(west: float, south: float, east: float, north: float, filename: str | None) -> str:
    longitude = (west + east) / 2
    longitude -= 360 * round(longitude / 360)
    latitude = (south + north) / 2
    half_width = (east - west) / 2
    zone = min(int((longitude + 180) // 6) + 1, 60)
    central_meridian = 6 * zone - 183
    if abs(longitude - central_meridian) + half_width <= _UTM_REACH and south >= _UTM_SOUTH and north <= _UTM_NORTH:
        return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"
    if half_width > 90:
        # All around the globe: around the nearer pole then, with the Greenwich meridian upright.
        longitude, latitude = 0.0, math.copysign(90.0, latitude)
    # Of the points of the box, a corner is the farthest from its middle, and from a pole.
    reach = max(_arc(latitude, corner, half_width) for corner in (south, north))
    if reach > _WIDEST_REACH:
        raise InvalidInput(
            f"reaches from longitude {west:.1f}, latitude {south:.1f} to longitude {east:.1f}, latitude {north:.1f}, "
            "too far for one system in metres; split the file, or name a system with the parameter crs",
            filename=filename,
        )
    # Tenths keep names tidy; adding 0 makes 0 of -0.
    centre = f"+lat_0={round(latitude, 1) + 0.0:g} +lon_0={round(longitude, 1) + 0.0:g}"
    return f"+proj=laea {centre} +datum=WGS84 +units=m +no_defs"


def _arc(latitude: float, other_latitude: float, longitude_difference: float) -> float:
    """Degrees of arc between two points on the sphere (spherical law of cosines)."""
    a, b, difference = (math.radians(value) for value in (latitude, other_latitude, longitude_difference))
    cosine = math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(difference)
    return math.degrees(math.acos(min(max(cosine, -1.0), 1.0)))
