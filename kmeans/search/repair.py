"""Brings the last clusters into the weight range: partitions them and those around anew, into more or fewer clusters.

A search of a large neighbourhood (Shaw 1998, "Using constraint programming and local search methods to solve vehicle
routing problems"): clusters far away stay as they are, so that a try costs little and need not
succeed everywhere at once.
"""

from hashlib import blake2b

import numpy as np

from kmeans.arrays import BoolArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.search.annealing import count_outside, local_search
from kmeans.search.cluster_count import feasible_counts
from kmeans.search.component import Component
from kmeans.search.moments import compute_moments, total_inertia
from kmeans.search.partition import CHAINS, Partition, partition
from kmeans.spatial import csr
from kmeans.spatial.kdtree import N_MOMENTS, KdTree

# How many clusters away from one out of the range clusters are partitioned anew, first into as many as there are.
_REACHES, _CHANGES = (1, 2, 3), (0, 1, -1)
# The range is what matters here: one annealing that does not help is enough.
_PATIENCE = 1
# Bounds on the tries, and on the clusters that are looked at, each of which takes a pass over all points.
_MOST_TRIES, _MOST_LOOKS = 300, 1000


def repair(
    tree: KdTree, graph: NeighbourGraph, start: Partition, low: float, high: float, random_state: int
) -> Partition:
    """Partition anew around each cluster out of the range while that leaves fewer of them; the graph is connected.

    The number of clusters may change.
    """
    search = _Repair(tree, graph, start.labels, low, high, random_state)
    for reach in _REACHES:
        search.run(reach)
    _, labels = np.unique(search.labels, return_inverse=True)
    labels = labels.astype(np.int64, copy=False)
    moments = np.empty((int(labels.max()) + 1, N_MOMENTS))
    compute_moments(tree, labels, moments)
    n_outside = count_outside(moments, low, high)
    if n_outside >= start.n_outside:
        return start
    if n_outside > 0:  # An excess that is shared with neighbours, the smaller evil, would put them outside too.
        return Partition(labels, n_outside, total_inertia(moments))
    return Partition(labels, *local_search(tree, graph, labels, moments, low, high, CHAINS * len(moments)))


class _Repair:
    """The labels so far, of which some may have no point, and what was tried."""

    def __init__(
        self, tree: KdTree, graph: NeighbourGraph, labels: IntArray, low: float, high: float, random_state: int
    ) -> None:
        self.tree, self.graph, self.labels, self.low, self.high = tree, graph, labels.copy(), low, high
        self.random_state = random_state
        self.n_tries = self.n_looks = 0
        self.hopeless: set[tuple[int, bytes]] = set()

    def run(self, reach: int) -> None:
        """Try each cluster out of the range, again after each success, with the clusters up to ``reach`` away."""
        is_improving = True
        while is_improving:
            is_improving = any(
                self._repair_around(cluster, reach) for cluster in np.flatnonzero(self._outside()).tolist()
            )

    def _outside(self) -> BoolArray:
        """Which clusters are out of the range."""
        weight = np.bincount(self.labels, self.tree.weight)
        outside: BoolArray = ((weight < self.low) | (weight > self.high)) & (np.bincount(self.labels) > 0)
        return outside

    def _repair_around(self, cluster: int, reach: int) -> bool:
        """Partition a cluster and those around it anew; whether that leaves fewer out of the range."""
        if self.n_tries >= _MOST_TRIES or self.n_looks >= _MOST_LOOKS:
            return False
        self.n_looks += 1
        clusters, points = np.array([cluster]), np.flatnonzero(self.labels == cluster)
        for _ in range(reach):
            around = self.graph.indices[csr.take(self.graph.indptr, points)[1]]
            clusters = np.union1d(clusters, self.labels[around])
            points = np.flatnonzero(np.isin(self.labels, clusters))
        # All points may be tried again: each reach has random numbers of its own.
        key = (reach if len(points) == len(self.labels) else 0, blake2b(points.tobytes()).digest())
        if key in self.hopeless:
            return False
        weights = self.tree.weight[points]
        n_outside = int(np.count_nonzero(self._outside()[clusters]))
        fewest, most = feasible_counts(float(weights.sum()), self.low, self.high)
        most = min(most, int(np.count_nonzero(weights)))
        part = None
        for k in (len(clusters) + change for change in _CHANGES):
            if not fewest <= k <= most:
                continue
            self.n_tries += 1
            part = part or Component.of(points, self.tree, self.graph, None)
            found = partition(part.tree, part.graph, k, self.low, self.high, self.random_state + reach, _PATIENCE)
            if found.n_outside < n_outside:
                numbers = np.append(clusters, self.labels.max() + 1)
                self.labels[part.points] = numbers[found.labels]
                return True
        self.hopeless.add(key)
        return False
