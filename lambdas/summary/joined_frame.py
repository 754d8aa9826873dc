"""The frames of all files as one: GeoParquet in longitude and latitude, in parts when it is large."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kmeans.arrays import FloatArray
from lambdas.geodata.coordinate_operations import projjson
from lambdas.geodata.encoding import bounding_boxes, points_as_wkb
from lambdas.geodata.frame_reading import Frame
from lambdas.geodata.geo_file import PIECE_ROWS
from lambdas.geodata.geo_metadata import GEO_METADATA, LONGITUDE_LATITUDE, free_name, geo_metadata

# Some 150 MB on disk.
_ROWS_PER_PART = 500_000
# Columns after the id and those that the clusters are nested in.
_N_FIGURES = 10


class JoinedFrame:
    """Collects frames, one after the other, and hands over each part when it is complete.

    Only the rows of one row group are held, and one part is on the disk at a time.
    """

    def __init__(self, folder: Path, column_prefix: str, hand_over: Callable[[Path, int], None]) -> None:
        """Parts are written in ``folder``; ``hand_over`` gets the path and number of each, and may not keep it."""
        self.n_parts = 0
        self.n_clusters = 0
        self._folder, self._prefix, self._hand_over = folder, column_prefix, hand_over
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
        if self._n_pending >= PIECE_ROWS:
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
        if part is not None and (
            part.n_rows + table.num_rows > _ROWS_PER_PART or not table.schema.equals(part.writer.schema)
        ):
            self._end_part()
        if self._part is None:
            path = self._folder / f"part-{self.n_parts}.parquet"
            self._part = _Part(path, pq.ParquetWriter(path, table.schema, compression="zstd"))
        self._part.append(table)

    def _end_part(self) -> None:
        if self._part is None:
            return
        self._part.close()
        self._hand_over(self._part.path, self.n_parts)
        self._part.path.unlink()
        self._part = None
        self.n_parts += 1


@dataclass
class _Part:
    """A file that is being written.

    Attributes:
        corners: float64 (1, 4) for each row group, shapely's bounds of what is in it.
    """

    path: Path
    writer: pq.ParquetWriter
    n_rows: int = 0
    corners: list[FloatArray] = field(default_factory=list)

    def append(self, table: pa.Table) -> None:
        self.writer.write_table(table, row_group_size=PIECE_ROWS)
        self.n_rows += table.num_rows
        boxes = table.column(table.num_columns - 1).combine_chunks().flatten()
        ends = [pc.min(boxes[0]), pc.min(boxes[1]), pc.max(boxes[2]), pc.max(boxes[3])]
        self.corners.append(np.array([[np.nan if end.as_py() is None else end.as_py() for end in ends]]))

    def close(self) -> None:
        schema = self.writer.schema
        *_, centroid, geometry, bbox = schema.names
        crs = projjson(LONGITUDE_LATITUDE)
        descriptions = {
            geometry: {"encoding": "WKB", "geometry_types": ["MultiPolygon", "Polygon"], "crs": crs},
            centroid: {"encoding": "WKB", "geometry_types": ["Point"], "crs": crs},
        }
        corners = np.concatenate(self.corners)
        metadata = geo_metadata(schema, geometry, descriptions, bbox, corners[:, :2], corners[:, 2:])
        self.writer.add_key_value_metadata({GEO_METADATA: metadata})
        self.writer.close()


def _as_table(filename: str, frame: Frame, prefix: str) -> pa.Table:
    """The clusters of a file; the columns that hold geometries are the last."""
    import shapely

    bounds: FloatArray = shapely.bounds(frame.polygons).reshape(-1, 4)
    named: dict[str, pa.Array] = {f"{prefix}id": pa.array(frame.ids, pa.string()), **frame.group}
    ours = {
        "filename": pa.array([filename] * len(frame.ids), pa.string()),
        f"{prefix}weight": pa.array(frame.weights),
        f"{prefix}status": pa.array(frame.statuses, pa.string()),
        "n_points": pa.array(frame.n_points),
        "area_m2": pa.array(frame.areas),
        "radius_m": pa.array(frame.radii),
        "pieces": pa.array(frame.pieces),
        "centroid": points_as_wkb(frame.centroids, np.ones(len(frame.ids), bool)),
        "geometry": pa.array(shapely.to_wkb(frame.polygons), pa.binary()),
        "bbox": bounding_boxes(bounds[:, :2], bounds[:, 2:]),
    }
    return pa.table(named | {free_name(name, list(named)): column for name, column in ours.items()})


def _concatenated(tables: list[pa.Table]) -> pa.Table:
    """All rows; a nesting column that is a number in one file and a text in another becomes text."""
    try:
        return pa.concat_tables(tables, promote_options="permissive").combine_chunks()
    except pa.ArrowTypeError:
        nested = {name for table in tables for name in table.column_names[1:-_N_FIGURES]}
        return pa.concat_tables([_with_text(table, nested) for table in tables]).combine_chunks()


def _with_text(table: pa.Table, names: set[str]) -> pa.Table:
    fields = [pa.field(column.name, pa.string()) if column.name in names else column for column in table.schema]
    return table.cast(pa.schema(fields))
