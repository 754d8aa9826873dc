"""The rows of a file as the algorithm wants them: sound ones only, in metres, with their weights and groups."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

import kmeans
from kmeans.arrays import FloatArray, IntArray
from sampling_units import memory
from sampling_units.crs.antimeridian import LongitudeWindow, longitude_window
from sampling_units.crs.projection import Projection, choose_projection
from sampling_units.errors import InvalidInput
from sampling_units.formats import open_input
from sampling_units.formatting import counted
from sampling_units.io.clustered_file import require_free_columns
from sampling_units.io.coordinates import find_coordinates
from sampling_units.io.geo_file import ROW_GROUP_ROWS, GeoFile
from sampling_units.io.rows import Rows, WantedColumns, read_rows
from sampling_units.lattice.cells import Cells, find_cells
from sampling_units.parameters import RunParameters

# The least memory that a row takes while its file is clustered, and a value while its chunk of the file is held. A file
# that takes more than this fails when the memory is used up.
_BYTES_PER_ROW, _BYTES_PER_VALUE = 250, 4


@dataclass(frozen=True)
class JobInput:
    """A file ready to be clustered; m of its n rows are sound.

    Attributes:
        file: the input, from which the outputs take all columns.
        rows: all n rows in the coordinates of the file.
        projection: from these to metres.
        points: float64 (m, 2), metres.
        footprints: corners of polygons in metres; None if all rows are points.
        window: in which longitudes do not jump; None if the file has none.
        cells: the lattice of the points, if they are on one.
        weights: float64 (m,).
        groups: int64 (m,), group of each row.
        parameters: the algorithm's parameters for each group.
        params: those of the run.
    """

    file: GeoFile
    rows: Rows
    projection: Projection
    points: FloatArray
    footprints: "kmeans.Footprints | None"
    window: LongitudeWindow | None
    cells: Cells | None
    weights: FloatArray
    groups: IntArray
    parameters: list[kmeans.Parameters]
    params: RunParameters


def read_input(source: Any, filename: str, params: RunParameters) -> JobInput:
    """Read and project a file.

    Args:
        source: a path, or a file object of pyarrow.
        filename: named by errors.
        params: columns to read, and the coordinate system to work in.

    Raises:
        InvalidInput: something in the file is wrong; names column, row and value.
        InvalidParameters: a parameter does not fit the file.
        FileTooLarge: by the number of its rows and columns it cannot fit into the memory that there is.
    """
    file = open_input(source, filename)
    _require_memory(file)
    require_free_columns(file, params.column_prefix)
    coordinates = find_coordinates(file, params.longitude_column, params.latitude_column, params.input_crs)
    wanted = WantedColumns(
        weight=params.weight_column,
        group_by=params.group_by,
        urban=params.urban_column if params.tells_settlements_apart and file.n_rows else None,
        urban_values=params.urban_values,
    )
    rows = read_rows(file, coordinates, wanted, drop_invalid=params.drop_invalid)
    points, weights, groups = rows.points, rows.weights, rows.grouping.number
    if not rows.is_sound.all():
        points, weights, groups = points[rows.is_sound], weights[rows.is_sound], groups[rows.is_sound]
    sound = np.flatnonzero(rows.is_sound)
    with _rows_named(sound):
        projection = choose_projection(points, rows.crs, params.crs)
        metres = projection.to_metres(points)
    window = longitude_window(points, metres, projection)
    return JobInput(
        file=file,
        rows=rows,
        projection=projection,
        points=metres,
        footprints=_footprints(rows, projection),
        window=window,
        cells=find_cells(rows, metres, window),
        weights=weights,
        groups=groups,
        parameters=_parameters_of_groups(rows, params),
        params=params,
    )


def _require_memory(file: GeoFile) -> None:
    """A few kilobytes can hold a billion rows: refused before anything is decoded."""
    n_columns = len(file.schema)
    n_bytes = file.n_rows * _BYTES_PER_ROW + min(file.n_rows, ROW_GROUP_ROWS) * n_columns * _BYTES_PER_VALUE
    memory.require(file.filename, n_bytes, f"{counted(file.n_rows, 'row')} of {counted(n_columns, 'column')}")


@contextmanager
def _rows_named(rows: IntArray) -> Iterator[None]:
    """Errors of a projection count the points it was given; ``rows`` are the rows of the file they belong to."""
    try:
        yield
    except InvalidInput as error:
        if "row" not in error.where:
            raise
        raise InvalidInput(error.message, **error.where | {"row": int(rows[error.where["row"]])}) from error


def _footprints(rows: Rows, projection: Projection) -> "kmeans.Footprints | None":
    """Corners of the sound rows."""
    if rows.n_corners is None:
        return None
    with _rows_named(np.repeat(np.arange(len(rows.points)), np.where(rows.is_sound, rows.n_corners, 0))):
        corners = projection.to_metres(rows.corners[np.repeat(rows.is_sound, rows.n_corners)])
    return kmeans.Footprints(np.concatenate([[0], np.cumsum(rows.n_corners[rows.is_sound])]), corners)


def _parameters_of_groups(rows: Rows, params: RunParameters) -> list[kmeans.Parameters]:
    """The algorithm's parameters for each group: one is urban when at least half of its weight is in urban rows."""
    n_groups = len(rows.grouping)
    if rows.is_urban is None:
        return [params.for_settlement(is_urban=True)] * n_groups
    number, weights = rows.grouping.number[rows.is_sound], rows.weights[rows.is_sound]
    total = np.bincount(number, weights, n_groups)
    urban = np.bincount(number, weights * rows.is_urban[rows.is_sound], n_groups)
    by_kind = {is_urban: params.for_settlement(is_urban) for is_urban in (True, False)}
    return [by_kind[bool(is_urban)] for is_urban in 2 * urban >= total]
