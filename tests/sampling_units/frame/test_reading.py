"""A frame read again is the frame that was written, on the globe."""

import geopandas
import numpy as np
import pyarrow as pa
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


def test_what_is_no_frame_is_refused():
    with pytest.raises(InvalidInput, match="not made by this version"):
        frame_of(cell_file(50))
    with pytest.raises(InvalidInput, match="no sampling frame"):
        frame_of(cluster_bytes(cell_file(50)).clustered)
