import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans import build_kdtree
from kmeans.graph.neighbours import build_neighbour_graph, connected_components
from tests.support.geography import count_pieces, delaunay_edges, lattice_edges
from tests.support.populations import buildings


def edges_of(points, cells=None):
    """Undirected edges in the caller's order, and whether a lattice was seen."""
    tree = build_kdtree(points, np.ones(len(points)))
    graph, is_lattice = build_neighbour_graph(tree, cells)
    sources = np.repeat(np.arange(len(points)), np.diff(graph.indptr))
    ends = np.column_stack([tree.order[sources], tree.order[graph.indices]])
    one_way = {tuple(pair) for pair in ends if pair[0] < pair[1]}
    other_way = {tuple(pair[::-1]) for pair in ends if pair[0] > pair[1]}
    assert one_way == other_way
    return one_way, is_lattice


def as_set(edges):
    return {tuple(sorted(pair)) for pair in edges.tolist()}


@pytest.mark.parametrize("holes", [0.0, 0.15, 0.5])
@pytest.mark.parametrize("spacing", [(92, 92), (92, 46), (30, 100)])
@pytest.mark.parametrize("angle", [0.0, 0.3, 0.785])
def test_a_lattice_is_recognised_with_holes_any_spacing_and_any_angle(holes, spacing, angle):
    rng = np.random.default_rng(0)
    x, y = np.meshgrid(np.arange(25.0), np.arange(30.0))
    cells = np.column_stack([x.ravel(), y.ravel()])
    cells = cells[rng.random(len(cells)) >= holes]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    found, is_lattice = edges_of(cells * spacing @ turn + [3e5, 1.6e6])
    assert is_lattice
    assert found == as_set(lattice_edges(cells))


def test_a_lattice_of_degrees_stays_one_when_projected():
    import pyproj

    longitude, latitude = np.meshgrid(121 + np.arange(150) / 1200, 14 + np.arange(150) / 1200)
    cells = np.column_stack([longitude.ravel(), latitude.ravel()])
    project = pyproj.Transformer.from_crs(4326, 3121, always_xy=True).transform
    found, is_lattice = edges_of(np.column_stack(project(*cells.T)))
    assert is_lattice
    assert found == as_set(lattice_edges(cells * 1200))


@pytest.mark.small
@given(st.integers(0, 1000), st.integers(1, 150), st.integers(1, 12), st.integers(1, 40))
def test_known_cells_need_no_search(seed, n, width, height):
    rng = np.random.default_rng(seed)
    cells = np.unique(rng.integers(0, [width, height], (n, 2)), axis=0)
    cells = cells[rng.permutation(len(cells))]
    # Whatever the points, for instance on a lattice that is so bent that nobody would recognise it.
    found, is_lattice = edges_of(rng.uniform(0, 100, cells.shape), cells)
    assert is_lattice
    assert found == as_set(lattice_edges(cells))


def test_several_points_in_a_cell_are_searched_for():
    points = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [1, 1]])
    assert edges_of(points, points.astype(int)) == edges_of(points)


def test_scattered_points_have_delaunay_neighbours():
    points, _ = buildings(np.random.default_rng(1), 700)
    found, is_lattice = edges_of(points)
    assert not is_lattice
    assert found == as_set(delaunay_edges(points))


@pytest.mark.parametrize("seed", range(40))
def test_small_square_lattices_of_degrees_are_recognised(seed):
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(rng.integers(4, 12)), np.arange(rng.integers(4, 12)))
    cells = np.column_stack([x.ravel(), y.ravel()])
    found, is_lattice = edges_of(cells / 1200 + [121, 14])
    assert is_lattice
    assert found == as_set(lattice_edges(cells))


@pytest.mark.parametrize(
    "points",
    [
        np.zeros((1, 2)),
        np.zeros((6, 2)),
        np.column_stack([np.arange(9.0), np.zeros(9)]),
        np.column_stack([np.arange(9.0), 2 * np.arange(9.0)]).repeat(3, axis=0),
        np.array([[0.0, 0.0], [1.0, 5.0]]),
        np.array([[0.0, 0.0], [1.0, 5.0], [1.0, 5.0]]),
    ],
    ids=["one", "one place", "line", "repeated line", "two", "two places"],
)
@pytest.mark.small
def test_degenerate_points_are_connected(points):
    tree = build_kdtree(points, np.ones(len(points)))
    graph, _ = build_neighbour_graph(tree)
    assert connected_components(graph, np.zeros(len(points), np.int64))[1] == 1


@pytest.mark.small
@given(st.integers(0, 1000), st.integers(4, 150), st.integers(1, 5))
def test_pieces_of_clusters_equal_a_search_by_brute_force(seed, n, k):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 100, (n, 2))
    tree = build_kdtree(points, np.ones(n))
    graph, _ = build_neighbour_graph(tree)
    labels = rng.integers(0, k, n)
    _, n_pieces = connected_components(graph, labels)
    sources = np.repeat(np.arange(n), np.diff(graph.indptr))
    assert n_pieces == count_pieces(n, np.column_stack([sources, graph.indices]), labels).sum()
