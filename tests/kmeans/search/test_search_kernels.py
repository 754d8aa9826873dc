"""The kernels that move points: each against a plain recomputation of what it promises."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans import build_kdtree
from kmeans.graph.contiguity import may_leave, reassign_fragments
from kmeans.graph.neighbours import build_neighbour_graph, connected_components
from kmeans.search.annealing import anneal, count_outside
from kmeans.search.ejection_chains import apply_chains
from kmeans.search.exchange import exchange, penalty
from kmeans.search.moments import compute_moments
from kmeans.search.power_diagram import balance
from kmeans.search.recombination import recombine
from kmeans.search.seeding import run_labels
from tests.support import references
from tests.support.geography import count_pieces
from tests.support.populations import buildings


class Instance:
    """A connected set of points with clusters that are connected."""

    def __init__(self, seed, n=300, k=12):
        rng = np.random.default_rng(seed)
        points, _ = buildings(rng, n)
        self.k, self.n = k, n
        self.tree = build_kdtree(points, rng.choice([0.5, 1.0, 2.0], n))
        self.points = np.column_stack([self.tree.x, self.tree.y])
        self.graph, _ = build_neighbour_graph(self.tree)
        self.labels = run_labels(self.tree, k)
        self.moments = np.empty((k, 4))
        reassign_fragments(self.tree, self.graph, self.centroids(), np.zeros(k), self.labels)
        compute_moments(self.tree, self.labels, self.moments)
        self.target = self.tree.weight.sum() / k

    def centroids(self):
        return np.array(
            [
                np.average(self.points[self.labels == j], axis=0, weights=self.tree.weight[self.labels == j])
                for j in range(self.k)
            ]
        )

    def inertia(self):
        return references.inertia(self.points, self.tree.weight, self.centroids(), self.labels)

    def weights(self):
        return np.bincount(self.labels, self.tree.weight, self.k)

    def pieces(self):
        sources = np.repeat(np.arange(self.n), np.diff(self.graph.indptr))
        return count_pieces(self.n, np.column_stack([sources, self.graph.indices]), self.labels)

    def check(self):
        assert (self.pieces() == 1).all()
        expected = references.cluster_sums(self.points, self.tree.weight, self.labels, self.k)
        np.testing.assert_allclose(self.moments, expected, rtol=1e-9, atol=1e-3)


@pytest.mark.parametrize("k", [1, 2, 7, 60, 300])
def test_runs_have_equal_weight_and_at_least_a_point(k):
    instance = Instance(0)
    labels = run_labels(instance.tree, k)
    assert (np.diff(labels) >= 0).all()
    np.testing.assert_array_equal(np.unique(labels), np.arange(k))
    if k <= 7:
        weights = np.bincount(labels, instance.tree.weight)
        assert np.abs(weights - weights.mean()).max() <= 2


def test_runs_of_points_without_weight_have_points():
    tree = build_kdtree(np.random.default_rng(0).uniform(0, 1, (20, 2)), np.zeros(20))
    np.testing.assert_array_equal(np.unique(run_labels(tree, 6)), np.arange(6))


@pytest.mark.parametrize("seed", range(5))
def test_fragments_join_neighbours_and_the_heaviest_piece_stays(seed):
    instance = Instance(seed)
    rng = np.random.default_rng(seed)
    instance.labels[:] = rng.integers(0, instance.k, instance.n)
    before = instance.labels.copy()
    piece, _ = connected_components(instance.graph, before)
    centroids = instance.centroids()
    moved = reassign_fragments(instance.tree, instance.graph, centroids, np.zeros(instance.k), instance.labels)
    assert (instance.pieces() == 1).all()
    assert moved == instance.n - sum(
        max((piece == p).sum() for p in np.unique(piece[before == j]) if heaviest(instance, piece, before, j) == p)
        for j in range(instance.k)
    )
    for j in range(instance.k):
        assert (instance.labels[piece == heaviest(instance, piece, before, j)] == j).all()


def heaviest(instance, piece, labels, j):
    """Heaviest piece of a cluster, the largest of equally heavy ones, the first of equally large ones."""
    return min(
        np.unique(piece[labels == j]), key=lambda p: (-instance.tree.weight[piece == p].sum(), -(piece == p).sum(), p)
    )


@pytest.mark.small
@pytest.mark.parametrize("seed", range(3))
def test_a_point_may_leave_exactly_when_the_rest_stays_connected(seed):
    instance = Instance(seed, n=150, k=5)
    mark, stamp, queue = np.zeros(instance.n, np.int64), np.zeros(1, np.int64), np.empty(instance.n, np.int64)
    for point in range(instance.n):
        without = instance.labels.copy()
        own = without[point]
        without[point] = instance.k
        sources = np.repeat(np.arange(instance.n), np.diff(instance.graph.indptr))
        pieces = count_pieces(instance.n, np.column_stack([sources, instance.graph.indices]), without)
        expected = pieces[own] == 1
        assert may_leave(instance.graph, instance.labels, point, mark, stamp, queue) == expected


@pytest.mark.small
@given(st.integers(0, 10_000), st.sampled_from([0.0, 1e3, 1e6]))
def test_exchange_lowers_its_objective_and_keeps_clusters_connected(seed, price):
    instance = Instance(seed, n=120, k=6)
    low, high = 0.9 * instance.target, 1.1 * instance.target

    def objective():
        return instance.inertia() + price * sum(penalty(w, low, high) for w in instance.weights())

    before = objective()
    n_moves = exchange(instance.tree, instance.graph, instance.labels, instance.moments, low, high, price, 10_000)
    instance.check()
    if n_moves:
        assert objective() < before


@pytest.mark.small
def test_penalty_is_zero_inside_the_range_and_grows_outside():
    assert [penalty(w, 3, 5) for w in (3.0, 4.0, 5.0)] == [0, 0, 0]
    assert penalty(6.0, 3, 5) == pytest.approx(1 + 2 / 8)
    assert 0 < penalty(2.5, 3, 5) < penalty(2.0, 3, 5) < penalty(1.0, 3, 5)


@pytest.mark.small
@given(st.integers(0, 10_000))
def test_recombination_never_increases_what_is_out_of_the_range(seed):
    instance = Instance(seed, n=120, k=6)
    low, high = 0.9 * instance.target, 1.1 * instance.target

    def outside():
        weights = instance.weights()
        return np.maximum(np.maximum(low - weights, weights - high), 0).sum()

    before = outside()
    recombine(instance.tree, instance.graph, instance.labels, instance.moments, low, high, np.array([seed], np.uint64))
    instance.check()
    assert outside() <= before + 1e-9


def annealed_step_by_step(instance, low, high, first_price, unit, margin, state):
    """The documented course: prices rise by half up to 50 units, then at most six repairs."""
    tree, graph, labels, moments = instance.tree, instance.graph, instance.labels, instance.moments

    def exchange_at(price, margin):
        exchange(tree, graph, labels, moments, low + margin, high - margin, price, 40 * instance.n)
        compute_moments(tree, labels, moments)

    prices = [first_price * unit * 1.5**step for step in range(30)]
    rising = [price for price in prices if price < 50 * unit]
    for price in rising:
        exchange_at(price, margin)
    for repair in range(6):
        if low <= moments[:, 0].min() and moments[:, 0].max() <= high:
            break
        recombine(tree, graph, labels, moments, low, high, state)
        exchange_at(prices[len(rising)] * 2.25**repair, 0.0)


@pytest.mark.small
@pytest.mark.parametrize("tolerance", [0.02, 0.2])
@pytest.mark.parametrize("seed", range(3))
def test_annealing_takes_its_documented_course(seed, tolerance):
    instance, expected = Instance(seed, n=120, k=6), Instance(seed, n=120, k=6)
    low, high = (1 - tolerance) * instance.target, (1 + tolerance) * instance.target
    unit = instance.inertia() / instance.tree.weight.sum()
    margin = 0.1 * (high - low)
    course = (low, high, 0.3, margin, np.array([seed], np.uint64))
    anneal(instance.tree, instance.graph, instance.labels, instance.moments, *course)
    annealed_step_by_step(expected, low, high, 0.3, unit, margin, np.array([seed], np.uint64))
    instance.check()
    np.testing.assert_array_equal(instance.labels, expected.labels)
    weights = instance.weights()
    low, high = np.quantile(weights, [0.3, 0.6])
    assert count_outside(instance.moments, low, high) == ((weights < low) | (weights > high)).sum()


@pytest.mark.small
@given(st.integers(0, 10_000))
def test_chains_lower_the_inertia_inside_the_range(seed):
    instance = Instance(seed, n=200, k=8)
    low, high = instance.weights().min(), instance.weights().max()
    before = instance.inertia()
    n_chains = apply_chains(instance.tree, instance.graph, instance.labels, instance.moments, low, high, 200)
    instance.check()
    weights = instance.weights()
    assert low - 1e-9 <= weights.min()
    assert weights.max() <= high + 1e-9
    assert (instance.inertia() < before) == (n_chains > 0)


def test_chains_find_what_single_moves_cannot():
    """Clusters at their limits on a line, each shifted by one: only a move of all at once helps."""
    n_improved = 0
    for seed in range(10):
        instance = Instance(seed, n=240, k=8)
        low = high = 0.0
        exchange(instance.tree, instance.graph, instance.labels, instance.moments, 0, 1e9, 0.0, 10_000)
        low, high = instance.weights().min(), instance.weights().max()
        n_improved += apply_chains(instance.tree, instance.graph, instance.labels, instance.moments, low, high, 200) > 0
    assert n_improved > 0


@pytest.mark.parametrize(("tolerance", "most_outside"), [(0.25, 1), (0.1, 2)])
def test_a_balanced_power_diagram_is_one_and_is_in_the_range(tolerance, most_outside):
    x, y = np.meshgrid(np.arange(40.0), np.arange(40.0))
    rng = np.random.default_rng(0)
    tree = build_kdtree(np.column_stack([x.ravel(), y.ravel()]), rng.lognormal(0, 1, 1600))
    k = 16
    labels = run_labels(tree, k)
    moments = np.empty((k, 4))
    compute_moments(tree, labels, moments)
    centroids = moments[:, 1:3] / moments[:, :1]
    target = tree.weight.sum() / k
    low, high = (1 - tolerance) * target, (1 + tolerance) * target
    power_weights = np.zeros(k)
    labels, cost = balance(tree, centroids, power_weights, np.full(k, 10.0), low, high, 0.03 * (high - low))
    points = np.column_stack([tree.x, tree.y])
    np.testing.assert_array_equal(labels, references.nearest(points, centroids, power_weights))
    weights = np.bincount(labels, tree.weight, k)
    outside = np.maximum(np.maximum(low - weights, weights - high), 0)
    assert np.count_nonzero(outside) <= most_outside
    assert ((weights >= 0.95 * low) & (weights <= 1.05 * high)).all()
    means = [np.average(points[labels == j], axis=0, weights=tree.weight[labels == j]) for j in range(k)]
    inertia = references.inertia(points, tree.weight, np.array(means), labels)
    assert cost == pytest.approx(inertia * (1 + 4 * outside.sum() / tree.weight.sum()))
    # Complementary slackness: who is strictly inside the range pays and earns nothing.
    inside = (weights > 1.02 * low) & (weights < 0.98 * high)
    assert np.abs(power_weights[inside]).max(initial=0) <= np.abs(power_weights).max() + 1e-12
