"""Keeps clusters connected: finds and re-assigns fragments, and tells whether a point may leave its cluster."""

import heapq

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph, connected_components
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree

# A point whose removal cannot be judged within so many points stays where it is.
_SEARCH_LIMIT = 4000


@kernel
def reassign_fragments(
    tree: KdTree, graph: NeighbourGraph, centroids: FloatArray, power_weights: FloatArray, labels: IntArray
) -> int:
    """Leave each cluster its heaviest connected piece and give all other points to adjacent clusters, in place.

    Points are taken by the cheapest power distance to a cluster that they touch, so the pieces stay connected. Needs a
    connected graph. Returns the number of points that were re-assigned.
    """
    n, k = labels.shape[0], centroids.shape[0]
    piece, n_pieces = connected_components(graph, labels)
    weight, owner, size = np.zeros(n_pieces), np.zeros(n_pieces, np.int64), np.zeros(n_pieces, np.int64)
    for i in range(n):
        weight[piece[i]] += tree.weight[i]
        size[piece[i]] += 1
        owner[piece[i]] = labels[i]
    heaviest = np.full(k, -1, np.int64)
    for p in range(n_pieces):
        best = heaviest[owner[p]]
        if best < 0 or weight[p] > weight[best] or (weight[p] == weight[best] and size[p] > size[best]):
            heaviest[owner[p]] = p
    is_free = np.zeros(n, np.bool_)
    n_free = 0
    for i in range(n):
        if heaviest[labels[i]] != piece[i]:
            is_free[i] = True
            n_free += 1
    queue = [(0.0, np.int64(0), np.int64(0)) for _ in range(0)]
    for i in range(n):
        if is_free[i]:
            for e in range(graph.indptr[i], graph.indptr[i + 1]):
                j = labels[graph.indices[e]]
                if not is_free[graph.indices[e]]:
                    heapq.heappush(
                        queue, (_power_distance(tree, centroids, power_weights, i, j), np.int64(i), np.int64(j))
                    )
    while len(queue) > 0:
        _, point, cluster = heapq.heappop(queue)
        if not is_free[point]:
            continue
        is_free[point] = False
        labels[point] = cluster
        for e in range(graph.indptr[point], graph.indptr[point + 1]):
            other = graph.indices[e]
            if is_free[other]:
                distance = _power_distance(tree, centroids, power_weights, other, int(cluster))
                heapq.heappush(queue, (distance, np.int64(other), cluster))
    return n_free


@kernel
def _power_distance(tree: KdTree, centroids: FloatArray, power_weights: FloatArray, i: int, j: int) -> float:
    return float((tree.x[i] - centroids[j, 0]) ** 2 + (tree.y[i] - centroids[j, 1]) ** 2 - power_weights[j])


@kernel
def may_leave(
    graph: NeighbourGraph, labels: IntArray, point: int, mark: IntArray, stamp: IntArray, queue: IntArray
) -> bool:
    """Whether the cluster of ``point`` stays connected, and keeps a point, without it.

    Args:
        mark, queue: int64 (n,), scratch; ``mark`` holds no value above ``stamp[0]``.
        stamp: int64 (1,), advanced by each call, so that ``mark`` need not be cleared.
    """
    own = labels[point]
    wanted = stamp[0] + 1  # Neighbours in the cluster that have to be reached ...
    reached = stamp[0] + 2  # ... from the first of them.
    stamp[0] += 2
    n_wanted, start = 0, -1
    for e in range(graph.indptr[point], graph.indptr[point + 1]):
        other = graph.indices[e]
        if labels[other] == own and mark[other] != wanted:
            mark[other] = wanted
            n_wanted += 1
            start = other
    if n_wanted <= 1:
        return n_wanted == 1
    mark[point] = reached
    # First only along the neighbours themselves, which decides nearly all cases; then through the whole cluster.
    for only_neighbours in (True, False):
        if only_neighbours or mark[start] != reached:
            mark[start] = reached
            n_wanted -= 1
        queue[0] = start
        head, tail = 0, 1
        if not only_neighbours:
            # Those reached before are roots as well.
            tail = 0
            for e in range(graph.indptr[point], graph.indptr[point + 1]):
                other = graph.indices[e]
                if mark[other] == reached and labels[other] == own:
                    queue[tail] = other
                    tail += 1
        while head < tail < _SEARCH_LIMIT:
            i = queue[head]
            head += 1
            for e in range(graph.indptr[i], graph.indptr[i + 1]):
                other = graph.indices[e]
                if mark[other] == reached or labels[other] != own or (only_neighbours and mark[other] != wanted):
                    continue
                if mark[other] == wanted:
                    n_wanted -= 1
                    if n_wanted == 0:
                        return True
                mark[other] = reached
                queue[tail] = other
                tail += 1
    return False
