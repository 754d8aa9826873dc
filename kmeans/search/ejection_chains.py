"""Lowers the inertia by chains of moves: a point from a to b, one from b to c, and so on, where one is not allowed.

At the limits of the weight range a cluster can only take a point if it passes one on. Each pair of adjacent clusters
is an arc that costs what its cheapest point costs; a negative cycle of arcs is an improvement (Ahuja, Orlin and Sharma
2001, "Multi-exchange neighborhood structures for the capacitated minimum spanning tree problem"). A node for the free
weight makes cycles of chains with two ends: it is entered from clusters that can gain and left to those that can lose.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.contiguity import may_leave
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.jit import kernel
from kmeans.search.moments import cluster_inertia, move_point, total_inertia
from kmeans.spatial.kdtree import KdTree

# Adjacent clusters that are looked at; more are rare and lie across a corner.
_MAX_ARCS = 24
# Passes of the shortest-path search before the present arcs are given up.
_MAX_PASSES = 60
_BLOCKED = np.inf
# Clusters with near numbers are near each other. Chains are looked for among so many of them at a time, half of
# which are also among the next so many: one search among all would take time with the square of their number.
_WINDOW = 256


class Arcs(NamedTuple):
    """Cheapest moves from each cluster to its adjacent ones.

    Attributes:
        n_arcs: int64 (k,).
        to, point: int64 (k, 24), adjacent cluster, and the point whose move costs least.
        cost: float64 (k, 24), change of the inertia with resting centroids.
    """

    n_arcs: IntArray
    to: IntArray
    point: IntArray
    cost: FloatArray


@kernel
def apply_chains(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    low: float,
    high: float,
    max_chains: int,
) -> int:
    """Apply improving chains until none is found; ``labels`` and ``moments`` change in place.

    Clusters stay connected, and inside ``low`` to ``high`` if they are so at the beginning. Returns the number of
    chains.
    """
    n, k = labels.shape[0], moments.shape[0]
    head, following, before = np.full(k, -1, np.int64), np.empty(n, np.int64), np.full(n, -1, np.int64)
    owner = np.full(n, -1, np.int64)
    for i in range(n - 1, -1, -1):
        _relink(graph, labels, head, following, before, owner, i)
    arcs = Arcs(
        np.zeros(k, np.int64),
        np.zeros((k, _MAX_ARCS), np.int64),
        np.zeros((k, _MAX_ARCS), np.int64),
        np.zeros((k, _MAX_ARCS)),
    )
    smallest = np.inf
    for i in range(n):
        if tree.weight[i] > 0:
            smallest = min(smallest, tree.weight[i])
    mark, stamp, search = np.zeros(n, np.int64), np.zeros(1, np.int64), np.empty(n, np.int64)
    parent, by_arc = np.empty(k + 1, np.int64), np.empty(k + 1, np.int64)
    distance, visited = np.empty(k + 1), np.empty(k + 1, np.int64)
    moves = np.empty((k + 1, 3), np.int64)
    touched = np.zeros(k, np.bool_)
    n_chains = 0
    while True:
        for a in range(k):
            _find_arcs(tree, graph, labels, moments, head, following, arcs, a)
        n_before = n_chains
        # The moments cancel for clusters at one site: rounding must not look like an improvement.
        least = max(1e-9 * total_inertia(moments) / k, 1e-300)
        begin = 0
        while n_chains < max_chains:
            end = min(k, begin + _WINDOW)
            start = _negative_cycle(
                arcs, moments, begin, end, low, high, smallest, least, parent, by_arc, distance, visited
            )
            if start < 0:
                if end == k:
                    break
                begin += _WINDOW // 2
                continue
            n_moves = 0
            node = start
            while True:
                origin = parent[node]
                if origin < k and node < k:
                    moves[n_moves, 0] = arcs.point[origin, by_arc[node]]
                    moves[n_moves, 1], moves[n_moves, 2] = origin, node
                    n_moves += 1
                node = origin
                if node == start:
                    break
            if n_moves == 0:
                break
            if not _try_moves(tree, graph, labels, moments, moves, n_moves, low, high, touched, mark, stamp, search):
                for m in range(n_moves):
                    for arc in range(arcs.n_arcs[moves[m, 1]]):
                        if arcs.to[moves[m, 1], arc] == moves[m, 2]:
                            arcs.cost[moves[m, 1], arc] = _BLOCKED
                continue
            n_chains += 1
            for m in range(n_moves):
                i = moves[m, 0]
                _relink(graph, labels, head, following, before, owner, i)
                for e in range(graph.indptr[i], graph.indptr[i + 1]):
                    _relink(graph, labels, head, following, before, owner, graph.indices[e])
            for m in range(n_moves):
                for side in (1, 2):
                    _find_arcs(tree, graph, labels, moments, head, following, arcs, moves[m, side])
        if n_chains == n_before or n_chains >= max_chains:
            return n_chains


@kernel
def _relink(
    graph: NeighbourGraph,
    labels: IntArray,
    head: IntArray,
    following: IntArray,
    before: IntArray,
    owner: IntArray,
    i: int,
) -> None:
    """Keep point i in the list of its cluster's boundary points, and in no other; ``owner`` is whose list it is in."""
    wanted = -1
    for e in range(graph.indptr[i], graph.indptr[i + 1]):
        if labels[graph.indices[e]] != labels[i]:
            wanted = labels[i]
            break
    if owner[i] == wanted:
        return
    if owner[i] >= 0:
        if before[i] >= 0:
            following[before[i]] = following[i]
        else:
            head[owner[i]] = following[i]
        if following[i] >= 0:
            before[following[i]] = before[i]
    owner[i] = wanted
    if wanted >= 0:
        following[i], before[i] = head[wanted], -1
        if head[wanted] >= 0:
            before[head[wanted]] = i
        head[wanted] = i


