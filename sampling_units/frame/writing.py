"""Writes the sampling frame of a file: one row for each cluster, with its figures and its polygon."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kmeans.arrays import FloatArray, IntArray
from sampling_units.crs.antimeridian import cut
from sampling_units.errors import InvalidInput
from sampling_units.frame import schema
from sampling_units.io.clustered_file import ClusterColumns
from sampling_units.io.encoding import bounding_boxes, points_as_wkb
from sampling_units.io.geo_file import ROW_GROUP_ROWS
from sampling_units.io.geo_metadata import GEO_METADATA, geo_metadata
from sampling_units.io.parquet_output import open_writer
from sampling_units.io.provenance import PROVENANCE_METADATA
from sampling_units.job_input import JobInput
from sampling_units.polygons.cluster_polygons import lattice_polygons, voronoi_polygons


@dataclass(frozen=True)
class FrameFigures:
    """Figures of the k clusters besides those that every row is told.

    Attributes:
        group: values of the grouping columns, Arrow arrays of length k.
        n_points, pieces: int64 (k,).
        radius: float64 (k,), metres.
        centroid: float64 (k, 2), metres.
    """

    group: dict[str, pa.Array]
    n_points: IntArray
    pieces: IntArray
    radius: FloatArray
    centroid: FloatArray


def cluster_polygons(job_input: JobInput, clusters: ClusterColumns) -> npt.NDArray[np.object_]:
    """Polygon of each cluster in the coordinates of the file; None for a cluster that has no area of its own.

    Where rows are cells of a lattice it is the union of the cells, otherwise of those of the Voronoi diagram. Polygons
    that reach past the antimeridian are cut there, unless the file itself counts longitudes beyond it.

    Raises:
        InvalidInput: a cluster lies around a pole, where no polygon in degrees can.
    """
    import shapely

    k = len(clusters.ids)
    if k == 0:
        return np.empty(0, dtype=object)
    rows, projection, window, cells = job_input.rows, job_input.projection, job_input.window, job_input.cells
    labels = clusters.labels[rows.is_sound]

    def to_file(points: FloatArray) -> FloatArray:
        coordinates = projection.to_source(points)
        return coordinates if window is None else window.unwrap(coordinates)

    if cells is not None and cells.are_filled:
        polygons = lattice_polygons(cells.lattice, labels, k, rows.weights[rows.is_sound])
        if cells.is_in_metres:
            polygons = _transformed(polygons, to_file)
    else:
        corners = None if job_input.footprints is None else job_input.footprints.corners
        polygons = _transformed(voronoi_polygons(job_input.points, labels, k, corners), to_file)
    if window is None:
        return polygons
    bounds = shapely.bounds(polygons)
    if (bounds[:, 2] - bounds[:, 0] > window.turn / 2).any():
        message = "a cluster lies around a pole, where degrees make no polygon; convert the file to polar coordinates"
        raise InvalidInput(message, filename=projection.filename)
    return polygons if window.counts_on else cut(polygons, window.turn)


def write_frame(
    sink: Any, job_input: JobInput, clusters: ClusterColumns, figures: FrameFigures, provenance: bytes
) -> None:
    """Write the frame as GeoParquet 1.1 in the coordinate system of the file.

    Args:
        sink: a path or a file object.
        job_input: the file that was clustered.
        clusters, figures: what is said of the clusters.
        provenance: how the frame is made, for the file's metadata.

    Raises:
        InvalidInput: as ``cluster_polygons``.
    """
    import shapely

    polygons = cluster_polygons(job_input, clusters)
    projection, crs = job_input.projection, job_input.rows.crs
    areas = shapely.area(_transformed(polygons, projection.to_metres))
    bounds: FloatArray = shapely.bounds(polygons).reshape(-1, 4)
    values = {
        schema.ID: pa.array(clusters.ids, pa.string()),
        schema.WEIGHT: pa.array(clusters.weights),
        schema.STATUS: pa.array(clusters.statuses, pa.string()),
        schema.N_POINTS: pa.array(figures.n_points),
        schema.AREA: pa.array(np.where(np.isnan(areas), 0.0, areas)),
        schema.RADIUS: pa.array(figures.radius),
        schema.PIECES: pa.array(figures.pieces),
        schema.CENTROID: points_as_wkb(projection.to_source(figures.centroid), np.ones(len(clusters.ids), bool)),
        schema.GEOMETRY: pa.array(shapely.to_wkb(polygons), pa.binary()),
        schema.BBOX: bounding_boxes(bounds),
    }
    table, names = schema.frame_table(values, figures.group, job_input.params.column_prefix)
    descriptions: dict[str, dict[str, Any]] = {
        names[schema.GEOMETRY]: schema.GEOMETRY_DESCRIPTION | {"crs": crs, "orientation": "counterclockwise"},
        names[schema.CENTROID]: schema.CENTROID_DESCRIPTION | {"crs": crs},
    }
    metadata = {
        GEO_METADATA: geo_metadata(table.schema, names[schema.GEOMETRY], descriptions, names[schema.BBOX], bounds),
        PROVENANCE_METADATA: provenance,
    }
    table = table.replace_schema_metadata(metadata)
    with open_writer(sink, table.schema, table.num_rows, names[schema.BBOX]) as writer:
        writer.write_table(table, ROW_GROUP_ROWS)


def _transformed(polygons: npt.NDArray[np.object_], transformation: Any) -> npt.NDArray[np.object_]:
    import shapely

    return np.asarray(shapely.transform(polygons, transformation), dtype=object)
