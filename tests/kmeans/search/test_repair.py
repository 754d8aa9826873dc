"""Clusters out of the range are repaired by partitioning the clusters around them anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans import build_kdtree
from kmeans.graph.neighbours import build_neighbour_graph
from kmeans.search.annealing import count_outside
from kmeans.search.moments import compute_moments, total_inertia
from kmeans.search.partition import Partition, partition
from kmeans.search.repair import repair
from tests.support.geography import count_pieces


def lattice(columns, rows, weights):
    points = np.column_stack([np.repeat(np.arange(columns), rows), np.tile(np.arange(rows), columns)]) * 100.0
    tree = build_kdtree(points, np.asarray(weights, np.float64))
    return tree, build_neighbour_graph(tree)[0]


def partition_of(tree, labels, low, high):
    moments = np.empty((labels.max() + 1, 4))
    compute_moments(tree, labels, moments)
    return Partition(labels, count_outside(moments, low, high), total_inertia(moments))


def check(tree, graph, found, low, high):
    """What a partition says of itself, and that clusters are connected and numbered without gaps."""
    n = len(tree.x)
    sources = np.repeat(np.arange(n), np.diff(graph.indptr))
    assert (count_pieces(n, np.column_stack([sources, graph.indices]), found.labels) == 1).all()
    expected = partition_of(tree, found.labels, low, high)
    assert found.n_outside == expected.n_outside
    assert found.inertia == pytest.approx(expected.inertia)
    assert set(found.labels) == set(range(found.labels.max() + 1))


@pytest.mark.small
@pytest.mark.parametrize(("n_before", "n_after"), [(2, 3), (4, 3), (3, 3)])
def test_there_may_be_more_or_fewer_clusters_afterwards(n_before, n_after):
    tree, graph = lattice(30, 1, np.ones(30))
    along = np.empty(30, np.int64)
    along[np.argsort(tree.x)] = np.arange(30)
    # Three of equal length would be in the range: the first is a point longer, or there are others.
    labels = np.minimum(along * n_before // (31 if n_before == 3 else 30), n_before - 1)
    labels[along == 10] = 0
    before = partition_of(tree, labels, 10.0, 10.5)
    assert before.n_outside > 0
    after = repair(tree, graph, before, 10.0, 10.5, 0)
    check(tree, graph, after, 10.0, 10.5)
    assert (after.n_outside, after.labels.max() + 1) == (0, n_after)


@pytest.mark.small
def test_where_nothing_helps_the_division_stays():
    tree, graph = lattice(3, 1, [244, 147, 56])
    before = partition(tree, graph, 2, 180.0, 300.0, 0)
    assert before.n_outside == 0  # 244 and 203.
    before = partition(tree, graph, 2, 205.0, 240.0, 0)
    assert before.n_outside > 0
    assert repair(tree, graph, before, 205.0, 240.0, 0) is before


@given(st.integers(0, 10_000))
def test_fewer_are_out_of_the_range_or_as_many(seed):
    rng = np.random.default_rng(seed)
    # Some four cells a cluster, unequal ones: too few to be lucky everywhere.
    tree, graph = lattice(12, 12, rng.lognormal(4, 0.6, 144).clip(1, 280))
    low, high = 192.0, 288.0
    before = partition(tree, graph, round(tree.weight.sum() / 240), low, high, seed)
    after = repair(tree, graph, before, low, high, seed)
    check(tree, graph, after, low, high)
    assert after.n_outside < before.n_outside or after is before
    again = repair(tree, graph, before, low, high, seed)
    np.testing.assert_array_equal(after.labels, again.labels)


def test_what_is_spoiled_in_one_place_is_repaired():
    rng = np.random.default_rng(0)
    tree, graph = lattice(30, 30, rng.lognormal(3, 0.5, 900))
    low, high = 0.9 * 300, 1.1 * 300
    whole = partition(tree, graph, round(tree.weight.sum() / 300), low, high, 0)
    assert whole.n_outside == 0
    labels = whole.labels.copy()
    # The first cluster and one that it touches become one.
    around = np.concatenate([graph.indices[graph.indptr[i] : graph.indptr[i + 1]] for i in np.flatnonzero(labels == 0)])
    labels[labels == labels[around].max()] = 0
    labels = np.unique(labels, return_inverse=True)[1]
    spoiled = partition_of(tree, labels, low, high)
    assert spoiled.n_outside == 1
    repaired = repair(tree, graph, spoiled, low, high, 0)
    check(tree, graph, repaired, low, high)
    assert repaired.n_outside == 0
    assert repaired.inertia < 1.05 * whole.inertia
