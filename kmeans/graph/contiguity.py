"""Keeps clusters connected: reassigns fragments, and decides whether a cluster stays connected without a point."""

import heapq

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph, connected_components
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree

# After so many points the search for a way around a point is given up, and the point stays in its cluster.
_SEARCH_LIMIT = 4000


@kernel
def reassign_fragments(
    tree: KdTree, graph: NeighbourGraph, centroids: FloatArray, power_weights: FloatArray, labels: IntArray
) -> int:
    """Leave each cluster its heaviest connected piece, and give all other points to clusters that they touch, in place.

    The point with the smallest power distance to a cluster that it touches is given first, and so on, so clusters stay
    connected. The graph has to be connected.

    Args:
        tree, graph: n points.
        centroids: float64 (k, 2), in the tree's coordinates.
        power_weights: float64 (k,), square metres, see ``search.lloyd.assign``.
        labels: int64 (n,), cluster of each point; changed in place.

    Returns:
        Number of points that were taken out of their clusters.
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
    is_unassigned = np.zeros(n, np.bool_)
    n_unassigned = 0
    for i in range(n):
        if heaviest[labels[i]] != piece[i]:
            is_unassigned[i] = True
            n_unassigned += 1
    # Distance, point, cluster: ties go to the lowest point. The list is empty; it is written so that numba can infer
    # its type, which the casts below have to match.
    queue = [(0.0, np.int64(0), np.int64(0)) for _ in range(0)]
    for i in range(n):
        if is_unassigned[i]:
            for e in range(graph.indptr[i], graph.indptr[i + 1]):
                j = labels[graph.indices[e]]
                if not is_unassigned[graph.indices[e]]:
                    heapq.heappush(
                        queue, (_power_distance(tree, centroids, power_weights, i, j), np.int64(i), np.int64(j))
                    )
    while len(queue) > 0:
        _, point, cluster = heapq.heappop(queue)
        if not is_unassigned[point]:
            continue
        is_unassigned[point] = False
        labels[point] = cluster
        for e in range(graph.indptr[point], graph.indptr[point + 1]):
            other = graph.indices[e]
            if is_unassigned[other]:
                distance = _power_distance(tree, centroids, power_weights, other, int(cluster))
                heapq.heappush(queue, (distance, np.int64(other), cluster))
    return n_unassigned


@kernel
def _power_distance(tree: KdTree, centroids: FloatArray, power_weights: FloatArray, i: int, j: int) -> float:
    """Squared distance from point i to centroid j, less the power weight of j; square metres."""
    return float((tree.x[i] - centroids[j, 0]) ** 2 + (tree.y[i] - centroids[j, 1]) ** 2 - power_weights[j])


@kernel
def may_leave(
    graph: NeighbourGraph, labels: IntArray, point: int, mark: IntArray, stamp: IntArray, queue: IntArray
) -> bool:
    """Whether the cluster of ``point`` would stay connected, and keep at least one point, without ``point``.

    That is so if the neighbours of ``point`` in its cluster can be reached from one of them without passing ``point``.
    False also where this cannot be decided within ``_SEARCH_LIMIT`` points.

    Args:
        graph, labels: n points, and the cluster of each.
        point: the one that may leave.
        mark, queue: int64 (n,), scratch space; no value of ``mark`` is above ``stamp[0]``.
        stamp: int64 (1,), raised by each call, so that ``mark`` need not be cleared.
    """
    own = labels[point]
    wanted = stamp[0] + 1  # Marks neighbours of the point in its cluster until they are reached.
    reached = stamp[0] + 2  # Marks points that are reached from `start`, one of these neighbours.
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
    mark[point] = reached  # The search must not pass the point itself.
    # First a search among the neighbours only, which decides nearly all cases; then one through the whole cluster.
    for only_neighbours in (True, False):
        if only_neighbours or mark[start] != reached:
            mark[start] = reached
            n_wanted -= 1
        queue[0] = start
        head, tail = 0, 1
        if not only_neighbours:
            # Start from all neighbours that the first search has reached.
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
