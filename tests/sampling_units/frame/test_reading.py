"""A frame read again is the frame that was written, on the globe."""

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from sampling_units.errors import InvalidInput
from sampling_units.frame.reading import read_frame
from tests.support.file_jobs import cluster_bytes
from tests.support.geoparquet_files import cell_file, cells, file_bytes, square_geometry


def frame_of(content):
    return read_frame(pa.BufferReader(content), "frame/area.parquet")


@pytest.mark.parametrize("prefix", ["cluster_", "psu_"])
def test_all_columns_come_back(prefix):
    stratum = np.repeat([7, 8], 200)
    outcome = cluster_bytes(cell_file(stratum=stratum), group_by=["stratum"], column_prefix=prefix)
    frame = frame_of(outcome.frame)
    expected = geopandas.read_parquet(pa.BufferReader(outcome.frame))
    assert frame.ids == expected[f"{prefix}id"].tolist()
    assert frame.statuses == expected[f"{prefix}status"].tolist()
    for found, name in (
        (frame.weights, f"{prefix}weight"),
        (frame.n_points, "n_points"),
        (frame.areas, "area_m2"),
        (frame.radii, "radius_m"),
        (frame.pieces, "pieces"),
    ):
        assert found.tolist() == expected[name].tolist()
    assert frame.group["stratum"].to_pylist() == expected["stratum"].tolist()
    assert shapely.equals_exact(frame.polygons, expected.geometry.to_numpy()).all()
    assert frame.origin.report == outcome.report


def test_projected_frames_are_cut_at_the_antimeridian():
    # Fiji: its national system is in metres and knows no jump.
    to_metres = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3460", always_xy=True)
    coordinates, population = cells(900, middle=(179.99, -17.0))
    coordinates = np.column_stack(to_metres.transform(*coordinates.T))
    crs = pyproj.CRS("EPSG:3460").to_json_dict()
    content = file_bytes({"population": population, "geometry": square_geometry(coordinates, 90.0)}, crs=crs)
    frame = frame_of(cluster_bytes(content).frame)
    west, _, east, _ = shapely.bounds(frame.polygons).T
    crosses = east - west > 300
    assert crosses.any()
    assert shapely.is_valid(frame.polygons).all()
    for polygon in frame.polygons[crosses]:
        parts = shapely.bounds(shapely.get_parts(polygon))
        assert (parts[:, 2] - parts[:, 0] < 1).all()
    areas = [abs(pyproj.Geod(ellps="GRS80").geometry_area_perimeter(polygon)[0]) for polygon in frame.polygons]
    assert areas == pytest.approx(frame.areas, rel=1e-2)


def test_columns_are_found_by_their_names():
    """A sample has further columns, and a grouping column may be called like one of the frame."""
    n_points = np.repeat([7, 8], 200)
    content = cluster_bytes(cell_file(n_points=n_points), group_by=["n_points"]).frame
    table = pq.read_table(pa.BufferReader(content))
    moved = table.select(table.column_names[::-1]).add_column(0, "base_weight", pa.array([1.5] * len(table)))
    output = pa.BufferOutputStream()
    pq.write_table(moved, output)
    frame, expected = frame_of(output.getvalue().to_pybytes()), frame_of(content)
    assert frame.ids == expected.ids
    assert frame.n_points.tolist() == table["_n_points"].to_pylist()
    assert frame.group["n_points"].to_pylist() == table["n_points"].to_pylist()


def test_a_column_of_another_type_is_named():
    table = pq.read_table(pa.BufferReader(cluster_bytes(cell_file(50)).frame))
    wrong = table.set_column(table.column_names.index("pieces"), "pieces", pa.array(["one"] * len(table)))
    output = pa.BufferOutputStream()
    pq.write_table(wrong, output)
    with pytest.raises(InvalidInput, match="pieces: is no sampling frame: the type is string, not int64"):
        frame_of(output.getvalue().to_pybytes())


def test_what_is_no_frame_is_refused():
    with pytest.raises(InvalidInput, match="not made by this version"):
        frame_of(cell_file(50))
    with pytest.raises(InvalidInput, match="no sampling frame: the column n_points is missing"):
        frame_of(cluster_bytes(cell_file(50)).clustered)
