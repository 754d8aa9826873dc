"""Which columns hold the coordinates of a file: a geometry column, or two columns of numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from kmeans.arrays import FloatArray
from sampling_units.crs.systems import LONGITUDE_LATITUDE, Crs
from sampling_units.errors import InvalidInput, InvalidParameters
from sampling_units.formatting import shortened
from sampling_units.io.columns import is_number
from sampling_units.io.geo_file import GeoFile
from sampling_units.io.geo_metadata import GeometryColumn

# Usual names of longitude and latitude, in the order in which they are looked for; upper and lower case are alike.
_USUAL_NAMES = (("longitude", "latitude"), ("lon", "lat"), ("lng", "lat"), ("long", "lat"), ("x", "y"))


@dataclass(frozen=True)
class CoordinateColumns:
    """Two columns of numbers: longitude and latitude, or x and y of a projected coordinate system."""

    x: str
    y: str


@dataclass(frozen=True)
class CoordinateSource:
    """Where the coordinates of a file are found.

    Attributes:
        columns: the geometry column, or the two columns of numbers.
        crs: their coordinate system; None: the file says that it is unknown.
        is_geographic: whether the coordinates are degrees, as far as the file says.
    """

    columns: GeometryColumn | CoordinateColumns
    crs: Crs | None
    is_geographic: bool

    @property
    def names(self) -> tuple[str, ...]:
        if isinstance(self.columns, GeometryColumn):
            return (self.columns.name,)
        return (self.columns.x, self.columns.y)


def find_coordinates(
    file: GeoFile, x_column: str | None = None, y_column: str | None = None, input_crs: str | None = None
) -> CoordinateSource:
    """The columns with the coordinates of the rows.

    Args:
        file: the file.
        x_column, y_column: names given by the user; they are preferred to a geometry column.
        input_crs: coordinate system of files that do not name one.

    Raises:
        InvalidInput: there is neither a geometry nor a pair of coordinate columns, or their type is wrong.
        InvalidParameters: ``input_crs`` is unknown.
    """
    if input_crs is not None:
        check_input_crs(input_crs)
    named_crs = None if input_crs is None else Crs(input_crs, file.filename)
    if x_column is not None and y_column is not None:
        pair = CoordinateColumns(x_column, y_column)
    elif file.geometry is not None:
        crs = file.geometry.crs or named_crs
        return CoordinateSource(file.geometry, crs, crs is not None and crs.is_geographic)
    else:
        pair = _detected(file)
    for name in (pair.x, pair.y):
        data_type = file.require_column(name)
        if not is_number(data_type):
            message = f"has the type {shortened(data_type)}, not a number"
            raise InvalidInput(message, filename=file.filename, column=name)
    crs = named_crs or Crs(LONGITUDE_LATITUDE, file.filename)
    return CoordinateSource(pair, crs, crs.is_geographic)


def check_input_crs(name: str) -> None:
    """Refuse an ``input_crs`` parameter that names no coordinate system.

    Raises:
        InvalidParameters: it is unknown.

    >>> check_input_crs("EPSG:3121")
    """
    try:
        _ = Crs(name).system
    except InvalidInput as error:
        raise InvalidParameters(f"input_crs {shortened(name)!r} is not known", value=shortened(name)) from error


def usual_columns(names: Iterable[str]) -> CoordinateColumns | None:
    """The pair of columns that is called as coordinates usually are, None if there is none.

    >>> usual_columns(["id", "Lat", "Lon"])
    CoordinateColumns(x='Lon', y='Lat')
    """
    by_lower_case = {name.lower(): name for name in reversed(list(names))}
    for x, y in _USUAL_NAMES:
        if x in by_lower_case and y in by_lower_case:
            return CoordinateColumns(by_lower_case[x], by_lower_case[y])
    return None


def _detected(file: GeoFile) -> CoordinateColumns:
    pair = usual_columns(file.schema.names)
    if pair is not None:
        return pair
    raise InvalidInput(
        "is Parquet, but not GeoParquet: it has no `geo` metadata, and no columns named longitude and latitude (or "
        "lon and lat, lng and lat, x and y); name them with longitude_column and latitude_column "
        "(--longitude-column, --latitude-column)",
        filename=file.filename,
    )


def known_crs(coordinates: CoordinateSource, points: FloatArray, filename: str) -> Crs:
    """The coordinate system of a file; if the file does not know it, degrees, if all ``points`` can be degrees.

    Args:
        coordinates: where the points were read.
        points: float64 (n, 2), NaN where a row has none.
        filename: for error messages.

    Raises:
        InvalidInput: it is unknown, and the numbers are too large for degrees.
    """
    if coordinates.crs is not None:
        return coordinates.crs
    # Comparisons with NaN are False, so rows without coordinates do not matter here.
    if not ((abs(points[:, 0]) > 180).any() or (abs(points[:, 1]) > 90).any()):
        return Crs(LONGITUDE_LATITUDE, filename)
    raise InvalidInput(
        "has no coordinate system, and its coordinates are no longitudes and latitudes; name it with "
        "input_crs (--input-crs)",
        filename=filename,
        column=", ".join(coordinates.names),
    )
