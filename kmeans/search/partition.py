"""Partitions one connected set of points into connected clusters with weights in a range, as compact as the search can.

The steps, each in a module of its own: a start from a power diagram or from runs of the tree's order; fragments go to
their neighbours; boundary points are exchanged at a rising price of weights out of the range, like the temperature of
simulated annealing; what is still outside is recut with a neighbour; then points move for compactness alone.
"""

from dataclasses import dataclass

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.contiguity import reassign_fragments
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.search.annealing import anneal, count_outside, local_search
from kmeans.search.moments import centroids_of, compute_moments, total_inertia
from kmeans.search.power_diagram import balance, has_collapsed
from kmeans.search.seeding import equal_weight_runs, run_labels
from kmeans.spatial.kdtree import N_MOMENTS, KdTree

# The search aims at a range narrower by this share on both sides, which leaves room for whole points.
_MARGIN = 0.03
# First price and margin of one annealing after another: they differ so that it does not always end in the same optimum.
_TEMPERINGS = ((1.0, 0.03), (1.0, 0.06), (0.1, 0.03), (0.3, 0.06), (3.0, 0.03), (0.1, 0.06))
# Among so many clusters the luck of a start averages out, and one will do.
_MANY_CLUSTERS = 1000
# So many points a cluster are fine enough for a diagram alone to be as good as any.
_MANY_POINTS = 60
# Bound on the chains of one polish, per cluster.
CHAINS = 4
# Annealing is repeated until it has not helped so many times in a row, at most so often, over so many points in all.
PATIENCE, _MOST_CYCLES, _MOST_POINTS = 3, 30, 3_000_000


@dataclass(frozen=True)
class Partition:
    """A partition of the points.

    Attributes:
        labels: int64 (n,) in the tree's order.
        n_outside: clusters out of the range.
        inertia: sum of weight times squared distance to the own centroid.
    """

    labels: IntArray
    n_outside: int
    inertia: float


def partition(
    tree: KdTree,
    graph: NeighbourGraph,
    n_clusters: int,
    low: float,
    high: float,
    random_state: int,
    patience: int = PATIENCE,
) -> Partition:
    """Partition the points into ``n_clusters`` connected clusters with weights in ``low`` to ``high``, all if it can.

    The graph has to be connected, and there have to be at least as many points as clusters. The search ends when
    ``patience`` annealings in a row have not helped.
    """
    if n_clusters in (1, len(tree.x)):
        labels = np.zeros(len(tree.x), np.int64) if n_clusters == 1 else np.arange(n_clusters)
        moments = np.empty((n_clusters, N_MOMENTS))
        compute_moments(tree, labels, moments)
        return Partition(labels, count_outside(moments, low, high), total_inertia(moments))
    search = _Search(tree, graph, n_clusters, low, high, random_state)
    return search.run(patience)


class _Search:
    """The state of the search: labels and the moments that belong to them."""

    def __init__(
        self, tree: KdTree, graph: NeighbourGraph, n_clusters: int, low: float, high: float, random_state: int
    ) -> None:
        self.tree, self.graph, self.low, self.high = tree, graph, low, high
        # Margins are shares of this; a maximum far away must not push the minimum up.
        self.span = min(high, 2 * float(tree.moments[0, 0]) / n_clusters) - low
        self.labels = run_labels(tree, n_clusters)
        self.moments = np.empty((n_clusters, N_MOMENTS))
        self.state = np.array([random_state], np.uint64)
        self._recompute()

    def run(self, patience: int) -> Partition:
        n, k = len(self.labels), len(self.moments)
        centroids, spread = centroids_of(self.tree, self.labels, self.moments)
        best = self._from_diagrams(centroids, spread)
        if best is not None and best.n_outside == 0 and n >= _MANY_POINTS * k:
            return best
        self._start_from(run_labels(self.tree, k), centroids, np.zeros(k))
        best = self._improved(best)
        # Annealing again from the best: most useful for scattered points.
        n_idle = 0
        for cycle in range(max(1, min(_MOST_CYCLES, _MOST_POINTS // n))):
            if n_idle == 0:
                self.labels = best.labels.copy()
                self._recompute()
            found = self._improved(best, *_TEMPERINGS[cycle % len(_TEMPERINGS)])
            # As long as clusters are out of the range a lower inertia is no progress.
            is_progress = found.n_outside < best.n_outside or (found is not best and found.n_outside == 0)
            n_idle = 0 if is_progress else n_idle + 1
            best = found
            if n_idle == patience:
                break
        return best

    def _from_diagrams(self, centroids: FloatArray, spread: FloatArray) -> Partition | None:
        """The best balanced power diagram after the local search; None if all collapsed."""
        k = len(self.moments)
        lowest = np.inf
        starts = [equal_weight_runs(self.tree, k)]
        if k < _MANY_CLUSTERS:
            starts.append(centroids.copy())
        for start in starts:
            power_weights = np.zeros(k)
            margin = _MARGIN * self.span
            labels, cost = balance(self.tree, start, power_weights, spread.copy(), self.low, self.high, margin)
            if cost < lowest and not has_collapsed(self.tree, labels, k, self.low, self.high):
                lowest, best = cost, (labels, start, power_weights)
        if lowest == np.inf:
            return None
        del labels  # Of large files two arrays of labels more would be the peak of the memory.
        self._start_from(*best)
        found = self._searched_locally()
        if found.n_outside == 0:
            return found
        return self._improved(found)

    def _improved(self, best: Partition | None, first_price: float = 1.0, margin: float = _MARGIN) -> Partition:
        """Anneal the present labels and search locally; the better one of the result and ``best``."""
        limits = self.low, self.high
        anneal(self.tree, self.graph, self.labels, self.moments, *limits, first_price, margin * self.span, self.state)
        found = self._searched_locally()
        if best is None or (found.n_outside, found.inertia) < (best.n_outside, best.inertia):
            return found
        return best

    def _start_from(self, labels: IntArray, centroids: FloatArray, power_weights: FloatArray) -> None:
        """Take these labels, after each cluster is made connected."""
        self.labels = labels
        reassign_fragments(self.tree, self.graph, centroids, power_weights, self.labels)
        self._recompute()

    def _searched_locally(self) -> Partition:
        """What the labels become when only compactness counts."""
        most = CHAINS * len(self.moments)
        n_outside, inertia = local_search(self.tree, self.graph, self.labels, self.moments, self.low, self.high, most)
        return Partition(self.labels.copy(), n_outside, inertia)

    def _recompute(self) -> None:
        # Sums that are only ever updated drift by their rounding.
        compute_moments(self.tree, self.labels, self.moments)
