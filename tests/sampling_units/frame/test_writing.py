"""The sampling frame of a file: figures and polygons, recomputed here with shapely and pyproj."""

import io

import geopandas
import numpy as np
import pyproj
import pytest
import shapely

from sampling_units.errors import InvalidInput
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
    to_metres = pyproj.Transformer.from_crs(4326, 32651, always_xy=True).transform
    in_metres = [
        shapely.transform(shapes, to_metres, interleaved=False)
        for shapes in (shapely.centroid(rows.geometry.to_numpy()), polygons)
    ]
    nearest = shapely.STRtree(in_metres[0])
    rng = np.random.default_rng(0)
    for polygon, name in list(zip(in_metres[1], frame["cluster_id"], strict=True))[::7]:
        for place in shapely.points(rng.uniform(*np.reshape(polygon.bounds, (2, 2)), (20, 2))):
            # Straight lines in metres are not quite straight in degrees.
            if shapely.buffer(place, 0.05).within(polygon):
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


def across_the_antimeridian(kind, offset=0.0):
    """Cells or buildings on both sides; ``offset`` moves them elsewhere."""
    if kind == "buildings":
        metres, _ = buildings(np.random.default_rng(2), 900)
        places = metres / 111_000 + np.array([179.98 + offset, -17.0])
        geometry = point_geometry(wrapped(places))
    else:
        # The antimeridian runs through the middle of a column of cells.
        column, row = np.divmod(np.arange(900), 30)
        places = np.column_stack([180 + offset + (column - 15) * STEP, -17 + row * STEP])
        if kind == "squares":
            geometry = square_geometry(wrapped(places - STEP / 2), STEP)
        else:
            geometry = point_geometry(wrapped(places))
    return file_bytes({"population": np.ones(len(places)), "geometry": geometry})


def wrapped(places):
    return np.column_stack([np.where(places[:, 0] > 180, places[:, 0] - 360, places[:, 0]), places[:, 1]])


@pytest.mark.parametrize("kind", ["cells", "squares", "buildings"])
def test_polygons_are_cut_at_the_antimeridian(kind):
    # In the Mercator system around the antimeridian both files have the same clusters.
    here, there = (
        read(cluster_bytes(across_the_antimeridian(kind, offset), crs="EPSG:3832").frame) for offset in (0, -10)
    )
    assert here.geometry.is_valid.all()
    assert (here.bounds["minx"] >= -180).all()
    assert (here.bounds["maxx"] <= 180).all()
    is_cut = (here.bounds["maxx"] - here.bounds["minx"]) > 180
    assert 0 < is_cut.sum() < len(here)
    assert (here.geometry[is_cut].geom_type == "MultiPolygon").all()
    np.testing.assert_allclose(shapely.area(here.geometry), shapely.area(there.geometry), rtol=5e-3)
    assert overlapping_area(here.geometry.to_numpy()) < 1e-9 * shapely.area(here.geometry).sum()


def test_clusters_around_a_pole_need_other_coordinates():
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(-180, 180, 300), rng.uniform(89, 90, 300)])
    content = file_bytes({"population": np.ones(300), "geometry": point_geometry(places)})
    with pytest.raises(InvalidInput, match="lies around a pole"):
        cluster_bytes(content)
    polar = np.column_stack(pyproj.Transformer.from_crs(4326, 3995, always_xy=True).transform(*places.T))
    crs = pyproj.CRS(3995).to_json_dict()
    frame = read(
        cluster_bytes(file_bytes({"population": np.ones(300), "geometry": point_geometry(polar)}, crs=crs)).frame
    )
    assert frame.geometry.is_valid.all()


def test_a_file_that_counts_past_the_antimeridian_has_a_frame_that_does():
    column, row = np.divmod(np.arange(400), 20)
    places = np.column_stack([180 + (column - 10) * STEP, -17 + row * STEP])
    content = file_bytes({"population": np.ones(400), "geometry": point_geometry(places)})
    bounds = read(cluster_bytes(content).frame).total_bounds
    np.testing.assert_allclose(bounds[[0, 2]], [180 - 10.5 * STEP, 180 + 9.5 * STEP])


def test_a_lattice_in_metres_is_recognised_in_degrees():
    """Cells of a national grid stored as longitude and latitude: turned and bent there."""
    column, row = np.divmod(np.arange(900), 30)
    corner = np.column_stack([280_000.0 + column * 1000, 5_000_000.0 + row * 1000])
    cells_in_metres = shapely.box(*corner.T, *(corner + 1000).T)
    to_degrees = pyproj.Transformer.from_crs(32633, 4326, always_xy=True).transform
    in_degrees = shapely.transform(cells_in_metres, lambda xy: np.column_stack(to_degrees(*xy.T)))
    ground = shapely.union_all(in_degrees)
    for shapes in (in_degrees, shapely.centroid(in_degrees)):
        content = file_bytes({"population": np.ones(900), "geometry": shapely.to_wkb(shapes)})
        polygons = read(cluster_bytes(content).frame).geometry.to_numpy()
        assert shapely.area(polygons).sum() == pytest.approx(ground.area, rel=1e-6)
        assert shapely.area(shapely.symmetric_difference(shapely.union_all(polygons), ground)) < 1e-5 * ground.area
        assert overlapping_area(polygons) == 0
