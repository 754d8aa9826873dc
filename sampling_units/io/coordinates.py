"""Where the rows of a file say what place they have: in a geometry column, or in two columns of numbers."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kmeans.arrays import FloatArray
from sampling_units.crs.systems import LONGITUDE_LATITUDE, parse_crs
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
class Places:
    """Where to find the place of a row.

    Attributes:
        source: the column or columns.
        crs: their coordinate system as pyproj reads it; None: the file says that nobody knows.
    """

    source: GeometryColumn | CoordinateColumns
    crs: Any

    @property
    def columns(self) -> tuple[str, ...]:
        if isinstance(self.source, GeometryColumn):
            return (self.source.name,)
        return (self.source.x, self.source.y)

    @property
    def is_geographic(self) -> bool:
        """Whether the coordinates are degrees, as far as the file says."""
        return self.crs is not None and parse_crs(self.crs, "").is_geographic


def find_places(file: GeoFile, x_column: str | None, y_column: str | None, input_crs: str | None) -> Places:
    """The columns with the places of the rows.

    Args:
        file: the file.
        x_column, y_column: names given by the user; they go before a geometry column.
        input_crs: coordinate system of files that do not name one.

    Raises:
        InvalidInput: there is neither a geometry nor a pair of coordinate columns, or their type is wrong.
        InvalidParameters: ``input_crs`` is unknown.
    """
    if input_crs is not None:
        check_input_crs(input_crs)
    if x_column is not None and y_column is not None:
        source = CoordinateColumns(x_column, y_column)
    elif file.geometry is not None:
        crs = file.geometry.crs if file.geometry.crs is not None else input_crs
        if crs is not None:
            parse_crs(crs, file.filename)
        return Places(file.geometry, crs)
    else:
        source = _detected(file)
    for name in (source.x, source.y):
        data_type = file.require_column(name)
        if not is_number(data_type):
            message = f"has the type {shortened(data_type)}, not a number"
            raise InvalidInput(message, filename=file.filename, column=name)
    return Places(source, input_crs or LONGITUDE_LATITUDE)


def check_input_crs(name: str) -> None:
    """Refuse an ``input_crs`` parameter that names no coordinate system.

    Raises:
        InvalidParameters: it is unknown.
    """
    try:
        parse_crs(name, "")
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


def known_crs(places: Places, points: FloatArray, filename: str) -> Any:
    """The coordinate system of the places; where the file leaves it open, degrees if all ``points`` could be some.

    Raises:
        InvalidInput: nobody knows, and the numbers are too large for degrees.
    """
    if places.crs is not None:
        return places.crs
    # Comparisons with NaN are False: what has no place does not matter here.
    if not ((abs(points[:, 0]) > 180).any() or (abs(points[:, 1]) > 90).any()):
        return LONGITUDE_LATITUDE
    raise InvalidInput(
        "has no coordinate system, and its coordinates are no longitudes and latitudes; name it with "
        "input_crs (--input-crs)",
        filename=filename,
        column=", ".join(places.columns),
    )
