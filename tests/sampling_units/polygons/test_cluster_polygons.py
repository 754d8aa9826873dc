"""Polygons of clusters cover their ground exactly, touch their neighbours and never overlap."""

import subprocess
import sys

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from kmeans.graph.lattice.recognition import find_lattice
from sampling_units.polygons import voronoi_faces
from sampling_units.polygons.cluster_polygons import lattice_polygons, voronoi_polygons

UTM = pyproj.Transformer.from_crs(4326, 32651, always_xy=True)
MANILA = np.array([121.0, 14.0])
STEP = 1 / 1200


def checked(polygons):
    """Those that are there, after a look at whether they are valid, well oriented and free of overlaps."""
    there = polygons[[polygon is not None for polygon in polygons]]
    assert shapely.is_valid(there).all()
    assert set(shapely.get_type_id(there)) <= {shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON}
    parts = shapely.get_parts(there)
    assert shapely.is_ccw(shapely.get_exterior_ring(parts)).all()
    assert not any(shapely.is_ccw(hole) for part in parts for hole in part.interiors)
    first, second = shapely.STRtree(there).query(there, predicate="intersects")
    pairs = first < second
    assert shapely.area(shapely.intersection(there[first[pairs]], there[second[pairs]])).sum() == 0
    return there


def assert_same_ground(found, wanted):
    assert shapely.area(shapely.symmetric_difference(found, wanted)) <= 1e-9 * shapely.area(wanted)


# Lattices


def cells(columns, rows):
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.column_stack([column.ravel(), row.ravel()])


def lattice_of(index):
    lattice = find_lattice(index * STEP + MANILA)
    assert lattice is not None
    return lattice


def squares(index):
    """Cells of such a lattice."""
    x, y = ((index - 0.5) * STEP + MANILA).T
    return shapely.box(x, y, x + STEP, y + STEP)


def drawn(picture):
    """Cells and labels of a picture, the first line on top; a point is no cell, a minus is a cell of no cluster."""
    places = [(x, -y, sign) for y, line in enumerate(picture.split()) for x, sign in enumerate(line) if sign != "."]
    index = np.array([place[:2] for place in places])
    labels = np.array([-1 if place[2] == "-" else int(place[2]) for place in places])
    return index, labels


def polygons_of(index, labels, weights=None):
    polygons = lattice_polygons(lattice_of(index), labels, labels.max() + 1, weights)
    checked(polygons)
    return polygons


@given(st.integers(0, 10**6), st.integers(2, 14), st.integers(2, 14), st.integers(1, 6), st.floats(0.4, 1))
def test_each_polygon_is_the_union_of_the_cells_of_its_cluster(seed, columns, rows, k, share):
    rng = np.random.default_rng(seed)
    index = cells(columns, rows)[rng.random(columns * rows) < share]
    labels = rng.integers(-1, k, len(index))
    lattice = find_lattice(index * STEP + MANILA)
    if lattice is None:  # Too few cells.
        return
    polygons = lattice_polygons(lattice, labels, k)
    checked(polygons)
    for label, polygon in enumerate(polygons):
        if (labels == label).any():
            assert_same_ground(polygon, shapely.union_all(squares(index[labels == label])))
        else:
            assert polygon is None


@pytest.mark.parametrize(
    ("picture", "parts", "holes"),
    [
        ("00000 01110 01010 01110 00000", [2, 1], [1, 1]),
        ("00000 01110 01.10 01110 00000", [1, 1], [1, 1]),
        ("0000000 0111110 0100010 0101010 0100010 0111110 0000000", [2, 2], [2, 1]),
        ("0101 1010 0101 1010", [8, 8], [0, 0]),
        ("0000 0110 0.00 0000", [1, 1], [1, 0]),
        ("000..00 000..00 ....... 00...11", [3, 1], [0, 0]),
        ("000-11 0-0-11 000-11", [1, 1], [1, 0]),
    ],
    ids=["nested", "gap inside", "twice nested", "checkerboard", "holes at a corner", "islands", "cells of nobody"],
)
def test_holes_islands_and_checkerboards(picture, parts, holes):
    index, labels = drawn(picture)
    polygons = polygons_of(index, labels)
    assert shapely.get_num_geometries(polygons).tolist() == parts
    assert [shapely.get_num_interior_rings(shapely.get_parts(polygon)).sum() for polygon in polygons] == holes
    for label, polygon in enumerate(polygons):
        assert_same_ground(polygon, shapely.union_all(squares(index[labels == label])))


