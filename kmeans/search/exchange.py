"""Moves single points between adjacent clusters while that lowers inertia plus a penalty on weights out of range."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.contiguity import may_leave
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.jit import kernel
from kmeans.search.moments import move_point
from kmeans.spatial.kdtree import KdTree

# A move has to save this share of what the point costs. The second is by how much centroids err, as a share of the
# width of all points: where centroids coincide, or nearly, rounding would move points back and forth without end.
_WORTHWHILE, _ROUNDING = 1e-9, 1e-15


@kernel
def violation(weight: float, low: float, high: float) -> float:
    """By how much a weight is out of the range."""
    return max(low - weight, weight - high, 0.0)


@kernel
def penalty(weight: float, low: float, high: float) -> float:
    """Cost of a weight out of the range: the square spreads a lack over neighbours, the linear part ends it."""
    outside = violation(weight, low, high)
    return outside + 2 * outside * outside / (low + high)


@kernel
def exchange(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    low: float,
    high: float,
    price: float,
    max_visits: int,
) -> int:
    """Move boundary points, best cluster first, until no move helps; clusters stay connected.

    A move has to lower  inertia + price * sum_j penalty(W_j). Hartigan and Wong's exact change of the inertia is used.
    Points are taken from a queue that begins with all boundary points.

    Args:
        tree, graph: n points and their neighbours.
        labels: int64 (n,), changed in place.
        moments: float64 (k, 4), moments of the clusters, kept up to date.
        low, high: range of the weights.
        price: cost of a unit of weight out of the range, square metres.
        max_visits: bound on the points that are looked at.

    Returns:
        Number of moves.
    """
    n = labels.shape[0]
    queue, is_queued = np.empty(n, np.int64), np.zeros(n, np.bool_)
    mark, stamp, search = np.zeros(n, np.int64), np.zeros(1, np.int64), np.empty(n, np.int64)
    width = max(tree.bounds[0, 1] - tree.bounds[0, 0], tree.bounds[0, 3] - tree.bounds[0, 2])
    noise = (_ROUNDING * width) ** 2 / _WORTHWHILE
    head, length = 0, 0
    for i in range(n):
        for e in range(graph.indptr[i], graph.indptr[i + 1]):
            if labels[graph.indices[e]] != labels[i]:
                queue[length] = i
                is_queued[i] = True
                length += 1
                break
    n_moves, n_visits = 0, 0
    while length > 0 and n_visits < max_visits:
        i = queue[head]
        head = head + 1 if head + 1 < n else 0
        length -= 1
        is_queued[i] = False
        n_visits += 1
        x, y, weight, own = tree.x[i], tree.y[i], tree.weight[i], labels[i]
        rest = moments[own, 0] - weight
        if rest <= 0:
            continue
        dx, dy = x - moments[own, 1] / moments[own, 0], y - moments[own, 2] / moments[own, 0]
        saved = weight * moments[own, 0] / rest * (dx * dx + dy * dy)
        relieved = penalty(rest, low, high) - penalty(moments[own, 0], low, high)
        best, to, before = -_WORTHWHILE * saved - weight * noise, -1, -1
        for e in range(graph.indptr[i], graph.indptr[i + 1]):
            j = labels[graph.indices[e]]
            # Neighbours come in the order of their positions, so most of those of one cluster one after the other.
            if j in (own, before):
                continue
            before = j
            whole = moments[j, 0] + weight
            cost = 0.0
            if moments[j, 0] > 0:
                dx, dy = x - moments[j, 1] / moments[j, 0], y - moments[j, 2] / moments[j, 0]
                cost = weight * moments[j, 0] / whole * (dx * dx + dy * dy)
            change = cost - saved
            change += price * (relieved + penalty(whole, low, high) - penalty(moments[j, 0], low, high))
            if change < best:
                best, to = change, j
        if to < 0 or not may_leave(graph, labels, i, mark, stamp, search):
            continue
        move_point(tree, moments, labels, i, to)
        n_moves += 1
        for e in range(graph.indptr[i], graph.indptr[i + 1]):
            other = graph.indices[e]
            if not is_queued[other]:
                is_queued[other] = True
                tail = head + length
                queue[tail if tail < n else tail - n] = other
                length += 1
    return n_moves
