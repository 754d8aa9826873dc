"""Writes the input again with its clusters: every row and column in input order, as GeoParquet 1.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from kmeans.arrays import FloatArray, IntArray
from sampling_units.errors import InvalidInput
from sampling_units.io.encoding import bounding_boxes, points_as_wkb
from sampling_units.io.geo_file import ROW_GROUP_ROWS, GeoFile, regrouped
from sampling_units.io.geo_metadata import BBOX_FIELDS, GEO_METADATA, GeometryColumn, free_name, geo_metadata
from sampling_units.io.parquet_output import open_writer
from sampling_units.io.provenance import PROVENANCE_METADATA
from sampling_units.io.rows import Rows

# What `cluster_status` says of a row that was left out.
INVALID = "invalid"
_COLUMNS = ("id", "weight", "status")


@dataclass(frozen=True)
class ClusterColumns:
    """The columns that a clustered file has besides those of its input: id, weight and status of each row's cluster.

    Attributes:
        labels: int64 (n,), cluster of each row, -1 for rows that were left out.
        ids, statuses: text of each cluster.
        weights: float64 (k,).
        prefix: of the names of the columns.
    """

    labels: IntArray
    ids: list[str]
    weights: FloatArray
    statuses: list[str]
    prefix: str

    @property
    def names(self) -> tuple[str, ...]:
        return added_columns(self.prefix)


def added_columns(prefix: str) -> tuple[str, ...]:
    """Names of the columns that a clustered file has besides those of its input.

    >>> added_columns("psu_")
    ('psu_id', 'psu_weight', 'psu_status')
    """
    return tuple(prefix + suffix for suffix in _COLUMNS)


def require_free_columns(file: GeoFile, prefix: str) -> None:
    """Refuse an input that already has a column which the output adds.

    Raises:
        InvalidInput: names the column, and the parameter that gives the new columns other names.
    """
    for name in added_columns(prefix):
        if name in file.schema.names:
            raise InvalidInput(
                "already has this column, which the output adds; rename it, or choose other names with the parameter "
                "column_prefix (--column-prefix psu_ adds psu_id, psu_weight and psu_status)",
                filename=file.filename,
                column=name,
            )


def write_clustered(sink: Any, file: GeoFile, rows: Rows, clusters: ClusterColumns, provenance: bytes) -> None:
    """Write the rows of a file with their clusters, one row group at a time.

    A file without a geometry column gets one with points. A column of bounding boxes is added unless the input has
    one, so that readers can skip rows that are far away.

    Args:
        sink: a path or a file object.
        file: the input.
        rows: what ``read_rows`` has read of it.
        clusters: the new columns.
        provenance: how the output is made, for its metadata.
    """
    layout = _layout(file, rows, clusters.names, provenance)
    # The last entry is for rows that were left out.
    by_cluster = pa.RecordBatch.from_arrays(
        [
            pa.array([*clusters.ids, None], pa.string()),
            pa.array([*clusters.weights.tolist(), None], pa.float64()),
            pa.array([*clusters.statuses, INVALID], pa.string()),
        ],
        _COLUMNS,
    )
    entry = np.where(clusters.labels < 0, len(clusters.ids), clusters.labels)
    encoded = [field.name for field in file.schema if pa.types.is_dictionary(field.type)]
    with open_writer(
        sink, layout.schema, file.n_rows, layout.bbox_column, dictionaries=encoded, repeated=clusters.names
    ) as writer:
        begin = 0
        for table in regrouped(file.tables()):
            part = slice(begin, begin + table.num_rows)
            begin += table.num_rows
            new = by_cluster.take(pa.array(entry[part])).columns
            if layout.adds_geometry:
                new.append(points_as_wkb(rows.points[part], rows.is_sound[part]))
            if layout.adds_bbox:
                new.append(bounding_boxes(rows.boxes[part]))
            arrays = [*table.columns, *new]
            writer.write_table(pa.Table.from_arrays(arrays, schema=layout.schema), ROW_GROUP_ROWS)


@dataclass(frozen=True)
class _Layout:
    schema: pa.Schema
    adds_geometry: bool
    bbox_column: str
    adds_bbox: bool


def _layout(file: GeoFile, rows: Rows, names: Sequence[str], provenance: bytes) -> _Layout:
    """Schema of the output with its metadata."""
    schema = file.schema
    types = (pa.string(), pa.float64(), pa.string())
    for name, data_type in zip(names, types, strict=True):
        schema = schema.append(pa.field(name, data_type))
    source = rows.coordinates.columns
    adds_geometry = not isinstance(source, GeometryColumn)
    if isinstance(source, GeometryColumn):
        geometry, description, bbox_column = source.name, dict(source.description), source.bbox_column
    else:
        geometry, bbox_column = free_name("geometry", schema.names), None
        description = {"encoding": "WKB", "geometry_types": ["Point"], "crs": rows.crs}
        schema = schema.append(pa.field(geometry, pa.binary()))
    adds_bbox = bbox_column is None
    if bbox_column is None:
        bbox_column = free_name("bbox", schema.names)
        schema = schema.append(pa.field(bbox_column, pa.struct([(field, pa.float64()) for field in BBOX_FIELDS])))
    metadata = dict(file.schema.metadata or {})
    metadata[GEO_METADATA] = geo_metadata(
        file.schema, geometry, file.geometries | {geometry: description}, bbox_column, rows.boxes
    )
    metadata[PROVENANCE_METADATA] = provenance
    return _Layout(schema.with_metadata(metadata), adds_geometry, bbox_column, adds_bbox)
