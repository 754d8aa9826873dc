import numpy as np
import pytest
from sklearn.cluster import kmeans_plusplus

from kmeans import build_kdtree
from kmeans.search.seeding import equal_weight_runs, greedy_kmeans_plus_plus, uniform
from tests.support import references
from tests.support.populations import buildings, lattice


def start_inertia(tree, centroids):
    points = np.column_stack([tree.x, tree.y])
    return references.inertia(points, tree.weight, centroids, references.nearest(points, centroids))


def test_runs_share_the_square_roots_of_the_weights_equally():
    points, weights = lattice(np.random.default_rng(0), 40, 40)
    tree = build_kdtree(points, weights)
    k = 9
    mass = np.sqrt(tree.weight)
    middle = np.cumsum(mass) - mass / 2
    labels = np.minimum((middle * k / mass.sum()).astype(int), k - 1)
    moments = references.cluster_sums(np.column_stack([tree.x, tree.y]), tree.weight, labels, k)
    np.testing.assert_allclose(equal_weight_runs(tree, k), moments[:, 1:3] / moments[:, :1], rtol=1e-9)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (3, 3), (3, 5), (50, 50)])
def test_any_number_of_seeds_is_finite(n, k):
    rng = np.random.default_rng(n)
    for weights in (np.zeros(n), rng.uniform(0, 1, n)):
        tree = build_kdtree(rng.uniform(0, 1, (n, 2)), weights)
        assert np.isfinite(equal_weight_runs(tree, k)).all()
        assert np.isfinite(greedy_kmeans_plus_plus(tree, k, 0)).all()


def test_kmeans_plus_plus_is_as_good_as_scikit_learns():
    points, weights = buildings(np.random.default_rng(2), 2000)
    tree = build_kdtree(points, weights)
    ours = [start_inertia(tree, greedy_kmeans_plus_plus(tree, 40, seed)) for seed in range(10)]
    theirs = []
    for seed in range(10):
        centres, _ = kmeans_plusplus(points, 40, sample_weight=weights, random_state=seed)
        theirs.append(start_inertia(tree, centres - tree.origin))
    assert np.mean(ours) < 1.05 * np.mean(theirs)


def test_kmeans_plus_plus_takes_points_without_weight_never_and_repeats_itself():
    rng = np.random.default_rng(4)
    points, weights = rng.uniform(0, 1, (300, 2)), np.zeros(300)
    weights[:30] = 1
    tree = build_kdtree(points, weights)
    seeds = greedy_kmeans_plus_plus(tree, 20, 9)
    heavy = {tuple(point) for point in np.column_stack([tree.x, tree.y])[tree.weight > 0]}
    assert {tuple(seed) for seed in seeds} <= heavy
    np.testing.assert_array_equal(seeds, greedy_kmeans_plus_plus(tree, 20, 9))
    assert not np.array_equal(seeds, greedy_kmeans_plus_plus(tree, 20, 10))


def test_uniform_numbers_are_split_mix_64():
    # First outputs for the seed 1234567 as published with the reference implementation.
    state = np.array([1234567], np.uint64)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [uniform(state) for _ in expected] == [(value >> 11) / 2**53 for value in expected]
