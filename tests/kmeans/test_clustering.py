import inspect

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import kmeans
from kmeans import InvalidParameter, InvalidPoint, InvalidWeight, Parameters, Status, WeightRange, cluster
from tests.support import references
from tests.support.populations import buildings, lattice


def check_consistent(found, points, weights):
    k = found.n_clusters
    np.testing.assert_array_equal(np.unique(found.labels), np.arange(k))
    np.testing.assert_allclose(found.weight, np.bincount(found.labels, weights, k))
    np.testing.assert_array_equal(found.n_points, np.bincount(found.labels, minlength=k))
    for j in np.flatnonzero(found.weight > 0):
        mine = found.labels == j
        np.testing.assert_allclose(
            found.centroid[j], np.average(points[mine], axis=0, weights=weights[mine]), rtol=1e-9, atol=1e-6
        )
    assert found.inertia == pytest.approx(references.inertia(points, weights, found.centroid, found.labels))


@pytest.mark.parametrize("radius", [None, 300.0])
def test_lattice(radius):
    points, weights = lattice(np.random.default_rng(0), 50, 40)
    target = weights.sum() / 20
    params = Parameters(target, radius=radius)
    found = cluster(points, weights, params)
    check_consistent(found, points, weights)
    assert found.in_range.all()
    assert 15 <= found.n_clusters <= 40
    for j in range(found.n_clusters):
        mine = shapely.multipoints(points[found.labels == j])
        assert found.radius[j] == pytest.approx(shapely.minimum_bounding_radius(mine))


def test_the_range_is_the_parameters_own_or_a_quarter_around_the_target():
    assert Parameters(240).weight_range == (180, 300)
    assert Parameters(240, min_weight=0, max_weight=1000).weight_range == (0, 1000)


def test_clusters_are_numbered_so_that_neighbours_are_near():
    points, weights = lattice(np.random.default_rng(1), 60, 60)
    found = cluster(points, weights, Parameters(weights.sum() / 64))
    steps = np.linalg.norm(np.diff(found.centroid, axis=0), axis=1)
    shuffled = np.random.default_rng(0).permutation(found.centroid)
    assert steps.mean() < 0.5 * np.linalg.norm(np.diff(shuffled, axis=0), axis=1).mean()


@given(st.integers(0, 1000), st.integers(1, 60), st.sampled_from([1.0, 5.0, 100.0]))
def test_any_input_gives_a_partition_that_does_not_depend_on_the_order_of_the_rows(seed, n, target):
    rng = np.random.default_rng(seed)
    points = rng.choice([rng.integers(0, 4, (n, 2)).astype(float), rng.uniform(0, 1e4, (n, 2))])
    weights = rng.choice([0.0, 1.0, 3.0, 30.0], n)
    params = Parameters(target, radius=rng.choice([None, 10.0]))
    found = cluster(points, weights, params)
    check_consistent(found, points, weights)
    order = rng.permutation(n)
    again = cluster(points[order], weights[order], params)
    np.testing.assert_array_equal(np.sort(again.weight), np.sort(found.weight))


def test_no_points_give_no_clusters():
    found = cluster(np.empty((0, 2)), np.empty(0), Parameters(10, radius=5))
    assert found.n_clusters == 0
    assert found.labels.shape == (0,)


def test_without_weights_every_point_counts_one():
    points, ones = buildings(np.random.default_rng(3), 300)
    unweighted, weighted = cluster(points, None, Parameters(30)), cluster(points, ones, Parameters(30))
    np.testing.assert_array_equal(unweighted.labels, weighted.labels)


def test_the_same_input_gives_the_same_clusters():
    points, weights = buildings(np.random.default_rng(4), 2000)
    first, second = (cluster(points, weights, Parameters(30, radius=200)) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_bad_weight_names_its_row(bad):
    weights = np.ones(10)
    weights[7] = bad
    with pytest.raises(InvalidWeight, match="row 7") as caught:
        cluster(np.zeros((10, 2)), weights, Parameters(5))
    assert caught.value.row == 7


def test_bad_point_names_its_row():
    points = np.zeros((10, 2))
    points[4, 1] = np.nan
    with pytest.raises(InvalidPoint, match="row 4"):
        cluster(points, None, Parameters(5))


@pytest.mark.parametrize(
    "values",
    [
        {"target_weight": 0},
        {"target_weight": float("nan")},
        {"target_weight": 10, "min_weight": 11},
        {"target_weight": 10, "min_weight": -1},
        {"target_weight": 10, "max_weight": 9},
        {"target_weight": 10, "radius": 0},
        {"target_weight": 10, "weight_importance": 1.5},
        {"target_weight": 10, "n_clusters": 0},
        {"target_weight": 10, "random_state": -1},
    ],
)
def test_wrong_parameters_are_refused(values):
    with pytest.raises(InvalidParameter, match=list(values)[-1]):
        Parameters(**values)


def test_a_fixed_number_of_clusters_is_kept_whatever_they_weigh():
    points, weights = lattice(np.random.default_rng(6), 30, 30)
    found = cluster(points, weights, Parameters(weights.sum() / 20, n_clusters=3))
    assert found.n_clusters == 3
    assert set(found.status) == {Status.ABOVE_MAX}


def test_known_cells_give_what_a_search_for_them_does():
    points, weights = lattice(np.random.default_rng(3), 40, 40)
    params = Parameters(weights.sum() / 12)
    searched, known = cluster(points, weights, params), cluster(points, weights, params, cells=points.astype(int) // 92)
    np.testing.assert_array_equal(known.labels, searched.labels)
    np.testing.assert_array_equal(known.pieces, searched.pieces)


@pytest.mark.parametrize(
    "cells", [np.zeros((3, 2), int), np.zeros(4, int), np.array([[0, 0], [0, 1], [1, 0], [1, -1]])]
)
def test_cells_that_do_not_fit_are_refused(cells):
    with pytest.raises(ValueError, match="columns and rows"):
        cluster(np.zeros((4, 2)), None, Parameters(1), cells=cells)


@pytest.mark.parametrize("name", kmeans.__all__)
def test_a_public_name_stays_what_it_is(name):
    # A module of the same name would take its place when it is imported.
    assert getattr(kmeans, name) is getattr(kmeans, name)
    assert not inspect.ismodule(getattr(kmeans, name))


def test_weights_are_compared_with_a_tolerance_for_rounding():
    weight_range = WeightRange(180.0, 300.0)
    weights = np.array([180 * (1 - 2e-9), 180 * (1 - 5e-10), 240, 300 * (1 + 5e-10), 300 * (1 + 2e-9)])
    assert weight_range.is_below(weights).tolist() == [True, False, False, False, False]
    assert weight_range.is_above(weights).tolist() == [False, False, False, False, True]
    assert weight_range.contains(weights).tolist() == [False, True, True, True, False]
    assert not weight_range.contains(float("nan"))
