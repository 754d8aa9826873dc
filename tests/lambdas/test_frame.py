"""The sampling frame of a file: figures and polygons, recomputed here with shapely and pyproj."""

import io

import geopandas
import numpy as np
import pyproj
import pytest
import shapely

from tests.support.corpus import squares
from tests.support.file_jobs import cluster_bytes
from tests.support.geoparquet_files import cells, file_bytes, point_geometry, square_geometry
from tests.support.populations import buildings

STEP = 1 / 1200


def read(content):
    return geopandas.read_parquet(io.BytesIO(content))


def overlapping_area(polygons):
    """Sum of the areas that two polygons share."""
    first, second = shapely.STRtree(polygons).query(polygons, predicate="intersects")
    pairs = first < second
    return shapely.area(shapely.intersection(polygons[first[pairs]], polygons[second[pairs]])).sum()


@pytest.fixture(scope="module")
def cell_places():
    """A lattice with holes and an island."""
    coordinates, population = cells(900)
    rng = np.random.default_rng(0)
    column, row = np.rint((coordinates - coordinates[0]) / STEP).astype(int).T
    is_there = (rng.random(900) > 0.1) & (column != 20)
    is_there &= (column < 21) | (row < 12)
    return coordinates[is_there], population[is_there]


@pytest.fixture(scope="module", params=["points", "squares"])
def lattice(request, cell_places):
    coordinates, population = cell_places
    geometry = point_geometry(coordinates)
    if request.param == "squares":
        geometry = square_geometry(coordinates - STEP / 2, STEP)
    outcome = cluster_bytes(file_bytes({"population": population, "geometry": geometry}), target_weight=60)
    return read(outcome.clustered), read(outcome.frame)


@pytest.fixture(scope="module")
def rooftops():
    metres, _ = buildings(np.random.default_rng(1), 1500)
    to_degrees = pyproj.Transformer.from_crs(32651, 4326, always_xy=True).transform
    coordinates = np.column_stack(to_degrees(*(metres + np.array([500_000, 1_600_000])).T))
    content = file_bytes({"geometry": square_geometry(coordinates, 1e-4)})
    outcome = cluster_bytes(content, target_weight=30, weight_column=None)
    return read(outcome.clustered), read(outcome.frame)


def test_polygons_of_a_lattice_are_the_union_of_its_cells(lattice, cell_places):
    rows, frame = lattice
    polygons = frame.geometry.to_numpy()
    ground = shapely.union_all(squares(cell_places[0]))
    assert shapely.area(shapely.symmetric_difference(shapely.union_all(polygons), ground)) < 1e-6 * ground.area
    assert shapely.area(polygons).sum() == pytest.approx(ground.area, rel=1e-9)
    assert overlapping_area(polygons) == 0
    own = shapely.union_all(squares(cell_places[0][rows["cluster_id"].to_numpy() == frame["cluster_id"][3]]))
    assert shapely.area(shapely.symmetric_difference(polygons[3], own)) < 1e-6 * own.area


def test_polygons_of_rooftops_divide_the_ground(rooftops):
    rows, frame = rooftops
    polygons = frame.geometry.to_numpy()
    assert overlapping_area(polygons) < 1e-12 * shapely.area(polygons).sum()
    assert shapely.is_valid(polygons).all()
    nearest = shapely.STRtree(shapely.centroid(rows.geometry.to_numpy()))
    rng = np.random.default_rng(0)
    for polygon, name in list(zip(polygons, frame["cluster_id"], strict=True))[::7]:
        for place in shapely.points(rng.uniform(*np.reshape(polygon.bounds, (2, 2)), (20, 2))):
            # Beside a border degrees and metres may disagree on what is nearest.
            if shapely.buffer(place, 5e-6).within(polygon):
                assert rows["cluster_id"][nearest.nearest(place)] == name


def test_figures_of_a_lattice(lattice):
    check_figures(*lattice)


def test_figures_of_rooftops(rooftops):
    check_figures(*rooftops)


def check_figures(rows, frame):
    assert frame["cluster_id"].is_unique
    grouped = rows.groupby("cluster_id")
    assert grouped.size().loc[frame["cluster_id"]].tolist() == frame["n_points"].tolist()
    of_rows = grouped[["cluster_weight", "cluster_status"]].first().loc[frame["cluster_id"]]
    assert of_rows["cluster_weight"].tolist() == frame["cluster_weight"].tolist()
    assert of_rows["cluster_status"].tolist() == frame["cluster_status"].tolist()
    assert (frame["pieces"] == 1).all()
    metres = rows.to_crs(32651)
    by_cluster = metres.geometry.groupby(rows["cluster_id"])
    radius = by_cluster.apply(lambda shapes: shapely.minimum_bounding_radius(shapely.union_all(shapes.to_numpy())))
    assert len(radius) == len(frame)
    np.testing.assert_allclose(frame["radius_m"], radius.loc[frame["cluster_id"]], rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(frame["area_m2"], frame.to_crs(32651).area, rtol=1e-6)
    weight = rows["population"] if "population" in rows else np.ones(len(rows))
    middles = np.column_stack([metres.geometry.centroid.x, metres.geometry.centroid.y])
    sums = geopandas.pd.DataFrame(middles * np.asarray(weight)[:, None]).groupby(rows["cluster_id"].to_numpy()).sum()
    expected = sums.loc[frame["cluster_id"]].to_numpy() / frame["cluster_weight"].to_numpy()[:, None]
    centroid = frame.set_geometry("centroid").to_crs(32651).geometry
    np.testing.assert_allclose(np.column_stack([centroid.x, centroid.y]), expected, atol=0.01)


def test_a_bridged_cluster_has_two_pieces(cell_places):
    coordinates, _ = cell_places
    island = coordinates[0] + np.array([[60, 0], [61, 0], [61, 1]]) * STEP
    everything = np.concatenate([coordinates, island])
    content = file_bytes({"population": np.ones(len(everything)), "geometry": point_geometry(everything)})
    frame = read(cluster_bytes(content, bridge=True).frame)
    assert sorted(frame["pieces"])[-1] == 2
    assert (frame["pieces"] == 1).sum() >= len(frame) - 2
    assert frame.geometry[frame["pieces"].idxmax()].geom_type == "MultiPolygon"


def test_polygons_of_groups_share_the_ground(cell_places):
    coordinates, population = cell_places
    # Groups that lie between each other.
    flag = np.arange(len(coordinates)) // 5 % 2
    content = file_bytes({"population": population, "flag": flag, "geometry": point_geometry(coordinates)})
    polygons = read(cluster_bytes(content, group_by=["flag"]).frame).geometry.to_numpy()
    assert overlapping_area(polygons) == 0
    assert shapely.area(polygons).sum() == pytest.approx(len(coordinates) * STEP**2, rel=1e-9)