def test_neighbours_touch_along_their_whole_border():
    rng = np.random.default_rng(0)
    index = cells(20, 20)
    labels = cKDTree(rng.uniform(0, 20, (7, 2))).query(index)[1]
    polygons = polygons_of(index, labels)
    picture = labels.reshape(20, 20)
    for first in range(7):
        for second in range(first):
            beside = ((picture[:, 1:] == first) & (picture[:, :-1] == second)).sum()
            beside += ((picture[:, 1:] == second) & (picture[:, :-1] == first)).sum()
            above = ((picture[1:] == first) & (picture[:-1] == second)).sum()
            above += ((picture[1:] == second) & (picture[:-1] == first)).sum()
            shared = shapely.length(shapely.intersection(polygons[first], polygons[second]))
            assert shared == pytest.approx((beside + above) * STEP, abs=1e-9)
    assert shapely.coverage_is_valid(polygons)


def test_straight_borders_of_an_aligned_lattice_have_no_needless_vertices():
    index, labels = drawn("000011 000011 000022 000022")
    polygons = polygons_of(index, labels)
    # The last one is the first one again; the first cluster has a vertex where its two neighbours meet.
    assert shapely.get_num_coordinates(polygons).tolist() == [6, 5, 5]


def turned(index):
    return index * np.array([92.0, 60.0]) @ np.array([[0.8, 0.6], [-0.6, 0.8]]) + [3e5, 1.6e6]


def projected(index):
    return np.column_stack(UTM.transform(*(index * STEP + MANILA).T))


@pytest.mark.parametrize("place", [turned, projected])
def test_neighbours_on_turned_and_bent_lattices_share_their_vertices(place):
    rng = np.random.default_rng(0)
    index = cells(120, 60)
    index = index[rng.random(len(index)) < 0.9]
    labels = cKDTree(rng.uniform(0, 100, (12, 2))).query(index)[1]
    lattice = find_lattice(place(index))
    assert not lattice.is_aligned
    polygons = lattice_polygons(lattice, labels, 12)
    there = checked(polygons)
    assert shapely.coverage_is_valid(there)
    cell = abs(np.linalg.det(lattice.steps))
    assert shapely.area(there).sum() == pytest.approx(len(index) * cell, rel=1e-3 if place is projected else 1e-9)
    assert shapely.area(shapely.union_all(there)) == pytest.approx(shapely.area(there).sum(), rel=1e-12)
    own = shapely.points(place(index))
    assert all(shapely.contains_properly(polygons[label], point) for label, point in zip(labels, own, strict=True))
    corners = np.array([lattice.corner(lattice.index + step) for step in ([0, 0], [1, 0], [1, 1], [0, 1])])
    quadrangles = shapely.polygons(corners.transpose(1, 0, 2))
    for label in np.unique(labels):
        assert_same_ground(polygons[label], shapely.union_all(quadrangles[labels == label]))


def test_a_cell_goes_to_the_cluster_with_most_weight_in_it():
    index = np.concatenate([cells(3, 3), [[0, 0]] * 3, [[1, 0]] * 2, [[2, 0]]])
    labels = np.array([0] * 9 + [2, 2, 1] + [0, 1] + [1])
    by_count = polygons_of(index, labels)
    assert_same_ground(by_count[2], squares(index[:1])[0])
    assert by_count[1] is None  # The lowest label wins a tie.
    weights = np.array([1.0] * 9 + [0.5, 0.4, 3.0] + [0.5, 1.5] + [1.5])
    by_weight = polygons_of(index, labels, weights)
    assert by_weight[2] is None
    assert_same_ground(by_weight[1], shapely.union_all(squares(index[[0, 2]])))


def test_cells_of_nobody_are_nobodys():
    lattice = lattice_of(cells(4, 4))
    assert lattice_polygons(lattice, np.full(16, -1), 2).tolist() == [None, None]
    assert len(lattice_polygons(lattice, np.full(16, -1), 0)) == 0


# Scattered places


def voronoi(points, labels, corners=None):
    """The polygons, after a look at whether they divide the ground as they should."""
    points, labels = np.asarray(points, np.float64), np.asarray(labels)
    polygons = voronoi_polygons(points, labels, labels.max() + 1, corners)
    there = checked(polygons)
    assert shapely.coverage_is_valid(there)
    steps = shapely.get_coordinates(there) / voronoi_faces.GRID
    assert (steps == np.rint(steps)).all()
    ground = shapely.union_all(there)
    assert shapely.area(there).sum() == pytest.approx(shapely.area(ground), rel=1e-9)
    is_ours = labels >= 0
    assert shapely.covers(ground, shapely.points(points[is_ours])).all()
    assert corners is None or shapely.covers(ground, shapely.points(corners)).all()
    # Anywhere, except beside a border, the nearest place is of the same cluster.
    rng = np.random.default_rng(0)
    lower, upper = np.reshape(shapely.bounds(ground), (2, 2))
    tree = shapely.STRtree(there)
    tried = np.concatenate([rng.uniform(lower, upper, (300, 2)), points[is_ours]])
    place, found = tree.query(shapely.points(tried), predicate="within")
    labels_there = np.flatnonzero([polygon is not None for polygon in polygons])
    all_places = cKDTree(points[is_ours])
    reach, _ = all_places.query(tried[place])
    for distance, label, spot in zip(reach, labels_there[found], tried[place], strict=True):
        near = all_places.query_ball_point(spot, distance + 0.01)
        assert label in labels[is_ours][near]
    return polygons


