"""Sampling frames made for tests, like those of ``kmeans cluster``."""

import json

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from tests.support.geoparquet_files import file_bytes


def frame_polygons(n, crs="EPSG:4326"):
    """Squares side by side, every third one in two pieces, object (n,)."""
    west, south, side = (121.0, 14.6, 1e-2) if pyproj.CRS(crs).is_geographic else (500_000.0, 1_600_000.0, 1_000.0)
    x = west + 3 * side * np.arange(n)
    squares = shapely.box(x, south, x + side, south + side)
    islands = shapely.box(x, south + 2 * side, x + side, south + 3 * side)
    in_two_pieces = shapely.multipolygons(np.column_stack([squares, islands]))
    return np.where(np.arange(n) % 3 == 2, in_two_pieces, squares)


def frame_file(n=6, crs="EPSG:4326", stem="area", provenance=None, **columns):
    """A frame with n clusters; keyword arguments add or replace columns."""
    polygons = frame_polygons(n, crs)
    bounds = shapely.bounds(polygons).T
    base = {
        "cluster_id": [f"{stem}_{number}" for number in range(n)],
        "cluster_weight": np.linspace(180, 300, n),
        "cluster_status": ["ok"] * n,
        "n_points": np.arange(n) + 10,
        "centroid": pa.array(shapely.to_wkb(shapely.centroid(polygons)), pa.binary()),
        "geometry": pa.array(shapely.to_wkb(polygons), pa.binary()),
        "bbox": pa.StructArray.from_arrays([pa.array(axis) for axis in bounds], ["xmin", "ymin", "xmax", "ymax"]),
    }
    crs_entry = pyproj.CRS(crs).to_json_dict()
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": ["MultiPolygon", "Polygon"],
                "crs": crs_entry,
                "covering": {"bbox": {axis: ["bbox", axis] for axis in ("xmin", "ymin", "xmax", "ymax")}},
            },
            "centroid": {"encoding": "WKB", "geometry_types": ["Point"], "crs": crs_entry},
        },
    }
    metadata = {} if provenance is None else {"kmeans": json.dumps(provenance)}
    return file_bytes(base | columns, geo=json.dumps(geo), metadata=metadata)
