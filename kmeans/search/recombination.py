"""Brings clusters into the weight range by joining two neighbours and cutting them anew along a random spanning tree.

DeFord, Duchin and Solomon 2021, "Recombination: a family of Markov chains for redistricting": every edge of a spanning
tree of the union splits it into two connected parts, so the best of many cuts is found by adding up subtrees.
"""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.jit import kernel
from kmeans.search.exchange import violation
from kmeans.search.moments import cluster_inertia, compute_moments
from kmeans.search.seeding import StateArray, uniform
from kmeans.spatial.kdtree import KdTree
from kmeans.spatial.labels import rows_by_label

# Spanning trees that are drawn for a pair of clusters, and times that all clusters out of the range are treated.
_TREES, _ROUNDS = 8, 6


@kernel
def recombine(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    low: float,
    high: float,
    state: StateArray,
) -> None:
    """Recut every cluster out of the range with its neighbours, in place, while the lack or excess of both shrinks.

    An excess that does not shrink may move to the neighbour, from where it can reach a cluster with room.
    """
    n, k = labels.shape[0], moments.shape[0]
    scratch = np.empty((4, n), np.int64)
    position = np.full(n, -1, np.int64)
    subtree = np.empty((n, 4))
    adjacent = np.empty(k, np.int64)
    seen = np.full(k, -1, np.int64)
    for round_number in range(_ROUNDS):
        indptr, members = rows_by_label(labels, k)
        is_stale = np.zeros(k, np.bool_)
        n_outside = 0
        for a in range(k):
            if violation(moments[a, 0], low, high) <= 0:
                continue
            n_outside += 1
            if is_stale[a]:
                continue
            n_adjacent = 0
            stamp = round_number * k + a
            for q in range(indptr[a], indptr[a + 1]):
                i = members[q]
                for e in range(graph.indptr[i], graph.indptr[i + 1]):
                    b = labels[graph.indices[e]]
                    if b != a and seen[b] != stamp and not is_stale[b]:
                        seen[b] = stamp
                        adjacent[n_adjacent] = b
                        n_adjacent += 1
            begin_at = int(uniform(state) * n_adjacent)
            for turn in range(n_adjacent):
                b = adjacent[(begin_at + turn) % n_adjacent]
                union = np.concatenate((members[indptr[a] : indptr[a + 1]], members[indptr[b] : indptr[b + 1]]))
                if _recut(tree, graph, labels, moments, union, a, b, low, high, position, scratch, subtree, state):
                    is_stale[a] = is_stale[b] = True
                    break
        if n_outside == 0:
            break
    compute_moments(tree, labels, moments)


@kernel
def _recut(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    union: IntArray,
    a: int,
    b: int,
    low: float,
    high: float,
    position: IntArray,
    scratch: IntArray,
    subtree: FloatArray,
    state: StateArray,
) -> bool:
    """Cut the union of clusters a and b where the weights fit best, then where the inertia is lowest."""
    m = union.shape[0]
    parent, order, frontier, best_side = scratch[0], scratch[1], scratch[2], scratch[3]
    whole = moments[a] + moments[b]
    least_violation = violation(moments[a, 0], low, high) + violation(moments[b, 0], low, high)
    # The same violation counts as better if it has moved on: half of the draws take it.
    may_pass_on = uniform(state) < 0.5
    best_inertia = np.inf if may_pass_on else cluster_inertia(moments[a]) + cluster_inertia(moments[b])
    is_found = False
    for q in range(m):
        position[union[q]] = q
    for draw in range(_TREES):
        for q in range(m):
            parent[q] = -2
        root = min(m - 1, int(uniform(state) * m))
        parent[root] = -1
        frontier[0] = root
        depth, n_reached = 1, 0
        while depth > 0:
            # Any point of the frontier, or one of its latest: bushy and long trees in turn.
            pick = int(uniform(state) * (depth if draw % 2 == 0 else min(depth, 3)))
            pick = depth - 1 - min(depth - 1, pick)
            q = frontier[pick]
            depth -= 1
            frontier[pick] = frontier[depth]
            order[n_reached] = q
            n_reached += 1
            i = union[q]
            for e in range(graph.indptr[i], graph.indptr[i + 1]):
                other = position[graph.indices[e]]
                if other >= 0 and parent[other] == -2:
                    parent[other] = q
                    frontier[depth] = other
                    depth += 1
        if n_reached < m:
            break
        for q in range(m):
            i = union[q]
            x, y, weight = tree.x[i], tree.y[i], tree.weight[i]
            subtree[q, 0], subtree[q, 1], subtree[q, 2] = weight, weight * x, weight * y
            subtree[q, 3] = weight * (x * x + y * y)
        cut = -1
        for r in range(m - 1, 0, -1):
            q = order[r]
            part = subtree[q]
            found = violation(part[0], low, high) + violation(whole[0] - part[0], low, high)
            if found <= least_violation:
                inertia = cluster_inertia(part) + cluster_inertia(whole - part)
                if found < least_violation or inertia < best_inertia:
                    least_violation, best_inertia, cut = found, inertia, q
            subtree[parent[q]] += part
        if cut >= 0:
            is_found = True
            for q in range(m):
                best_side[q] = 0
            best_side[cut] = 1
            for r in range(m):
                q = order[r]
                if parent[q] >= 0 and best_side[parent[q]] == 1:
                    best_side[q] = 1
    for q in range(m):
        position[union[q]] = -1
    if is_found:
        moments[a] = 0.0
        moments[b] = 0.0
        for q in range(m):
            i = union[q]
            j = b if best_side[q] == 1 else a
            labels[i] = j
            x, y, weight = tree.x[i], tree.y[i], tree.weight[i]
            moments[j, 0] += weight
            moments[j, 1] += weight * x
            moments[j, 2] += weight * y
            moments[j, 3] += weight * (x * x + y * y)
    return is_found
