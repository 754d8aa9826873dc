import numpy as np
import pytest

from kmeans import Parameters
from kmeans.search.cluster_count import feasible_counts, nearest_count, objective, promising_counts


@pytest.mark.parametrize(
    ("total", "expected"),
    [(180, (1, 1)), (240, (1, 1)), (300, (1, 1)), (360, (2, 2)), (1000, (4, 5)), (6000, (20, 33))],
)
def test_feasible_counts_keep_the_mean_in_the_range(total, expected):
    assert feasible_counts(total, 180, 300) == expected


@pytest.mark.parametrize("total", [301, 330, 359])
def test_a_total_in_a_gap_has_no_feasible_count(total):
    fewest, most = feasible_counts(total, 180, 300)
    assert fewest > most


@pytest.mark.parametrize(("total", "expected"), [(310, 1), (329, 1), (331, 2), (359, 2)])
def test_the_nearest_count_misses_the_range_by_least(total, expected):
    assert nearest_count(total, 180, 300) == expected


def test_without_bounds_any_count_is_feasible():
    fewest, most = feasible_counts(1000, 0, np.inf)
    assert fewest == 1
    assert most > 10**12


def test_the_bounds_themselves_are_feasible_despite_rounding():
    assert feasible_counts(0.1 * 3, 0.1, 0.1) == (3, 3)


def test_objective_is_the_documented_formula():
    params = Parameters(200, radius=100, weight_importance=0.25)
    weights, radii = np.array([100.0, 300.0]), np.array([50.0, 200.0])
    assert objective(weights, radii, params) == pytest.approx(0.25 * 0.5 + 0.75 * 0.5)
    assert objective(weights, radii, Parameters(200)) == pytest.approx(0.5)


def test_more_clusters_are_promising_when_the_radius_is_too_large():
    weights, radii = np.full(25, 240.0), np.full(25, 2000.0)
    counts = promising_counts(weights, radii, 20, 33, Parameters(240, radius=1000, weight_importance=0))
    assert max(counts) == 33
    assert 25 not in counts
    counts = promising_counts(weights, radii, 20, 33, Parameters(240, radius=1000, weight_importance=1))
    assert set(counts) <= {24, 26}
