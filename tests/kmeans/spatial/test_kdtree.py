import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans import build_kdtree
from kmeans.spatial.kdtree import LEAF_SIZE


@st.composite
def weighted_points(draw, max_size=200):
    n = draw(st.integers(1, max_size))
    # Few distinct values: duplicates, collinear points and ties on every split.
    coordinate = st.integers(-5, 5) if draw(st.booleans()) else st.floats(-1e6, 1e6)
    points = np.array(draw(st.lists(st.tuples(coordinate, coordinate), min_size=n, max_size=n)), float)
    weights = np.array(draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 7.0]), min_size=n, max_size=n)))
    return points, weights


@pytest.mark.small
@given(weighted_points())
def test_nodes_partition_the_points_and_carry_their_sums(data):
    points, weights = data
    tree = build_kdtree(points, weights)
    assert sorted(tree.order) == list(range(len(points)))
    restored = np.column_stack([tree.x, tree.y]) + tree.origin
    np.testing.assert_allclose(restored, points[tree.order], rtol=1e-12, atol=1e-9)
    np.testing.assert_array_equal(tree.weight, weights[tree.order])
    n_nodes = len(tree.first)
    for node in range(n_nodes):
        mine = slice(tree.first[node], tree.last[node])
        x, y, weight = tree.x[mine], tree.y[mine], tree.weight[mine]
        assert tree.bounds[node].tolist() == [x.min(), x.max(), y.min(), y.max()]
        expected = [weight.sum(), (weight * x).sum(), (weight * y).sum(), (weight * (x**2 + y**2)).sum()]
        np.testing.assert_allclose(tree.moments[node], expected, rtol=1e-9, atol=1e-9 * max(1.0, abs(expected[3])))
        if tree.after[node] == node + 1:
            assert len(x) <= LEAF_SIZE
        else:
            left, right = node + 1, tree.after[node + 1]
            assert tree.first[left] == tree.first[node]
            assert tree.last[left] == tree.first[right]
            assert tree.last[right] == tree.last[node]
            assert tree.after[right] == tree.after[node]


@pytest.mark.parametrize("n", [1, 2, LEAF_SIZE, LEAF_SIZE + 1, 1000])
def test_tree_does_not_depend_on_the_order_of_the_rows(n):
    rng = np.random.default_rng(1)
    points, weights = rng.integers(0, 10, (n, 2)).astype(float), rng.integers(0, 3, n).astype(float)
    shuffled = rng.permutation(n)
    first, second = build_kdtree(points, weights), build_kdtree(points[shuffled], weights[shuffled])
    for name in ("x", "y", "weight", "moments", "bounds"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
