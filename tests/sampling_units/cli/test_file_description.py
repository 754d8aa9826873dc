"""Geometries, coordinate systems and bounding boxes that ``kmeans inspect`` finds."""

import json
from pathlib import Path

import geopandas
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from sampling_units.cli.inspect.file_description import describe
from tests.support.geoparquet_files import cells, file_bytes, point_geometry
from tests.support.native_geometry import native_geometry_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def described(content):
    Path("in.parquet").write_bytes(content)
    return msgspec.to_builtins(describe(Path("in.parquet")))


BOX = [121.0, 14.6, 121.0 + 19 / 1200, 14.6 + 19 / 1200]


def bbox_column(points, **changes):
    axes = dict(zip(("xmin", "ymin", "xmax", "ymax"), [*points.T, *points.T], strict=True)) | changes
    return pa.StructArray.from_arrays([pa.array(axis, from_pandas=True) for axis in axes.values()], list(axes))


def with_bbox_column(points, *, row_group_size, statistics=True):
    geo = {
        "encoding": "WKB",
        "geometry_types": ["Point"],
        "covering": {"bbox": {axis: ["bbox", axis] for axis in ("xmin", "ymin", "xmax", "ymax")}},
    }
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geo}}
    # Not the points themselves, so that it shows where the box is from.
    geometry = point_geometry(points + 1)
    table = pa.table({"geometry": geometry, "bbox": bbox_column(points)})
    sink = pa.BufferOutputStream()
    table = table.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(table, sink, row_group_size=row_group_size, write_statistics=statistics)
    return sink.getvalue().to_pybytes()


def test_the_bounding_box_is_taken_from_where_it_costs_least(folder):
    points = cells(400)[0]
    [geometry] = described(with_bbox_column(points, row_group_size=100))["geometries"]
    assert geometry["bounding_box"]["source"] == "statistics"
    np.testing.assert_allclose(geometry["bounding_box"]["bounds"], BOX)
    beyond = np.where(np.arange(400)[:, None] < 100, np.nan, points)
    [geometry] = described(with_bbox_column(beyond, row_group_size=100))["geometries"]
    assert geometry["bounding_box"]["source"] == "statistics"
    np.testing.assert_allclose(geometry["bounding_box"]["bounds"], [BOX[0], 14.6 + 5 / 1200, *BOX[2:]])
    [geometry] = described(with_bbox_column(points - 1, row_group_size=100, statistics=False))["geometries"]
    assert geometry["bounding_box"]["source"] == "geometries"
    np.testing.assert_allclose(geometry["bounding_box"]["bounds"], BOX)
    entry = {"encoding": "WKB", "bbox": [1, 2, -9, 3, 4, 9]}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": entry}}
    [geometry] = described(file_bytes({"geometry": point_geometry(points)}, geo=json.dumps(geo)))["geometries"]
    assert geometry["bounding_box"] == {"bounds": [1, 2, 3, 4], "source": "metadata"}


def test_rows_without_a_place_do_not_widen_the_box(folder):
    geometry = [None, *point_geometry(cells(400)[0]).to_pylist(), shapely.Point().wkb]
    [geometry] = described(file_bytes({"geometry": geometry}))["geometries"]
    np.testing.assert_allclose(geometry["bounding_box"]["bounds"], BOX)
    [geometry] = described(file_bytes({"geometry": pa.array([None], pa.binary())}))["geometries"]
    assert geometry["bounding_box"] is None


def test_a_large_file_without_boxes_is_not_read(folder, monkeypatch):
    content = file_bytes({"geometry": point_geometry(cells(400)[0])})
    monkeypatch.setattr("sampling_units.cli.inspect.file_description.ROW_GROUP_ROWS", 399)
    [geometry] = described(content)["geometries"]
    assert geometry["bounding_box"] is None


def test_native_encodings(folder):
    frame = geopandas.GeoDataFrame(geometry=shapely.box(*cells(400)[0].T, *np.full((2, 400), 121.1)), crs="EPSG:3121")
    frame.to_parquet("in.parquet", geometry_encoding="geoarrow")
    [geometry] = described(Path("in.parquet").read_bytes())["geometries"]
    assert (geometry["encoding"], geometry["types"]) == ("polygon", ["Polygon"])
    assert geometry["crs"]["code"] == "EPSG:3121"


def test_a_native_geometry_column(folder):
    found = described(native_geometry_file({"code": [1, 2]}, [[1, 2], [3, 4]]))
    assert (found["kind"], found["geoparquet_version"]) == ("input", None)
    [geometry] = found["geometries"]
    assert (geometry["columns"], geometry["crs"]["code"]) == (["geometry"], "OGC:CRS84")
    assert geometry["bounding_box"] == {"bounds": [1, 2, 3, 4], "source": "geometries"}


def test_longitude_and_latitude_in_columns(folder):
    x, y = cells(400)[0].T
    found = described(file_bytes({"lon": x, "lat": y}, geo=None))
    assert (found["kind"], found["geoparquet_version"]) == ("input", None)
    [geometry] = found["geometries"]
    assert geometry["columns"] == ["lon", "lat"]
    assert geometry["bounding_box"]["source"] == "statistics"
    np.testing.assert_allclose(geometry["bounding_box"]["bounds"], BOX)


def test_lines_are_shown_although_they_are_not_clustered(folder):
    frame = geopandas.GeoDataFrame(geometry=[shapely.LineString([[0, 0], [1, 2]])], crs="EPSG:4326")
    frame.to_parquet("in.parquet", geometry_encoding="geoarrow")
    found = described(Path("in.parquet").read_bytes())
    assert found["kind"] == "other"
    [geometry] = found["geometries"]
    assert (geometry["encoding"], geometry["bounding_box"]["bounds"]) == ("linestring", [0, 0, 1, 2])