def clustered(points, k, seed=0):
    """Labels of the nearest of some of the points."""
    return cKDTree(np.random.default_rng(seed).choice(points, k, replace=False)).query(points)[1]


def town(seed=0, n=600):
    """Places in a dense centre and a sparse country."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 300, (n // 2, 2)), rng.uniform(-4000, 4000, (n // 2, 2))])


@pytest.mark.parametrize("origin", [(0, 0), (3e5, 1.6e6), (1e7, -1e7)])
def test_scattered_places(origin):
    points = town() + origin
    polygons = voronoi(points, clustered(points, 40))
    assert all(polygon is not None for polygon in polygons)


@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 8), st.sampled_from([1, 7, 40]))
def test_places_on_a_coarse_grid_where_many_are_equally_near(seed, n, k, extent):
    rng = np.random.default_rng(seed)
    voronoi(rng.integers(0, extent, (n, 2)) * 10.0 + [3e5, 1.6e6], rng.integers(0, k, n))


@pytest.mark.parametrize("labels", [np.zeros(200, int), np.arange(200), np.arange(200) % 3 - 1])
def test_one_cluster_one_place_each_and_places_of_nobody(labels):
    voronoi(town(n=200), labels)


@pytest.mark.parametrize(
    ("points", "labels", "n_there"),
    [
        ([[5.0, 5.0]], [0], 1),
        ([[0.0, 0.0], [100.0, 0.0]], [0, 1], 2),
        ([[0.0, 0.0], [100.0, 0.0]], [0, 0], 1),
        (np.column_stack([np.arange(20) * 7.0, np.zeros(20)]), np.arange(20) // 5, 4),
        (np.column_stack([np.arange(20) * 7.0, np.arange(20) * 3.3]), np.arange(20) // 5, 4),
        (np.zeros((9, 2)), np.arange(9) % 3, 1),
        ([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0], [0.0, 0.0]], [1, 0, 2, 1], 2),
        ([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0], [0.0, 0.0]], [1, 0, 1, 0], 2),
        ([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0]], [0, 1, 1], 2),
        (np.array([[0, 0], [1, 0], [2, 0], [0, 1]]) * voronoi_faces.GRID, [0, 1, 2, 3], 4),
    ],
    ids=["one", "two", "pair", "line", "slope", "one place", "most", "tie with more", "tie", "millimetres"],
)
def test_degenerate_places(points, labels, n_there):
    polygons = voronoi(points, labels)
    assert sum(polygon is not None for polygon in polygons) == n_there


def test_the_same_place_goes_to_the_cluster_with_most_points_there():
    polygons = voronoi_polygons(np.array([[0.0, 0.0], [0.0, 0.0], [50.0, 0.0], [0.0, 0.0]]), np.array([1, 0, 2, 1]), 3)
    assert polygons[0] is None
    assert polygons[1].contains(shapely.Point(0, 0))
    tied = voronoi_polygons(np.zeros((2, 2)), np.array([1, 0]), 2)
    assert tied[1] is None
    assert tied[0].contains(shapely.Point(0, 0))


def test_the_ground_around_clusters_of_one_place_each_is_joined():
    points = np.random.default_rng(0).uniform(0, 10_000, (400, 2))
    assert shapely.area(shapely.union_all(voronoi(points, np.arange(400)))) > 0.7 * 10_000**2


def test_no_places():
    assert voronoi_polygons(np.empty((0, 2)), np.empty(0, np.int64), 2).tolist() == [None, None]
    assert voronoi_polygons(np.zeros((1, 2)), np.array([-1]), 1).tolist() == [None]


def test_corners_of_buildings_are_covered():
    points = town(n=100)
    around = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    corners = (points[:, None] + 900 * around).reshape(-1, 2)
    without, labels = voronoi(points, np.arange(100) // 10), np.arange(100) // 10
    assert not shapely.covers(shapely.union_all(without), shapely.points(corners)).all()
    voronoi(points, labels, corners)
    voronoi([[5.0, 5.0]], [0], np.array([[0.0, 0.0], [90.0, 0.0], [90.0, 10.0]]))


def test_islands_are_not_joined_over_the_sea_and_a_bay_stays_open():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0.7, 2 * np.pi - 0.7, 1500)
    bay = 10_000 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 400, (1500, 2))
    islands = [
        rng.normal(0, size, (n, 2)) + place
        for size, n, place in [(500, 200, (0, 30_000)), (300, 60, (45_000, 5_000)), (200, 40, (25_000, -25_000))]
    ]
    angle = rng.uniform(0, 2 * np.pi, 1500)
    atoll = 12_000 * np.column_stack([np.cos(angle), np.sin(angle)]) + rng.normal(0, 300, (1500, 2)) + [-60_000, 0]
    points = np.concatenate([bay, *islands, atoll])
    labels = clustered(points, 150)
    polygons = voronoi(points, labels)
    ground = shapely.union_all(polygons)
    assert shapely.get_num_geometries(ground) == 5
    for water in [(0, 0), (20_000, 0), (30_000, 20_000), (-60_000, 0), (-40_000, 0)]:
        assert not shapely.intersects_xy(ground, *water)
    # But all of the coast between two clusters belongs to one of them.
    assert shapely.area(ground) < 4e8
    assert (shapely.get_num_geometries(polygons) == 1).mean() > 0.97


def test_a_cluster_with_a_part_far_away_has_two_parts():
    points = town(n=200)
    labels = clustered(points, 10)
    points = np.concatenate([points, town(n=20) * 0.02 + [300_000, 0]])
    polygons = voronoi(points, np.append(labels, np.full(20, 3)))
    assert shapely.area(shapely.convex_hull(polygons[3])) > 50 * shapely.area(polygons[3])


def test_a_continuous_country_is_covered_without_holes():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 20_000, (3000, 2))
    ground = shapely.union_all(voronoi(points, clustered(points, 100)))
    assert shapely.get_num_geometries(ground) == 1
    assert len(ground.interiors) == 0
    assert shapely.area(ground) == pytest.approx(4e8, rel=0.05)


def test_a_hull_that_closes_a_gap_leaves_no_hole():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 10_000, (1500, 2))
    labels = np.append(clustered(points, 80), [80, 80])
    ground = shapely.union_all(voronoi(np.append(points, [[2500, -1000], [7500, -1000]], axis=0), labels))
    assert shapely.covers(ground, shapely.Point(5000, -1000))
    assert shapely.get_num_geometries(ground) == 1
    assert len(ground.interiors) == 0


@pytest.mark.parametrize("seed", range(3))
def test_windows_give_the_polygons_of_the_whole(monkeypatch, seed):
    points = np.concatenate([town(seed), town(seed, 100) + np.array([60_000, 0])])
    labels = clustered(points, 30)
    whole = voronoi(points, labels)
    monkeypatch.setattr(voronoi_faces, "_MAX_SITES", 60)
    monkeypatch.setattr(voronoi_faces, "_N_SAMPLES", 16)
    windows = voronoi(points, labels)
    # Vertices may be one step of the grid apart.
    difference = shapely.area(shapely.symmetric_difference(windows, whole))
    assert (difference <= voronoi_faces.GRID * shapely.length(whole)).all()


def test_windows_are_cut_where_many_places_are_on_one_line(monkeypatch):
    monkeypatch.setattr(voronoi_faces, "_MAX_SITES", 40)
    monkeypatch.setattr(voronoi_faces, "_N_SAMPLES", 16)
    rng = np.random.default_rng(0)
    line = np.column_stack([np.zeros(200), rng.uniform(0, 500, 200)])
    points = np.concatenate([line, rng.uniform([500, 0], [3000, 500], (50, 2))])
    voronoi(points, clustered(points, 10))


def test_long_borders_are_bent_with_the_ground():
    points = town() * 20 + [3e5, 1.6e6]
    polygons = voronoi_polygons(points, clustered(points, 20), 20)

    def to_degrees(shapes):
        return shapely.transform(shapes, lambda xy: np.column_stack(UTM.transform(*xy.T, direction="INVERSE")))

    exact = to_degrees(shapely.segmentize(polygons, 50))
    difference = shapely.area(shapely.symmetric_difference(to_degrees(polygons), exact))
    assert (difference < 1e-5 * shapely.area(exact)).all()


@pytest.mark.parametrize("max_sites", [60, 10**6])
def test_neighbours_still_touch_in_other_coordinates(monkeypatch, max_sites):
    monkeypatch.setattr(voronoi_faces, "_MAX_SITES", max_sites)
    monkeypatch.setattr(voronoi_faces, "_N_SAMPLES", 16)
    points = town() * 20 + [3e5, 1.6e6]
    polygons = voronoi_polygons(points, clustered(points, 20), 20)
    in_degrees = shapely.transform(polygons, lambda xy: np.column_stack(UTM.transform(*xy.T, direction="INVERSE")))
    assert shapely.coverage_is_valid(checked(in_degrees))


def test_importing_takes_no_shapely():
    code = "import sys; import sampling_units.polygons.cluster_polygons; sys.exit('shapely' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