@kernel
def _find_arcs(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    head: IntArray,
    following: IntArray,
    arcs: Arcs,
    a: int,
) -> None:
    """The cheapest move from cluster a to each adjacent cluster."""
    count = 0
    weight_a = max(moments[a, 0], 1e-300)
    ax, ay = moments[a, 1] / weight_a, moments[a, 2] / weight_a
    i = head[a]
    while i >= 0:
        own = (tree.x[i] - ax) ** 2 + (tree.y[i] - ay) ** 2
        for e in range(graph.indptr[i], graph.indptr[i + 1]):
            b = labels[graph.indices[e]]
            if b == a or tree.weight[i] <= 0 or moments[b, 0] <= 0:
                continue
            bx, by = moments[b, 1] / moments[b, 0], moments[b, 2] / moments[b, 0]
            cost = tree.weight[i] * ((tree.x[i] - bx) ** 2 + (tree.y[i] - by) ** 2 - own)
            arc = 0
            while arc < count and arcs.to[a, arc] != b:
                arc += 1
            if arc == count:
                if count == _MAX_ARCS:
                    continue
                arcs.to[a, arc], arcs.cost[a, arc] = b, np.inf
                count += 1
            if cost < arcs.cost[a, arc]:
                arcs.cost[a, arc], arcs.point[a, arc] = cost, i
        i = following[i]
    arcs.n_arcs[a] = count


@kernel
def _negative_cycle(
    arcs: Arcs,
    moments: FloatArray,
    begin: int,
    end: int,
    low: float,
    high: float,
    smallest: float,
    least: float,
    parent: IntArray,
    by_arc: IntArray,
    distance: FloatArray,
    visited: IntArray,
) -> int:
    """A node on a negative cycle of ``parent`` links (Bellman and Ford) between clusters ``begin`` to ``end``, or -1.

    Node k stands for the free weight; costs below ``least`` are none.
    """
    k = moments.shape[0]
    distance[begin:end] = 0.0
    parent[begin:end] = -1
    distance[k], parent[k] = 0.0, -1
    for _ in range(_MAX_PASSES):
        is_changed = False
        for a in range(begin, end):
            for arc in range(arcs.n_arcs[a]):
                b = arcs.to[a, arc]
                if begin <= b < end and distance[a] + arcs.cost[a, arc] < distance[b] - least:
                    distance[b], parent[b], by_arc[b] = distance[a] + arcs.cost[a, arc], a, arc
                    is_changed = True
        for a in range(begin, end):
            if parent[a] >= 0 and moments[a, 0] + smallest <= high and distance[a] < distance[k] - least:
                distance[k], parent[k] = distance[a], a
                is_changed = True
        for a in range(begin, end):
            if moments[a, 0] - smallest >= low and distance[k] < distance[a] - least:
                distance[a], parent[a] = distance[k], k
                is_changed = True
        if not is_changed:
            return -1
        visited[begin:end] = 0
        visited[k] = 0
        for number in range(begin, end + 1):
            first = number if number < end else k
            node = first
            while node >= 0 and visited[node] == 0:
                visited[node] = first + 1
                node = parent[node]
            if node >= 0 and visited[node] == first + 1:
                return node
    return -1


@kernel
def _try_moves(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    moves: IntArray,
    n_moves: int,
    low: float,
    high: float,
    touched: npt.NDArray[np.bool_],
    mark: IntArray,
    stamp: IntArray,
    search: IntArray,
) -> bool:
    """Make all moves if the exact inertia falls, all clusters stay connected and no weight leaves the range."""
    before = 0.0
    for m in range(n_moves):
        for side in (1, 2):
            j = moves[m, side]
            if not touched[j]:
                touched[j] = True
                before += cluster_inertia(moments[j])
    n_done = 0
    is_allowed = n_moves > 0
    while is_allowed and n_done < n_moves:
        i, a, b = moves[n_done, 0], moves[n_done, 1], moves[n_done, 2]
        is_adjacent = False
        for e in range(graph.indptr[i], graph.indptr[i + 1]):
            if labels[graph.indices[e]] == b:
                is_adjacent = True
        is_allowed = labels[i] == a and is_adjacent and may_leave(graph, labels, i, mark, stamp, search)
        if is_allowed:
            move_point(tree, moments, labels, i, b)
            n_done += 1
    after = 0.0
    for m in range(n_moves):
        for side in (1, 2):
            j = moves[m, side]
            if touched[j]:
                touched[j] = False
                after += cluster_inertia(moments[j])
                if moments[j, 0] < low or moments[j, 0] > high:
                    is_allowed = False
    if is_allowed and after < before * (1 - 1e-10):
        return True
    for m in range(n_done - 1, -1, -1):
        move_point(tree, moments, labels, moves[m, 0], moves[m, 1])
    return False
