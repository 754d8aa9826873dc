import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans

from kmeans import InvalidParameter, build_kdtree, initial_centroids, lloyd
from kmeans.search.lloyd import assign
from tests.support import references
from tests.support.populations import buildings, lattice


@pytest.mark.small
@given(st.integers(0, 10_000), st.integers(1, 300), st.integers(1, 40), st.floats(0, 2))
def test_assignment_equals_brute_force(seed, n, k, offset_scale):
    rng = np.random.default_rng(seed)
    points, weights = rng.uniform(-1, 1, (n, 2)), rng.uniform(0, 2, n)
    centroids, power_weights = rng.uniform(-1, 1, (k, 2)), rng.uniform(0, offset_scale, k)
    tree = build_kdtree(points, weights)
    labels, moments = np.full(n, -1), np.full((k, 4), np.nan)
    assign(tree, centroids - tree.origin, power_weights, moments, labels, True)
    in_tree_order = points[tree.order]
    expected = references.nearest(in_tree_order, centroids, power_weights)
    np.testing.assert_array_equal(labels, expected)
    relative = in_tree_order - tree.origin
    np.testing.assert_allclose(
        moments, references.cluster_sums(relative, tree.weight, expected, k), rtol=1e-9, atol=1e-12
    )


@pytest.mark.small
def test_ties_go_to_the_lowest_index():
    points = np.array([[0.0, 0.0]] * 30)
    tree = build_kdtree(points, np.ones(30))
    centroids = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]])
    labels, moments = np.empty(30, np.int64), np.empty((3, 4))
    assign(tree, centroids, np.zeros(3), moments, labels, True)
    assert set(labels) == {0}


@pytest.mark.parametrize("n_iterations", [1, 2, 7])
def test_lloyd_equals_the_reference(n_iterations):
    rng = np.random.default_rng(3)
    points, weights = lattice(rng, 40, 30)
    start = points[rng.choice(len(points), 12, replace=False)] + rng.uniform(1, 9, (12, 2))
    found = lloyd(build_kdtree(points, weights), start, max_iterations=n_iterations, tolerance=0)
    centroids, labels = references.lloyd(points, weights, start, n_iterations)
    np.testing.assert_allclose(found.centroids, centroids, rtol=1e-10)
    np.testing.assert_array_equal(found.labels, labels)
    assert found.inertia == pytest.approx(references.inertia(points, weights, centroids, labels), rel=1e-10)
    assert found.n_iterations == n_iterations


@pytest.mark.parametrize("population", [lattice, buildings], ids=["lattice", "buildings"])
@pytest.mark.parametrize("k", [3, 40])
def test_converged_inertia_equals_scikit_learn(population, k):
    rng = np.random.default_rng(5)
    points, weights = population(rng, 60, 50) if population is lattice else population(rng, 3000)
    start = points[rng.choice(len(points), k, replace=False)] + rng.uniform(1, 9, (k, 2))
    theirs = KMeans(k, init=start, n_init=1, tol=0, max_iter=1000).fit(points, sample_weight=weights)
    ours = lloyd(build_kdtree(points, weights), start, max_iterations=1000, tolerance=0)
    assert ours.inertia == pytest.approx(theirs.inertia_, rel=1e-6)


def test_empty_clusters_are_moved_to_far_points():
    rng = np.random.default_rng(7)
    points, weights = buildings(rng, 500)
    # All but one start far outside, where they win nothing.
    start = np.vstack([points.mean(axis=0), np.full((9, 2), 1e6) + rng.uniform(0, 1e3, (9, 2))])
    found = lloyd(build_kdtree(points, weights), start)
    assert len(np.unique(found.labels)) == 10
    theirs = KMeans(10, init=start, n_init=1, tol=1e-4).fit(points, sample_weight=weights)
    assert found.inertia <= theirs.inertia_ * 1.3


@pytest.mark.small
def test_more_clusters_than_distinct_points_end():
    points = np.repeat(np.array([[0.0, 0.0], [1.0, 1.0]]), 20, axis=0)
    found = lloyd(build_kdtree(points, np.ones(40)), np.random.default_rng(0).uniform(0, 1, (5, 2)))
    assert found.inertia == pytest.approx(0, abs=1e-20)


def test_far_from_the_origin_digits_are_kept():
    rng = np.random.default_rng(11)
    points, weights = buildings(rng, 400)
    near, far = points, points + np.array([5e6, 9e6])
    start = points[:6] + 0.5
    a = lloyd(build_kdtree(near, weights), start)
    b = lloyd(build_kdtree(far, weights), start + np.array([5e6, 9e6]))
    np.testing.assert_array_equal(a.labels, b.labels)
    assert b.inertia == pytest.approx(a.inertia, rel=1e-6)


@pytest.mark.parametrize("seeding", ["k-means++", "runs"])
def test_a_number_of_clusters_starts_from_the_public_seeding(seeding):
    points, weights = buildings(np.random.default_rng(12), 800)
    points += [5e5, 1.6e6]
    start = initial_centroids(points, 20, weights, seeding=seeding, random_state=3)
    assert (points.min(axis=0) <= start).all()
    assert (start <= points.max(axis=0)).all()
    from_start = lloyd(points, start, weights)
    from_number = lloyd(points, 20, weights, seeding=seeding, random_state=3)
    np.testing.assert_array_equal(from_number.labels, from_start.labels)
    np.testing.assert_array_equal(lloyd(build_kdtree(points, weights), start).labels, from_start.labels)


def test_seeds_of_k_means_plus_plus_depend_on_the_random_state_only():
    points, weights = buildings(np.random.default_rng(13), 500)
    first, same, other = (initial_centroids(points, 9, weights, random_state=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_without_iterations_points_go_to_the_nearest_centroid():
    points, _ = buildings(np.random.default_rng(14), 300)
    centroids = points[:7] + 1.0
    found = lloyd(points, centroids, max_iterations=0)
    np.testing.assert_array_equal(found.labels, references.nearest(points, centroids))
    np.testing.assert_allclose(found.centroids, centroids, rtol=1e-12)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"centroids": 0}, "n_clusters"),
        ({"centroids": 2, "seeding": "random"}, "seeding"),
        ({"centroids": 2, "random_state": -1}, "random_state"),
    ],
)
def test_wrong_parameters_are_refused(values, name):
    with pytest.raises(InvalidParameter, match=name):
        lloyd(np.zeros((4, 2)), **values)
    with pytest.raises(InvalidParameter, match="weights"):
        lloyd(build_kdtree(np.zeros((4, 2)), np.ones(4)), 2, np.ones(4))
