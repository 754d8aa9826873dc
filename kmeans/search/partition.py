"""Divides one connected set of points into connected clusters whose weights are in a range, as compact as it can.

The steps, each in a module of its own: a start from a power diagram or from runs of the tree's order; fragments go to
their neighbours; boundary points are exchanged at a rising price of weights out of the range, like the temperature of
simulated annealing; what is still outside is recut with a neighbour; then points move for compactness alone.
"""

from dataclasses import dataclass

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.contiguity import reassign_fragments
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.search.annealing import anneal, count_outside, settle
from kmeans.search.moments import centroids_of, cluster_sums, total_inertia
from kmeans.search.power_diagram import balance, has_collapsed
from kmeans.search.seeding import equal_weight_runs, run_labels
from kmeans.spatial.kdtree import N_SUMS, KdTree

# The search aims at a range narrower by this share on both sides, which leaves room for whole points.
_MARGIN = 0.03
# First price and margin of one annealing after another: they differ so that it does not always end in the same place.
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
    tree: KdTree,
    graph: NeighbourGraph,
    n_clusters: int,
    low: float,
    high: float,
    random_state: int,
    patience: int = PATIENCE,
) -> Division:
    """Divide the points into ``n_clusters`` connected clusters with weights in ``low`` to ``high``, all if it can.

    The graph has to be connected, and there have to be at least as many points as clusters. The search ends when
    ``patience`` annealings in a row have not helped.
    """
    if n_clusters in (1, len(tree.x)):
        labels = np.zeros(len(tree.x), np.int64) if n_clusters == 1 else np.arange(n_clusters)
        sums = np.empty((n_clusters, N_SUMS))
        cluster_sums(tree, labels, sums)
        return Division(labels, count_outside(sums, low, high), total_inertia(sums))
    search = _Search(tree, graph, n_clusters, low, high, random_state)
    return search.run(patience)


class _Search:
    """The state of the search: labels and the sums that belong to them."""

    def __init__(
        self, tree: KdTree, graph: NeighbourGraph, n_clusters: int, low: float, high: float, random_state: int
    ) -> None:
        self.tree, self.graph, self.low, self.high = tree, graph, low, high
        # Margins are shares of this; a maximum far away must not push the minimum up.
        self.span = min(high, 2 * float(tree.sums[0, 0]) / n_clusters) - low
        self.labels = run_labels(tree, n_clusters)
        self.sums = np.empty((n_clusters, N_SUMS))
        self.state = np.array([random_state], np.uint64)
        self._recompute()

    def run(self, patience: int) -> Division:
        n, k = len(self.labels), len(self.sums)
        centroids, spread = centroids_of(self.tree, self.labels, self.sums)
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

    def _from_diagrams(self, centroids: FloatArray, spread: FloatArray) -> Division | None:
        """The best balanced power diagram, settled; None if all collapsed."""
        k = len(self.sums)
        lowest = np.inf
        starts = [equal_weight_runs(self.tree, k)]
        if k < _MANY_CLUSTERS:
            starts.append(centroids.copy())
        for start in starts:
            offsets = np.zeros(k)
            margin = _MARGIN * self.span
            labels, cost = balance(self.tree, start, offsets, spread.copy(), self.low, self.high, margin)
            if cost < lowest and not has_collapsed(self.tree, labels, k, self.low, self.high):
                lowest, best = cost, (labels, start, offsets)
        if lowest == np.inf:
            return None
        del labels  # Of large files two arrays of labels more would be the peak of the memory.
        self._start_from(*best)
        settled = self._settled()
        if settled.n_outside == 0:
            return settled
        return self._improved(settled)

    def _improved(self, best: Division | None, first_price: float = 1.0, margin: float = _MARGIN) -> Division:
        """Anneal the present labels and let them settle; the better one of the result and ``best``."""
        limits = self.low, self.high
        anneal(self.tree, self.graph, self.labels, self.sums, *limits, first_price, margin * self.span, self.state)
        found = self._settled()
        if best is None or (found.n_outside, found.inertia) < (best.n_outside, best.inertia):
            return found
        return best

    def _start_from(self, labels: IntArray, centroids: FloatArray, offsets: FloatArray) -> None:
        """Take these labels, with every cluster in one piece."""
        self.labels = labels
        reassign_fragments(self.tree, self.graph, centroids, offsets, self.labels)
        self._recompute()

    def _settled(self) -> Division:
        """What the labels become when only compactness counts."""
        most = CHAINS * len(self.sums)
        n_outside, inertia = settle(self.tree, self.graph, self.labels, self.sums, self.low, self.high, most)
        return Division(self.labels.copy(), n_outside, inertia)

    def _recompute(self) -> None:
        # Sums that are only ever updated drift by their rounding.
        cluster_sums(self.tree, self.labels, self.sums)
