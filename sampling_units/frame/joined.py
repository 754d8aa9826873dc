"""The frames of all files as one: GeoParquet in longitude and latitude, in parts when it is large."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from kmeans.arrays import FloatArray
from sampling_units.frame import schema
from sampling_units.frame.reading import Frame
from sampling_units.io.encoding import bounding_boxes, points_as_wkb
from sampling_units.io.geo_file import ROW_GROUP_ROWS
from sampling_units.io.geo_metadata import GEO_METADATA, geo_metadata
from sampling_units.io.provenance import PROVENANCE_METADATA, encode_provenance

# Some 150 MB on disk.
_ROWS_PER_PART = 500_000
# Columns after the id and those that the clusters are nested in.
_N_FIGURES = len(schema.COLUMNS) - 1


class JoinedFrame:
    """Collects frames, one after the other, and hands over each part when it is complete.

    Only the rows of one row group are held, and one part is on the disk at a time.
    """

    def __init__(
        self,
        folder: Path,
        column_prefix: str,
        provenance: dict[str, Any],
        hand_over: Callable[[Path, int], None],
    ) -> None:
        """Prepare to write parts in ``folder``.

        Args:
            column_prefix: as in the parameters.
            provenance: how the frames were made; noted in the parts.
            hand_over: gets the path and number of each part, and may not keep it.
        """
        self.n_parts = 0
        self.n_clusters = 0
        self._folder, self._prefix, self._hand_over = folder, column_prefix, hand_over
        self._provenance = provenance
        self._pending: list[pa.Table] = []
        self._n_pending = 0
        self._part: _Part | None = None

    def add(self, filename: str, frame: Frame) -> None:
        """Append the clusters of the input file ``filename``."""
        if not frame.ids:
            return
        self._pending.append(_as_table(filename, frame, self._prefix))
        self._n_pending += len(frame.ids)
        self.n_clusters += len(frame.ids)
        if self._n_pending >= ROW_GROUP_ROWS:
            self._flush()

    def close(self) -> None:
        """Write what is left."""
        self._flush()
        self._end_part()

    def _flush(self) -> None:
        """Write the pending rows as a row group, to a new part where they do not fit into the current one."""
        if not self._pending:
            return
        table = _concatenated(self._pending)
        self._pending, self._n_pending = [], 0
        part = self._part
        if part is not None:
            fitting = _cast(table, part.writer.schema)
            if fitting is None or part.n_rows + table.num_rows > _ROWS_PER_PART:
                self._end_part()
            table = table if fitting is None else fitting
        if self._part is None:
            path = self._folder / f"part-{self.n_parts}.parquet"
            layout = _with_metadata(table.schema, self._provenance)
            self._part = _Part(path, pq.ParquetWriter(path, layout, compression="zstd"))
        self._part.append(table.replace_schema_metadata(self._part.writer.schema.metadata))

    def _end_part(self) -> None:
        if self._part is None:
            return
        self._part.writer.close()
        self._hand_over(self._part.path, self.n_parts)
        self._part.path.unlink()
        self._part = None
        self.n_parts += 1


@dataclass
class _Part:
    """A file that is being written."""

    path: Path
    writer: pq.ParquetWriter
    n_rows: int = 0

    def append(self, table: pa.Table) -> None:
        self.writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
        self.n_rows += table.num_rows


def _with_metadata(layout: pa.Schema, provenance: dict[str, Any]) -> pa.Schema:
    """The schema as GeoParquet; where everything is, which may be left out, is not known before the end."""
    *_, centroid, geometry, bbox = layout.names
    descriptions = {geometry: schema.GEOMETRY_DESCRIPTION, centroid: schema.CENTROID_DESCRIPTION}
    nowhere = np.empty((0, 2))
    geo = geo_metadata(layout, geometry, descriptions, bbox, nowhere)
    return layout.with_metadata({GEO_METADATA: geo, PROVENANCE_METADATA: encode_provenance(provenance)})


def _as_table(filename: str, frame: Frame, prefix: str) -> pa.Table:
    """The clusters of a file; the columns that hold geometries are the last."""
    import shapely

    bounds: FloatArray = shapely.bounds(frame.polygons).reshape(-1, 4)
    values = {
        schema.ID: pa.array(frame.ids, pa.string()),
        schema.FILENAME: pa.array([filename] * len(frame.ids), pa.string()),
        schema.WEIGHT: pa.array(frame.weights),
        schema.STATUS: pa.array(frame.statuses, pa.string()),
        schema.N_POINTS: pa.array(frame.n_points),
        schema.AREA: pa.array(frame.areas),
        schema.RADIUS: pa.array(frame.radii),
        schema.PIECES: pa.array(frame.pieces),
        schema.CENTROID: points_as_wkb(frame.centroids, np.ones(len(frame.ids), bool)),
        schema.GEOMETRY: pa.array(shapely.to_wkb(frame.polygons), pa.binary()),
        schema.BBOX: bounding_boxes(bounds),
    }
    return schema.frame_table(values, frame.group, prefix)[0]


def _concatenated(tables: list[pa.Table]) -> pa.Table:
    """All rows; a nesting column that is a number in one file and a text in another becomes text."""
    try:
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    except (pa.ArrowTypeError, pa.ArrowInvalid):
        nested = {name for table in tables for name in table.column_names[1:-_N_FIGURES]}
        return pa.concat_tables([_with_text(table, nested) for table in tables]).combine_chunks()


def _cast(table: pa.Table, layout: pa.Schema) -> pa.Table | None:
    """The table with the types of the part so far, None if they do not hold it."""
    if table.column_names != layout.names:
        return None
    try:
        return table.cast(layout)
    except (pa.ArrowTypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _with_text(table: pa.Table, names: set[str]) -> pa.Table:
    fields = [pa.field(column.name, pa.string()) if column.name in names else column for column in table.schema]
    return table.cast(pa.schema(fields))
