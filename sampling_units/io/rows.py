"""What a clustering needs of every row of a file: coordinates, weight, group, and whether it is urban.

Only the columns with these are decoded, chunk by chunk, into arrays of numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kmeans.arrays import BoolArray, FloatArray, IntArray
from kmeans.spatial.rows import finite_rows
from sampling_units.crs.systems import Crs
from sampling_units.errors import InvalidInput
from sampling_units.io import columns
from sampling_units.io.columns import Grouping
from sampling_units.io.coordinates import CoordinateSource, known_crs
from sampling_units.io.geo_file import GeoFile
from sampling_units.io.geo_metadata import GeometryColumn
from sampling_units.io.geometry import Defect, Geometries, decode, from_points

# Rows that an error lists.
_NAMED_ROWS = 10


@dataclass(frozen=True)
class WantedColumns:
    """Columns to read besides the coordinates; None: the rows have no such column.

    Attributes:
        weight: numbers, the weight of each row; without it every row weighs 1.
        group_by: columns whose values make the groups.
        urban: tells urban rows from rural ones.
        urban_values: values of ``urban`` that mean urban; empty: the usual ones.
    """

    weight: str | None = None
    group_by: Sequence[str] = ()
    urban: str | None = None
    urban_values: Sequence[str] = ()


@dataclass(frozen=True)
class Rows:
    """The rows of a file as arrays; n is the number of all of them.

    Attributes:
        points: float64 (n, 2), the point or the centroid in the coordinates of the file; NaN where there is none.
        n_corners, corners, bounds: as in ``Geometries``.
        coordinates: the columns that they come from.
        crs: their coordinate system.
        weights: float64 (n,).
        is_sound: bool (n,), False for rows that cannot be clustered.
        grouping: the groups that clusters must not mix.
        is_urban: bool (n,), None if it was not wanted.
    """

    points: FloatArray
    n_corners: IntArray | None
    corners: FloatArray
    bounds: FloatArray | None
    coordinates: CoordinateSource
    crs: Crs
    weights: FloatArray
    is_sound: BoolArray
    grouping: Grouping
    is_urban: BoolArray | None

    @property
    def boxes(self) -> FloatArray:
        """Bounding boxes of the rows, float64 (n, 4), or (n, 2) where all rows are points."""
        return self.points if self.bounds is None else self.bounds


def read_rows(file: GeoFile, coordinates: CoordinateSource, wanted: WantedColumns, *, drop_invalid: bool) -> Rows:
    """Read every row of ``file``.

    Raises:
        InvalidInput: a column is missing or of a wrong type; or a row cannot be clustered and ``drop_invalid`` is
            off, which names the first such rows.
    """
    named = [*coordinates.names, wanted.weight, wanted.urban, *wanted.group_by]
    needed = list(dict.fromkeys(name for name in named if name is not None))
    for name in needed:
        file.require_column(name)
    geometries: list[Geometries] = []
    weights: list[tuple[FloatArray, BoolArray]] = []
    urban: list[BoolArray] = []
    group_columns: dict[str, list[pa.Array]] = {name: [] for name in wanted.group_by}
    first_row = 0
    for table in file.tables(needed):
        geometries.append(_geometries(table, coordinates, file.filename))
        if wanted.weight is not None:
            weights.append(columns.numbers(table[wanted.weight], wanted.weight, file.filename))
        if wanted.urban is not None:
            flags = table[wanted.urban]
            urban.append(columns.is_urban(flags, wanted.urban, wanted.urban_values, file.filename, first_row))
        for name, chunks in group_columns.items():
            chunks.append(columns.encoded(table[name], name, file.filename))
        first_row += table.num_rows
    joined = _join(geometries)
    crs = known_crs(coordinates, joined.points, file.filename)
    defect = joined.defect
    off_the_globe = crs.outside_domain(joined.points)
    if joined.n_corners is not None:
        row_of_corner = np.repeat(np.arange(file.n_rows), joined.n_corners)
        off_the_globe[row_of_corner[crs.outside_domain(joined.corners)]] = True
    if off_the_globe.any():
        defect[(defect == Defect.NONE) & off_the_globe] = Defect.OFF_THE_GLOBE
    weight = np.ones(file.n_rows)
    if wanted.weight is not None:
        weight = np.concatenate([values for values, _ in weights])
        is_invalid = ~(np.isfinite(weight) & (weight >= 0))
        if is_invalid.any():
            is_null = np.concatenate([nulls for _, nulls in weights])
            defect[(defect == Defect.NONE) & is_invalid] = Defect.WEIGHT_INVALID
            defect[(defect == Defect.WEIGHT_INVALID) & is_null] = Defect.WEIGHT_MISSING
    if not drop_invalid and defect.any():
        raise _complaint(file.filename, joined, weight, coordinates, wanted.weight)
    return Rows(
        points=joined.points,
        n_corners=joined.n_corners,
        corners=joined.corners,
        bounds=joined.bounds,
        coordinates=coordinates,
        crs=crs,
        weights=weight,
        is_sound=defect == Defect.NONE,
        grouping=columns.group(group_columns, file.n_rows),
        is_urban=np.concatenate(urban) if urban else None,
    )


def _geometries(table: pa.Table, coordinates: CoordinateSource, filename: str) -> Geometries:
    if isinstance(coordinates.columns, GeometryColumn):
        return decode(table[coordinates.columns.name], coordinates.columns, coordinates.is_geographic)
    (x, no_x), (y, no_y) = (columns.numbers(table[name], name, filename) for name in coordinates.names)
    return from_points(np.column_stack([x, y]), no_x | no_y)


def _join(chunks: list[Geometries]) -> Geometries:
    """The chunks of a file as one; points among shapes are their own corner and bounds."""
    if len(chunks) == 1:
        return chunks[0]
    points = np.concatenate([chunk.points for chunk in chunks])
    defect = np.concatenate([chunk.defect for chunk in chunks])
    if all(chunk.n_corners is None for chunk in chunks):
        return Geometries(points, None, np.empty((0, 2)), None, defect)
    as_shapes = [_as_shapes(chunk) for chunk in chunks]
    return Geometries(
        points,
        np.concatenate([n_corners for n_corners, _, _ in as_shapes]),
        np.concatenate([corners for _, corners, _ in as_shapes]),
        np.concatenate([bounds for _, _, bounds in as_shapes]),
        defect,
    )


def _as_shapes(chunk: Geometries) -> tuple[IntArray, FloatArray, FloatArray]:
    if chunk.n_corners is not None and chunk.bounds is not None:
        return chunk.n_corners, chunk.corners, chunk.bounds
    is_there = finite_rows(chunk.points)
    return is_there.astype(np.int64), chunk.points[is_there], np.hstack([chunk.points, chunk.points])


def _complaint(
    filename: str,
    geometries: Geometries,
    weights: FloatArray,
    coordinates: CoordinateSource,
    weight_column: str | None,
) -> InvalidInput:
    """The error about the first row that cannot be clustered, which lists the other such rows too."""
    rows = np.flatnonzero(geometries.defect)
    row = int(rows[0])
    defect = Defect(int(geometries.defect[row]))
    point = f"({geometries.points[row, 0]}, {geometries.points[row, 1]})"
    weight = str(weights[row])
    place = "geometry" if isinstance(coordinates.columns, GeometryColumn) else "longitude or latitude"
    column = weight_column if defect in (Defect.WEIGHT_MISSING, Defect.WEIGHT_INVALID) else ", ".join(coordinates.names)
    message, value = {
        Defect.MISSING: (f"the {place} is missing", "null"),
        Defect.BROKEN: ("the geometry is broken WKB", None),
        Defect.WRONG_KIND: ("the geometry is neither a point nor a polygon", None),
        Defect.EMPTY: ("the geometry is empty", None),
        Defect.NOT_FINITE: (f"the coordinates are {point}, not finite numbers", point),
        Defect.OFF_THE_GLOBE: (f"{point} are no longitude and latitude", point),
        Defect.WEIGHT_MISSING: ("the weight is missing", "null"),
        Defect.WEIGHT_INVALID: (f"the weight is {weight}, but has to be a finite number of at least 0", weight),
    }[defect]
    if len(rows) > 1:
        listed = ", ".join(map(str, rows[:_NAMED_ROWS]))
        which = "these" if len(rows) <= _NAMED_ROWS else "the first of them"
        message += f"; {len(rows):,} rows cannot be clustered, {which}: {listed}"
    message += ". Correct the values, or leave such rows out with drop_invalid (--drop-invalid)"
    return InvalidInput(message, filename=filename, column=column, row=row, value=value)
