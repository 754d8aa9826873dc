"""Divides one connected set of points into connected clusters whose weights are in a range, as compact as it can.

The steps, each in a module of its own: a start from a power diagram or from runs of the tree's order; fragments go to
their neighbours; boundary points are exchanged at a rising price of weights out of the range, like the temperature of
simulated annealing; what is still outside is recut with a neighbour; then points move for compactness alone.
"""

from dataclasses import dataclass

import numpy as np

from kmeans.boundary_exchange import cluster_sums, exchange
from kmeans.contiguity import reassign_fragments
from kmeans.ejection_chains import apply_chains
from kmeans.kdtree import N_SUMS, FloatArray, IntArray, KdTree
from kmeans.neighbour_graph import NeighbourGraph
from kmeans.power_diagram import balance
from kmeans.recombination import recombine
from kmeans.seeding import run_labels

# Iterations of the power diagram: with moving, and then with resting centroids.
_MOVING, _RESTING = 100, 40
# The search aims at a range narrower by this share on both sides, which leaves room for whole points.
_MARGIN = 0.03
# When more clusters than this share are nearly empty or twice too heavy, the diagram has collapsed.
_COLLAPSED = 0.02
# Price of a unit of weight out of the range, in mean squared radii: first, growth, number of rounds.
_FIRST_PRICE, _PRICE_GROWTH, _ROUNDS = 1.0, 1.5, 10
# At this price no move leaves the range.
_PROHIBITIVE_PRICE = 1e6
_REPAIRS = 6
# Bound on the chains of one polish, per cluster.
_CHAINS = 20
# Bound on the visits of one exchange, per point.
_VISITS = 40
# Annealing again from the result helps scattered points, where the runs are a poor start.
_CYCLES_AFTER_COLLAPSE = 16


@dataclass(frozen=True)
class Division:
    """A division of the points.

    Attributes:
        labels: int64 (n,) in the tree's order.
        n_outside: clusters out of the range.
        inertia: sum of weight times squared distance to the own centroid.
    """

    labels: IntArray
    n_outside: int
    inertia: float


def divide(
    tree: KdTree, graph: NeighbourGraph, n_clusters: int, low: float, high: float, random_state: int
) -> Division:
    """Divide the points into ``n_clusters`` connected clusters with weights in ``low`` to ``high``, all if it can.

    The graph has to be connected, and there have to be at least as many points as clusters.
    """
    if n_clusters == 1:
        labels = np.zeros(len(tree.x), np.int64)
        sums = np.empty((1, N_SUMS))
        cluster_sums(tree, labels, sums)
        return Division(labels, _n_outside(sums, low, high), _inertia(sums))
    search = _Search(tree, graph, n_clusters, low, high, random_state)
    return search.run()


class _Search:
    """The state of the search: labels and the sums that belong to them."""

    def __init__(
        self, tree: KdTree, graph: NeighbourGraph, n_clusters: int, low: float, high: float, random_state: int
    ) -> None:
        self.tree, self.graph, self.low, self.high = tree, graph, low, high
        self.labels = run_labels(tree, n_clusters)
        self.sums = np.empty((n_clusters, N_SUMS))
        self.state = np.array([random_state], np.uint64)
        self._recompute()

    def run(self) -> Division:
        has_collapsed = not self._start_from_diagram()
        self._anneal()
        best = self._settled()
        for _ in range(_CYCLES_AFTER_COLLAPSE if has_collapsed else 1):
            self._anneal()
            found = self._settled()
            if (found.n_outside, found.inertia) < (best.n_outside, best.inertia):
                best = found
        return best

    def _start_from_diagram(self) -> bool:
        """Replace the runs by a power diagram that balances them, unless it collapses; make all clusters connected."""
        centroids, spread = self._centroids()
        offsets = np.zeros(len(self.sums))
        margin = _MARGIN * (self.high - self.low)
        moved = centroids.copy()
        labels, found_offsets = balance(
            self.tree, moved, spread, self.low + margin, self.high - margin, _MOVING, _RESTING
        )
        sums = np.empty_like(self.sums)
        cluster_sums(self.tree, labels, sums)
        weight = sums[:, 0]
        is_extreme = (weight < 0.25 * self.low) | (weight > 2 * self.high)
        is_usable = bool(is_extreme.mean() <= _COLLAPSED and np.bincount(labels, minlength=len(sums)).all())
        if is_usable:
            self.labels, self.sums, centroids, offsets = labels, sums, moved, found_offsets
        if reassign_fragments(self.tree, self.graph, centroids, offsets, self.labels):
            self._recompute()
        return is_usable

    def _anneal(self) -> None:
        margin = _MARGIN * (self.high - self.low)
        price = _FIRST_PRICE * self._mean_squared_radius()
        for _ in range(_ROUNDS):
            self._exchange(price, margin)
            price *= _PRICE_GROWTH
        for _ in range(_REPAIRS):
            if _n_outside(self.sums, self.low, self.high) == 0:
                break
            recombine(self.tree, self.graph, self.labels, self.sums, self.low, self.high, self.state)
            self._exchange(price, 0.0)
            price *= _PRICE_GROWTH**2

    def _settled(self) -> Division:
        """What the labels become when only compactness counts."""
        self._exchange(_PROHIBITIVE_PRICE * self._mean_squared_radius(), 0.0)
        if _n_outside(self.sums, self.low, self.high) == 0:
            most = _CHAINS * len(self.sums)
            apply_chains(self.tree, self.graph, self.labels, self.sums, self.low, self.high, most)
            self._recompute()
        return Division(self.labels.copy(), _n_outside(self.sums, self.low, self.high), _inertia(self.sums))

    def _exchange(self, price: float, margin: float) -> None:
        no_offsets = np.zeros(len(self.sums))
        limits = (self.low + margin, self.high - margin)
        exchange(self.tree, self.graph, self.labels, self.sums, no_offsets, *limits, price, _VISITS * len(self.labels))
        self._recompute()

    def _recompute(self) -> None:
        # Sums that are only ever updated drift by their rounding.
        cluster_sums(self.tree, self.labels, self.sums)

    def _centroids(self) -> tuple[FloatArray, FloatArray]:
        """Centroids (k, 2), and mean squared distances to them (k,) that are never quite zero."""
        weight = np.where(self.sums[:, 0] > 0, self.sums[:, 0], 1.0)
        centroids = self.sums[:, 1:3] / weight[:, None]
        spread = self.sums[:, 3] / weight - (centroids**2).sum(axis=1)
        for j in np.flatnonzero(self.sums[:, 0] <= 0):  # Without weight there is no mean: any of its points will do.
            member = int(np.argmax(self.labels == j))
            centroids[j] = self.tree.x[member], self.tree.y[member]
        return centroids, np.maximum(spread, 1e-3 * max(float(spread.mean()), 1e-12))

    def _mean_squared_radius(self) -> float:
        return max(_inertia(self.sums) / max(float(self.sums[:, 0].sum()), 1e-300), 1e-12)


def _n_outside(sums: FloatArray, low: float, high: float) -> int:
    return int(((sums[:, 0] < low) | (sums[:, 0] > high)).sum())


def _inertia(sums: FloatArray) -> float:
    weighted = sums[sums[:, 0] > 0]
    return float((weighted[:, 3] - (weighted[:, 1] ** 2 + weighted[:, 2] ** 2) / weighted[:, 0]).sum())
