"""The columns of a sampling frame, each declared once: what is written, joined and read takes them from here."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from sampling_units.io.geo_metadata import BBOX_FIELDS, free_name


@dataclass(frozen=True)
class FrameColumn:
    """A column of a frame.

    Attributes:
        name: its usual name; a grouping column of the same name keeps it, and this one gets an underscore before it.
        type: Arrow type.
        has_prefix: whether the parameter ``column_prefix`` comes before the name.
        is_joined_only: whether only the joined frame of many files has it.
    """

    name: str
    type: pa.DataType
    has_prefix: bool = False
    is_joined_only: bool = False


ID = FrameColumn("id", pa.string(), has_prefix=True)
# After the id come the grouping columns, then these.
FILENAME = FrameColumn("filename", pa.string(), is_joined_only=True)
WEIGHT = FrameColumn("weight", pa.float64(), has_prefix=True)
STATUS = FrameColumn("status", pa.string(), has_prefix=True)
N_POINTS = FrameColumn("n_points", pa.int64())
AREA = FrameColumn("area_m2", pa.float64())
RADIUS = FrameColumn("radius_m", pa.float64())
PIECES = FrameColumn("pieces", pa.int64())
CENTROID = FrameColumn("centroid", pa.binary())
GEOMETRY = FrameColumn("geometry", pa.binary())
BBOX = FrameColumn("bbox", pa.struct([(field, pa.float64()) for field in BBOX_FIELDS]))
COLUMNS = (ID, FILENAME, WEIGHT, STATUS, N_POINTS, AREA, RADIUS, PIECES, CENTROID, GEOMETRY, BBOX)
# What GeoParquet says of the geometries of a frame, besides the coordinate system.
GEOMETRY_DESCRIPTION = {"encoding": "WKB", "geometry_types": ["MultiPolygon", "Polygon"]}
CENTROID_DESCRIPTION = {"encoding": "WKB", "geometry_types": ["Point"]}


def column_names(column_prefix: str, group_by: Iterable[str]) -> dict[FrameColumn, str]:
    """The names that the columns have in a frame with these grouping columns.

    >>> names = column_names("cluster_", ["province", "n_points"])
    >>> names[WEIGHT], names[N_POINTS]
    ('cluster_weight', '_n_points')
    """
    taken = [column_prefix + ID.name, *group_by]
    names = {ID: taken[0]}
    for column in COLUMNS[1:]:
        names[column] = free_name(f"{column_prefix}{column.name}" if column.has_prefix else column.name, taken)
    return names


def frame_table(
    values: Mapping[FrameColumn, pa.Array], group: Mapping[str, pa.Array], column_prefix: str
) -> tuple[pa.Table, dict[FrameColumn, str]]:
    """The table of a frame, and the names of its columns.

    Args:
        values: of each column, length k.
        group: of each grouping column, length k.
        column_prefix: see ``FrameColumn``.
    """
    names = column_names(column_prefix, group)
    arrays = {names[ID]: values[ID], **group}
    arrays |= {names[column]: values[column] for column in COLUMNS[1:] if column in values}
    return pa.table(arrays), names


def missing_columns(present: Sequence[str], names: Mapping[FrameColumn, str]) -> list[str]:
    """Names of columns that the frame of a file has to have and that are not, or not once, among ``present``."""
    return [name for column, name in names.items() if not column.is_joined_only and present.count(name) != 1]
