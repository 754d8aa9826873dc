"""From a file's coordinate system to metres and back.

All coordinates are those of pyproj; in dense files a polynomial that is fitted to it saves most of the time.
"""

from dataclasses import dataclass, field

import numpy as np
import pyproj
from pyproj.enums import TransformDirection
from pyproj.exceptions import ProjError

from kmeans.arrays import FloatArray
from sampling_units.crs.automatic import automatic_crs, bounding_box
from sampling_units.crs.chebyshev import BoxPolynomial, fit_box
from sampling_units.crs.operations import bad_point, find_transformer, operation_at, require_images, transform
from sampling_units.crs.systems import Crs, metric_crs
from sampling_units.errors import InvalidInput
from sampling_units.formatting import explained, shortened
from sampling_units.parameters import AUTOMATIC_CRS

# Metres by which the polynomial may differ from pyproj.
_TOLERANCE = 5e-5
# Below this pyproj is done before a polynomial is fitted.
_FEW_POINTS = 2000
# Metres by which the corners of cells and buildings may lie outside the box around their middles.
_MARGIN = 1000.0
_METRES_PER_DEGREE = 111_000.0
# Metres that an inverse may be off before it is refined.
_INVERSE_TOLERANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Projection:
    """From the coordinates of a file to metres and back; made by ``choose_projection``.

    Rows are independent: the image of a point is the same to the last bit in whatever batch it comes.

    Attributes:
        name: of the system in metres, in a form that pyproj reads: EPSG:32651, the user's own, or a PROJ string.
        filename: for error messages.
        turn: a full turn of longitude in the units of the file, 360 for degrees; None if the file is projected.
    """

    name: str
    filename: str | None = field(repr=False)
    turn: float | None = field(default=None, repr=False)
    _operation: pyproj.Transformer | None = field(default=None, repr=False)
    _polynomial: BoxPolynomial | None = field(default=None, repr=False)

    def to_metres(self, points: FloatArray) -> FloatArray:
        """Project points, float64 (n, 2) -> (n, 2), x first; the same array if the file is in this system already.

        Inside the extent that the projection was chosen for, coordinates are within 0.05 mm of pyproj's; elsewhere they
        are the same. (PROJ's equal-area system itself scatters by 0.1 mm at 100 m from a pole, by 10 mm at 1 m.)

        Raises:
            InvalidInput: a point cannot be projected; ``row`` counts from the first of ``points``.
        """
        if self._operation is None:
            return points
        if self._polynomial is None:
            return self._exactly(points, TransformDirection.FORWARD)
        metres = self._polynomial(points)
        outside = np.isnan(metres[:, 0])
        if outside.any():
            metres[outside] = transform(self._operation, points[outside])
            require_images(points, metres, self._complaint, self.filename)
        return metres

    def to_source(self, metres: FloatArray) -> FloatArray:
        """Back to the file's coordinates, float64 (n, 2) -> (n, 2), longitudes inside [-180, 180].

        Raises:
            InvalidInput: the system in metres does not reach that far; ``row`` counts from the first of ``metres``.
        """
        if self._operation is None:
            return metres
        points = self._exactly(metres, TransformDirection.INVERSE)
        # Between different datums PROJ forgets the height in between, and is a millimetre off on the way back.
        error = metres - self._exactly(points, TransformDirection.FORWARD)
        inexact = (np.abs(error) > _INVERSE_TOLERANCE).any(axis=1)
        if inexact.any():
            points[inexact] = transform(self._operation, metres[inexact] + error[inexact], TransformDirection.INVERSE)
        if self.turn is not None:
            # PROJ leaves 180.00000000001 as it is.
            points[:, 0] -= self.turn * np.rint(points[:, 0] / self.turn)
        return points

    def _exactly(self, points: FloatArray, direction: TransformDirection) -> FloatArray:
        assert self._operation is not None
        images = transform(self._operation, points, direction)
        require_images(points, images, self._complaint, self.filename)
        return images

    @property
    def _complaint(self) -> str:
        return f"cannot be projected to {shortened(self.name)}"


def choose_projection(points: FloatArray, source: Crs, wanted_crs: str) -> Projection:
    """The projection of a file.

    With "auto" it is the UTM zone around the middle of the bounding box if every point is within 4.5 degrees of
    longitude of the zone's central meridian, 80 S to 84 N. Lengths are then off by between -0.04 % in the middle of the
    zone and +0.27 % at its edges. Any other file gets the Lambert azimuthal equal-area system around that middle, or
    around the pole if the file goes all around it: areas are true, and lengths are stretched or shrunk by 0.1 % at 5
    degrees of arc from the centre, 0.4 % at 10, 3.6 % at 30 and 16 % at 60, beyond which files are refused. A
    bounding box, unlike a mean, is not drawn towards the denser side. The antimeridian is no border.

    A file without points gets the system of longitude 0, latitude 0.

    Args:
        points: all coordinates of the file, float64 (n, 2), x (longitude) first, finite; n may be 0.
        source: their coordinate system.
        wanted_crs: a system in metres such as EPSG:3121, or "auto".

    Raises:
        InvalidParameters: ``wanted_crs`` is unknown or not in metres.
        InvalidInput: the file's system is unknown or of another planet, a point is off the globe, or the points are
            too far apart for "auto".
    """
    outside, filename = source.outside_domain(points), source.filename
    if outside.any():
        raise bad_point(points, int(np.argmax(outside)), "are no longitude and latitude", filename)
    turn = source.full_turn
    lower, upper = bounding_box(points, turn)
    try:
        name = automatic_crs(points, lower, upper, source) if wanted_crs == AUTOMATIC_CRS else wanted_crs
        target = metric_crs(name)
        if source.system == target:
            return Projection(name, filename)
        operation = operation_at((lower + upper) / 2, find_transformer(source.system, target))
    except ProjError as error:
        message = f"is in the coordinate system {shortened(source.name)}, which has no way to metres on the ground"
        raise InvalidInput(f"{message} ({explained(error)})", filename=filename) from error
    polynomial = None
    if len(points) >= _FEW_POINTS:
        lower, upper = _widened(lower, upper, source)
        polynomial = fit_box(lambda nodes: transform(operation, nodes), lower, upper, turn, _TOLERANCE)
    return Projection(name, filename, turn, operation, polynomial)


def _widened(lower: FloatArray, upper: FloatArray, source: Crs) -> tuple[FloatArray, FloatArray]:
    """The box with a margin for corners, as far as there are latitudes."""
    turn = source.full_turn
    if turn is None:
        margin = _MARGIN / source.system.axis_info[0].unit_conversion_factor
        return lower - margin, upper + margin
    margin = _MARGIN / _METRES_PER_DEGREE * turn / 360
    lower, upper = lower - margin, upper + margin
    lower[1], upper[1] = max(lower[1], -turn / 4), min(upper[1], turn / 4)
    return lower, upper
