"""Units, origin, order of the rows and number of threads are no part of the result."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmeans import Parameters, cluster_groups
from kmeans.groups import _COLUMNS
from tests.support.extremes import checked, extreme_points
from tests.support.populations import buildings, district


@pytest.mark.parametrize("population", [district, buildings])
@pytest.mark.parametrize("exponent", [-300, -40, 12])
@pytest.mark.parametrize("options", [{}, {"radius": 5.0}, {"max_weight": np.inf}])
def test_another_unit_of_weight_changes_no_label(population, exponent, options):
    points, weights = population(np.random.default_rng(10), 800)
    weights = weights * np.random.default_rng(11).uniform(0.5, 1.5, len(weights))
    target, unit = weights.sum() / 20, 2.0**exponent
    one = checked(points, weights, Parameters(target, **options))
    other = checked(points, weights * unit, Parameters(target * unit, **options))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.weight * unit, other.weight)


@pytest.mark.parametrize("exponent", [-10, 17])
def test_another_unit_of_length_changes_no_label(exponent):
    points, weights = buildings(np.random.default_rng(12), 800)
    one = checked(points, weights, Parameters(30, radius=200.0))
    other = checked(points * 2.0**exponent, weights, Parameters(30, radius=200.0 * 2.0**exponent))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.radius * 2.0**exponent, other.radius)


@pytest.mark.parametrize("at", [(2.0**23, -(2.0**23)), (2.0**39, 2.0**36)], ids=str)
def test_another_origin_changes_no_label(at):
    points, weights = district(np.random.default_rng(13), 800)
    one = checked(points, weights, Parameters(weights.sum() / 20))
    other = checked(points + at, weights, Parameters(weights.sum() / 20))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_array_equal(one.radius, other.radius)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(20, 200))
def test_another_order_of_the_rows_changes_no_label(seed, n):
    rng = np.random.default_rng(seed)
    points, weights, order = extreme_points(rng, n), 10.0 ** rng.uniform(-12, 12, n), rng.permutation(n)
    params = Parameters(weights.sum() / 5, max_weight=np.inf)
    straight, shuffled = checked(points, weights, params), checked(points[order], weights[order], params)
    np.testing.assert_array_equal(straight.labels[order], shuffled.labels)


def test_threads_change_no_byte():
    rng = np.random.default_rng(14)
    parts = [extreme_points(rng, n) for n in (250, 300, 400, 500, 600, 1, 7)]
    points, groups = np.vstack(parts), np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    weights = 10.0 ** rng.uniform(-12, 12, len(points))
    params = Parameters(float(np.median(weights) * 50), radius=1.0)
    one, two = (cluster_groups(points, weights, groups, params, n_threads=n) for n in (1, 2))
    for name in ("labels", *_COLUMNS):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes(), name
    assert one.inertia == two.inertia
