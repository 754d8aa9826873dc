"""GeoParquet files made for tests."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

_WKB_POINT = np.dtype([("byte_order", "u1"), ("type", "<u4"), ("xy", "<f8", 2)])


def point_geometry(longitude_latitude):
    points = np.empty(len(longitude_latitude), _WKB_POINT)
    points["byte_order"], points["type"], points["xy"] = 1, 1, longitude_latitude
    return pa.array([point.tobytes() for point in points], pa.binary())


def square_geometry(longitude_latitude, side=1e-4):
    x, y = np.asarray(longitude_latitude).T
    return pa.array(shapely.to_wkb(shapely.box(x, y, x + side, y + side)), pa.binary())


def cells(n=400, seed=0, middle=(121.0, 14.6), spacing=1 / 1200):
    """Longitude and latitude of cells of a square lattice, float64 (n, 2), and their population, float64 (n,)."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(n)))
    rows, columns = np.divmod(np.arange(n), side)
    coordinates = np.column_stack([middle[0] + columns * spacing, middle[1] + rows * spacing])
    return coordinates, rng.lognormal(0, 0.7, n)


def file_bytes(columns, *, geo=True, crs=None, metadata=None):
    """A GeoParquet file with these columns; ``geo`` may replace the whole geo metadata."""
    table = pa.table(columns)
    if geo is True:
        description = {"encoding": "WKB", "geometry_types": []} | ({} if crs is None else {"crs": crs})
        geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": description}}
    all_metadata = dict(metadata or {})
    if geo is not None:
        all_metadata["geo"] = geo if isinstance(geo, str) else json.dumps(geo)
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(all_metadata), sink)
    return sink.getvalue().to_pybytes()


def cell_file(n=400, seed=0, **columns):
    """A file of population cells; keyword arguments add or replace columns."""
    coordinates, population = cells(n, seed)
    base = {"grid_id": np.arange(n), "population": population, "geometry": point_geometry(coordinates)}
    return file_bytes(base | columns)


def read_table(content):
    return pq.read_table(pa.BufferReader(content))
