"""Weights, parameters and counts at the ends of what they can be."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans import (
    Footprints,
    InvalidParameter,
    InvalidPoint,
    InvalidWeight,
    Parameters,
    Status,
    cluster,
    cluster_groups,
)
from kmeans.search.cluster_count import share_out
from tests.support.extremes import MOST_EFFORT, block, checked, effort, extreme_weights


class TestWeights:
    @pytest.mark.parametrize("kind", list(extreme_weights(np.random.default_rng(0), 2)))
    @pytest.mark.parametrize(
        "options", [{}, {"n_clusters": 20}, {"radius": 500.0}, {"min_weight": 0.0}, {"open": True}]
    )
    def test_of_any_size(self, kind, options):
        rng = np.random.default_rng(6)
        points = rng.uniform(0, 1e4, (400, 2)) if rng.random() < 0.5 else block(20, 20) * 100
        weights = extreme_weights(rng, 400)[kind]
        ends = {"min_weight": 5e-324, "max_weight": np.inf} if options.get("open") else options
        smallest = weights[weights > 0].min(initial=1.0)
        for target in (weights.sum() / 20 or 1.0, smallest / 1e3 or 5e-324, weights.sum() * 10 or 1.0, 1e308):
            checked(points, weights, Parameters(target, **ends))

    def test_a_target_below_every_weight_sets_each_point_apart(self):
        found = checked(block(10, 10), np.full(100, 1e3), Parameters(1e-300))
        assert found.status.tolist() == [Status.POINT_ABOVE_MAX] * 100

    def test_a_target_above_the_total_says_so(self):
        assert checked(block(10, 10), None, Parameters(1.7e308)).status.tolist() == [Status.TOTAL_BELOW_MIN]

    def test_a_giant_stands_alone_and_the_others_are_as_without_it(self):
        weights = np.append(np.ones(399), 1e12)
        found = checked(block(20, 20), weights, Parameters(19))
        assert sorted(found.status) == [Status.OK] * (found.n_clusters - 1) + [Status.POINT_ABOVE_MAX]

    @pytest.mark.parametrize("weight", [np.nan, np.inf, -1e-300, 1.1e15, 1.7e308])
    def test_what_is_no_weight_is_refused(self, weight):
        weights = np.ones(25)
        weights[7:9] = weight
        with pytest.raises(InvalidWeight, match="row 7"):
            cluster(block(5, 5), weights, Parameters(5))


@pytest.mark.small
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1.1e12, -1.7e308])
def test_what_is_no_place_is_refused(value):
    points = block(5, 5)
    bad = points.copy()
    bad[7, 1] = value
    with pytest.raises(InvalidPoint, match="row 7"):
        cluster(bad, None, Parameters(5))
    with pytest.raises(InvalidPoint, match="row 7"):
        cluster(points, None, Parameters(5), Footprints(np.arange(26), bad))


@pytest.mark.small
@pytest.mark.parametrize("value", [np.nan, np.inf, 0, -1, 10**400])
@pytest.mark.parametrize("name", ["target_weight", "radius", "max_radius"])
def test_what_is_no_parameter_is_refused(name, value):
    with pytest.raises(InvalidParameter, match=name):
        Parameters(**{"target_weight": 30.0, name: value})


@pytest.mark.small
@pytest.mark.parametrize("n", range(4))
def test_hardly_any_points(n):
    shapes = [np.zeros((n, 2)), block(n, 1), np.array([[0, 0], [1, 5], [1e12, -1e12]])[:n]]
    options = [{}, {"n_clusters": n or 1}, {"n_clusters": 10**9}, {"radius": 1e-300}, {"max_radius": 1e300}]
    options += [{"max_radius": 1e-300}, {"bridge": True}, {"min_weight": 0.0}, {"max_weight": np.inf}]
    for points, option, target in itertools.product(shapes, options, [1e-300, 1.0, 2.5, 1e300]):
        for weights in (None, np.zeros(n), np.array([1e-12, 1e12, 0])[:n]):
            found = checked(points, weights, Parameters(target, **option))
            assert found.n_clusters <= n


class TestNumbers:
    @pytest.mark.parametrize("points", [block(300, 100), np.random.default_rng(7).random((30_000, 2))], ids=len)
    def test_as_many_clusters_as_points(self, points):
        def work(points):
            assert checked(points, None, Parameters(1, n_clusters=len(points))).n_clusters == len(points)

        assert effort(work, points[:100], points) < MOST_EFFORT

    def test_many_clusters_are_shared_out_to_many_islands(self):
        def work(n):
            assert share_out(10 * n, np.arange(n) % 7.0, np.full(n, 12)).count(12) > n / 2

        assert effort(work, 20_000) < MOST_EFFORT

    @given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 60))
    def test_the_next_cluster_goes_to_the_heaviest_mean(self, seed, n_islands, n_clusters):
        rng = np.random.default_rng(seed)
        weight, n_points = rng.integers(0, 5, n_islands) * 1.5, rng.integers(1, 9, n_islands)
        counts = np.ones(n_islands, int)
        while counts.sum() < min(n_clusters, n_points.sum()):
            counts[np.argmax(np.where(counts < n_points, weight / counts, -1))] += 1
        assert share_out(n_clusters, weight, n_points) == counts.tolist()

    @pytest.mark.parametrize("radius", [5e-324, 1e-9, 1e12, 1.7e308])
    def test_any_radius(self, radius):
        points = block(30, 30) * 100
        assert checked(points, None, Parameters(30, radius=radius)).in_range.all()
        found = checked(points, None, Parameters(30, max_radius=radius))
        assert (found.radius <= radius).all()
        assert found.n_clusters == (900 if radius < 1 else 30)

    @pytest.mark.parametrize("n", [3_000, pytest.param(100_000, marks=pytest.mark.slow)])
    def test_a_group_for_each_point(self, n):
        groups = np.random.default_rng(8).permutation(n) * 1_000_003
        found = cluster_groups(np.random.default_rng(9).random((n, 2)), None, groups, Parameters(1), n_threads=2)
        np.testing.assert_array_equal(found.group[found.labels], groups)
        assert (found.n_points == 1).all()
        assert set(found.status) == {Status.OK}
