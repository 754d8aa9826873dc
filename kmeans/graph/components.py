"""Connected components of the neighbour graph, their distances, and bridges from those that are too light."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph, connected_components, from_edges
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree


@dataclass(frozen=True)
class Components:
    """Connected components of a neighbour graph.

    Attributes:
        graph: the graph, with a pair of edges for each bridge.
        of_point: int64 (n,), component of each point, numbered by the first point in the tree's order.
        bridges: int64 (b, 2), the points that each bridge connects.
        gap: float64 (c,), distance in metres from each component to the nearest other one; infinite for the only one,
            and where it was not asked for.
    """

    graph: NeighbourGraph
    of_point: IntArray
    bridges: IntArray
    gap: FloatArray


def find_components(tree: KdTree, graph: NeighbourGraph, min_weight: float, bridge: bool) -> Components:
    """Components of ``graph``; those lighter than ``min_weight`` learn their distance to the nearest other one.

    With ``bridge`` each of them is also connected there, by its shortest way, again and again until none is too light
    or only one is left.
    """
    of_point, count = connected_components(graph, np.zeros(len(tree.x), np.int64))
    bridges: list[tuple[int, int]] = []
    while True:
        weight = np.bincount(of_point, tree.weight, count)
        light = weight < min_weight
        if count == 1:
            return Components(graph, of_point, _pairs(bridges), np.full(1, np.inf))
        ways = _shortest_ways(tree, of_point, light)
        if not bridge or not light.any():
            gap = np.sqrt(ways[:, 0])
            return Components(graph, of_point, _pairs(bridges), gap)
        joined = np.arange(count)
        for component in np.flatnonzero(light).tolist():
            # Two light islands that are each other's nearest need one bridge, not two.
            source, target = int(ways[component, 1]), int(ways[component, 2])
            a, b = _root(joined, component), _root(joined, int(of_point[target]))
            if a != b:
                joined[max(a, b)] = min(a, b)
                bridges.append((source, target))
        graph = _with_edges(graph, _pairs(bridges))
        of_point, count = connected_components(graph, np.zeros(len(tree.x), np.int64))


def _pairs(bridges: list[tuple[int, int]]) -> IntArray:
    return np.array(bridges, np.int64).reshape(-1, 2)


def _root(joined: IntArray, component: int) -> int:
    while joined[component] != component:
        component = int(joined[component])
    return component


def _with_edges(graph: NeighbourGraph, edges: IntArray) -> NeighbourGraph:
    sources = np.repeat(np.arange(len(graph.indptr) - 1), np.diff(graph.indptr))
    all_edges = np.concatenate([np.column_stack([sources, graph.indices]), edges, edges[:, ::-1]])
    return from_edges(len(graph.indptr) - 1, all_edges, has_both_directions=True)


@kernel
def _shortest_ways(tree: KdTree, of_point: IntArray, is_wanted: npt.NDArray[np.bool_]) -> FloatArray:
    """For each wanted component: squared distance to the nearest point of another one, and the two points."""
    count = is_wanted.shape[0]
    ways = np.full((count, 3), np.inf)
    # A subtree that lies in one component only can be left out at once.
    n_nodes = tree.first.shape[0]
    only = np.empty(n_nodes, np.int64)
    for node in range(n_nodes - 1, -1, -1):
        if tree.after[node] == node + 1:
            only[node] = of_point[tree.first[node]]
            for i in range(tree.first[node], tree.last[node]):
                if of_point[i] != only[node]:
                    only[node] = -1
        else:
            left, right = only[node + 1], only[tree.after[node + 1]]
            only[node] = left if left == right else -1
    for i in range(of_point.shape[0]):
        own = of_point[i]
        if not is_wanted[own]:
            continue
        node = 0
        while node < n_nodes:
            dx = max(tree.bounds[node, 0] - tree.x[i], tree.x[i] - tree.bounds[node, 1], 0.0)
            dy = max(tree.bounds[node, 2] - tree.y[i], tree.y[i] - tree.bounds[node, 3], 0.0)
            if only[node] == own or dx * dx + dy * dy >= ways[own, 0]:
                node = tree.after[node]
                continue
            if tree.after[node] == node + 1:
                for other in range(tree.first[node], tree.last[node]):
                    d = (tree.x[other] - tree.x[i]) ** 2 + (tree.y[other] - tree.y[i]) ** 2
                    if of_point[other] != own and d < ways[own, 0]:
                        ways[own, 0], ways[own, 1], ways[own, 2] = d, i, other
            node += 1
    return ways
