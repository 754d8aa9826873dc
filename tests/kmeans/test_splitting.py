import numpy as np
import pytest

from kmeans.splitting import split_heavy


@pytest.mark.parametrize("seed", range(5))
def test_no_cluster_stays_above_the_maximum(seed):
    rng = np.random.default_rng(seed)
    points, weights, labels = rng.normal(0, 100, (400, 2)), rng.uniform(0, 1, 400), rng.integers(0, 3, 400)
    split = split_heavy(points, weights, labels, 20.0)
    assert np.bincount(split, weights).max() <= 20
    for new in np.unique(split):
        assert len(np.unique(labels[split == new])) == 1


def test_a_cluster_is_cut_across_its_longest_axis():
    points = np.column_stack([np.arange(10.0), np.zeros(10)])
    split = split_heavy(points, np.ones(10), np.zeros(10, np.int64), 5.0)
    assert sorted([set(np.flatnonzero(split == j)) for j in (0, 1)], key=min) == [set(range(5)), set(range(5, 10))]


def test_a_heavy_point_is_left_alone_but_sheds_its_neighbours():
    points, weights = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]]), np.array([1.0, 100.0, 1.0])
    split = split_heavy(points, weights, np.zeros(3, np.int64), 10.0)
    heavy = np.flatnonzero(split == split[1])
    assert weights[heavy].sum() >= 100
    assert len(np.unique(split)) >= 2


@pytest.mark.parametrize("weights", [[0.0, 0.0, 50.0], [50.0, 50.0, 50.0]])
def test_points_in_one_place_end(weights):
    split = split_heavy(np.zeros((3, 2)), np.array(weights), np.zeros(3, np.int64), 10.0)
    assert len(split) == 3
