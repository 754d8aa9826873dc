"""Writes the sampling frame of a file: one row for each cluster, with its figures and its polygon."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kmeans.arrays import FloatArray, IntArray
from sampling_units.crs.antimeridian import LongitudeWindow, cut
from sampling_units.crs.projection import Projection
from sampling_units.errors import InvalidInput
from sampling_units.io.clustered_file import ClusterColumns
from sampling_units.io.encoding import bounding_boxes, points_as_wkb
from sampling_units.io.geo_file import PIECE_ROWS
from sampling_units.io.geo_metadata import GEO_METADATA, free_name, geo_metadata
from sampling_units.io.parquet_output import open_writer
from sampling_units.io.provenance import PROVENANCE_METADATA
from sampling_units.io.rows import Rows
from sampling_units.lattice.cells import Cells
from sampling_units.polygons.cluster_polygons import lattice_polygons, voronoi_polygons


@dataclass(frozen=True)
class FrameColumns:
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


def cluster_polygons(
    rows: Rows,
    metres: FloatArray,
    corners: FloatArray | None,
    cells: Cells | None,
    projection: Projection,
    window: LongitudeWindow | None,
    clusters: ClusterColumns,
) -> npt.NDArray[np.object_]:
    """Polygon of each cluster in the coordinates of the file; None for a cluster that has no ground of its own.

    Where rows are cells of a lattice it is the union of the cells, otherwise of those of the Voronoi diagram. Polygons
    that reach past the antimeridian are cut there, unless the file itself counts longitudes beyond it.

    Args:
        rows: the rows of the file.
        metres: float64 (m, 2), the sound ones among them, projected.
        corners: float64 (c, 2), corners of their polygons, projected; None if all are points.
        cells: their lattice, if there is one.
        projection: from the coordinates of the file to metres.
        window: in which longitudes do not jump; None if the file has none.
        clusters: what the rows belong to.

    Raises:
        InvalidInput: a cluster lies around a pole, where no polygon in degrees can.
    """
    import shapely

    k = len(clusters.ids)
    if k == 0:
        return np.empty(0, dtype=object)
    labels = clusters.labels[rows.is_sound]

    def to_file(points: FloatArray) -> FloatArray:
        places = projection.to_source(points)
        return places if window is None else window.unwrap(places)

    if cells is not None and cells.are_filled:
        polygons = lattice_polygons(cells.lattice, labels, k, rows.weights[rows.is_sound])
        if cells.is_in_metres:
            polygons = _transformed(polygons, to_file)
    else:
        polygons = _transformed(voronoi_polygons(metres, labels, k, corners), to_file)
    if window is None:
        return polygons
    bounds = shapely.bounds(polygons)
    if (bounds[:, 2] - bounds[:, 0] > window.turn / 2).any():
        message = "a cluster lies around a pole, where degrees make no polygon; convert the file to polar coordinates"
        raise InvalidInput(message, filename=projection.filename)
    return polygons if window.counts_on else cut(polygons, window.turn)


def write_frame(
    sink: Any,
    polygons: npt.NDArray[np.object_],
    figures: FrameColumns,
    clusters: ClusterColumns,
    rows: Rows,
    projection: Projection,
    *,
    prefix: str,
    provenance: bytes,
) -> None:
    """Write the frame to ``sink``, a path or a file object, as GeoParquet 1.1 in the coordinate system of the file."""
    import shapely

    areas = shapely.area(_transformed(polygons, projection.to_metres))
    centroid = projection.to_source(figures.centroid)
    everywhere = np.ones(len(centroid), bool)
    bounds: FloatArray = shapely.bounds(polygons).reshape(-1, 4)
    named: dict[str, pa.Array] = {f"{prefix}id": pa.array(clusters.ids, pa.string()), **figures.group}
    ours = {
        f"{prefix}weight": pa.array(clusters.weights),
        f"{prefix}status": pa.array(clusters.statuses, pa.string()),
        "n_points": pa.array(figures.n_points),
        "area_m2": pa.array(np.where(np.isnan(areas), 0.0, areas)),
        "radius_m": pa.array(figures.radius),
        "pieces": pa.array(figures.pieces),
        "centroid": points_as_wkb(centroid, everywhere),
        "geometry": pa.array(shapely.to_wkb(polygons), pa.binary()),
        "bbox": bounding_boxes(bounds),
    }
    # A grouping column may be called like one of these; it keeps its name.
    names = {name: free_name(name, list(named)) for name in ours}
    named |= {names[name]: column for name, column in ours.items()}
    table = pa.table(named)
    descriptions = {
        names["geometry"]: {
            "encoding": "WKB",
            "geometry_types": ["MultiPolygon", "Polygon"],
            "crs": rows.crs,
            "orientation": "counterclockwise",
        },
        names["centroid"]: {"encoding": "WKB", "geometry_types": ["Point"], "crs": rows.crs},
    }
    metadata = {
        GEO_METADATA: geo_metadata(table.schema, names["geometry"], descriptions, names["bbox"], bounds),
        PROVENANCE_METADATA: provenance,
    }
    table = table.replace_schema_metadata(metadata)
    with open_writer(sink, table.schema, table.num_rows, names["bbox"]) as writer:
        writer.write_table(table, PIECE_ROWS)


def _transformed(polygons: npt.NDArray[np.object_], transformation: Any) -> npt.NDArray[np.object_]:
    import shapely

    return np.asarray(shapely.transform(polygons, transformation), dtype=object)
