import numpy as np
import pytest
import shapely

from sampling_units.report.hexagons import hexagon_levels, mercator
from sampling_units.report.histograms import histogram
from sampling_units.report.polygon_packing import pack_polygons
from tests.sampling_units.report.unpacked_polygons import unpacked


def test_polygons_survive_packing():
    hole = shapely.Polygon(shapely.box(0, 0, 3, 3).exterior, [shapely.box(1, 1, 2, 2).exterior])
    islands = shapely.union(shapely.box(-5, -5, -4, -4), shapely.box(-2, -2, -1, -1))
    files = [np.array([hole, None, islands], dtype=object), np.array([shapely.box(1e-6, 0, 1, 1)], dtype=object)]
    packed = pack_polygons(files)
    # The vertex that closes a ring is not told twice.
    assert packed["vertices"] == [4] * 5
    again = unpacked(packed)
    for polygon, made in zip([hole, shapely.MultiPolygon(), islands, shapely.box(0, 0, 1, 1)], again, strict=True):
        assert shapely.normalize(made).equals_exact(
            shapely.normalize(shapely.multipolygons(shapely.get_parts(polygon))), 1e-5
        )


@pytest.mark.parametrize("files", [[], [np.array([None, None], dtype=object)], [np.empty(0, dtype=object)]])
def test_there_may_be_no_polygon(files):
    assert unpacked(pack_polygons(files)) == [shapely.MultiPolygon()] * sum(map(len, files))


def test_simplified_neighbours_keep_their_borders_in_common():
    random = np.random.default_rng(1)
    places = shapely.multipoints(random.uniform(0, 1, (400, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(places))
    group = (shapely.get_coordinates(shapely.centroid(cells)) * 3).clip(0, 2.99).astype(int) @ [3, 1]
    clusters = np.array([shapely.union_all(cells[group == number]) for number in np.unique(group)])
    n_vertices = int(shapely.get_num_coordinates(clusters).sum())
    packed = pack_polygons([clusters], most_vertices=n_vertices // 2)
    assert len(packed["x"]) <= n_vertices // 2
    again = np.array(unpacked(packed))
    # On the grid of a metre the borders are the same vertices.
    assert shapely.coverage_is_valid(again)
    assert shapely.area(again).sum() == pytest.approx(shapely.area(clusters).sum(), rel=0.02)


def test_simplification_follows_the_size_of_the_clusters_of_each_file():
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    files = [np.array([shapely.Polygon(circle * size)], dtype=object) for size in (0.01, 1.0)]
    small, large = unpacked(pack_polygons(files, most_vertices=100))
    assert shapely.get_num_coordinates(small) == pytest.approx(shapely.get_num_coordinates(large), abs=4)
    assert shapely.get_num_coordinates(small) > 8


def test_hexagons_count_each_cluster_once():
    random = np.random.default_rng(2)
    longitude, latitude = random.uniform(120, 122, 5000), random.uniform(10, 12, 5000)
    weight, is_in_range = random.uniform(100, 300, 5000), random.random(5000) < 0.9
    levels = hexagon_levels(longitude, latitude, weight, is_in_range)
    assert len(levels) > 1
    x, y = mercator(longitude, latitude)
    for level in levels:
        assert sum(level["n"]) == 5000
        assert sum(level["n_in_range"]) == is_in_range.sum()
        assert np.dot(level["n"], level["mean"]) == pytest.approx(weight.sum(), rel=1e-3)
        # A hexagon holds what is nearer to its centre than to any other.
        q, r = np.array(level["q"]), np.array(level["r"])
        centre_x, centre_y = level["size"] * np.sqrt(3) * (q + r / 2), level["size"] * 1.5 * r
        nearest = np.argmin((x[:500, None] - centre_x) ** 2 + (y[:500, None] - centre_y) ** 2, axis=1)
        assert np.all(np.bincount(nearest, minlength=len(q)) <= level["n"])
    assert [level["zoom"] for level in levels] == sorted(level["zoom"] for level in levels)
    assert len(levels[0]["n"]) < len(levels[1]["n"])


def test_hexagons_of_one_place():
    (level, *_) = hexagon_levels(np.full(3, 121.0), np.full(3, 14.0), np.array([1.0, 2.0, 3.0]), np.array([True] * 3))
    assert (level["n"], level["mean"]) == ([3], [2.0])


@pytest.mark.parametrize(
    ("values", "show_at_least"),
    [
        ([1.0, 2.0, 3.0], 10),
        ([0.0], 0),
        ([], 5),
        ([5.0, np.nan, np.inf], 0),
        (np.arange(1000.0) ** 2, 300),
        ([1e-3, 2e-3], 0),
    ],
)
def test_histograms_count_everything_once(values, show_at_least):
    made = histogram(np.array(values, dtype=float), show_at_least)
    finite = [value for value in values if np.isfinite(value)]
    assert sum(made["counts"]) + made["n_above"] == len(finite)
    assert len(made["counts"]) <= 180
    if made["counts"]:
        assert len(made["counts"]) * made["step"] >= show_at_least
        inside = np.array([value for value in finite if value < len(made["counts"]) * made["step"]])
        edges = np.arange(len(made["counts"]) + 1) * made["step"]
        assert np.histogram(inside, edges)[0].tolist() == made["counts"]
