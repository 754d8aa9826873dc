import numpy as np
import pytest

from kmeans import Parameters
from kmeans.cluster_count import candidate_counts, feasible_counts, objective


@pytest.mark.parametrize(
    ("total", "expected"),
    [(240, (1, 1)), (300, (1, 1)), (360, (2, 2)), (1000, (4, 5)), (330, (1, 1)), (10, (1, 1)), (0, (1, 1))],
)
def test_feasible_counts_keep_the_mean_in_the_range(total, expected):
    assert feasible_counts(total, Parameters(240)) == expected


def test_every_candidate_is_feasible_and_the_ideal_is_among_them():
    counts = candidate_counts(100_000, 10**6, Parameters(240, radius=500))
    assert min(counts) == np.ceil(100_000 / 300)
    assert max(counts) == 100_000 // 180
    assert round(100_000 / 240) in counts


def test_without_a_radius_only_the_ideal_is_computed():
    assert candidate_counts(1000, 50, Parameters(240)) == [4]
    assert candidate_counts(1000, 3, Parameters(240)) == [3]
    assert candidate_counts(1000, 50, Parameters(240, n_clusters=7)) == [7]


def test_objective_is_the_documented_formula():
    params = Parameters(200, radius=100, weight_importance=0.25)
    weights, radii = np.array([100.0, 300.0]), np.array([50.0, 200.0])
    assert objective(weights, radii, params) == pytest.approx(0.25 * 0.5 + 0.75 * 0.5)
    assert objective(weights, radii, Parameters(200)) == pytest.approx(0.5)
