"""Clusters one component: sets apart what no clustering can mend, chooses the number of clusters, divides the rest."""

from dataclasses import dataclass

import numpy as np

from kmeans import ragged
from kmeans.arrays import FloatArray, IntArray
from kmeans.balanced_partition import Division, divide
from kmeans.bounding_circle import cluster_radii
from kmeans.cluster_count import feasible_counts, nearest_count, objective, promising_counts
from kmeans.cluster_sums import group
from kmeans.kdtree import KdTree, build_kdtree
from kmeans.neighbour_graph import NeighbourGraph, connected_components, from_edges
from kmeans.outlines import Outlines
from kmeans.parameters import Parameters
from kmeans.status import Reason, Status

# Sums of the same weights may differ by their rounding; a cluster is not out of range because of it.
ROUNDING = 1e-9
# Other numbers of clusters, and other random draws, that are tried when a cluster stays out of the range.
_FURTHER_TRIES = 4


@dataclass(frozen=True)
class Ground:
    """A connected set of points with what the search needs.

    Attributes:
        points: int64 (m,), positions of its points in the tree of the whole input.
        tree: over these points alone.
        graph: their neighbours, in the order of ``tree``.
        outlines: of their geometries, in the order and the coordinates of ``tree``; None if they are only points.
    """

    points: IntArray
    tree: KdTree
    graph: NeighbourGraph
    outlines: Outlines | None

    @classmethod
    def of(cls, points: IntArray, tree: KdTree, graph: NeighbourGraph, outlines: Outlines | None) -> "Ground":
        """The part of a larger tree, its graph and its outlines; ``points`` in ascending order."""
        if len(points) == len(tree.x):
            return cls(points, tree, graph, outlines)
        part = build_kdtree(np.column_stack([tree.x[points], tree.y[points]]), tree.weight[points])
        place = np.empty(len(points), np.int64)
        place[part.order] = np.arange(len(points))
        first, positions = ragged.select(graph.first, points)
        targets = graph.neighbours[positions]
        found = np.minimum(np.searchsorted(points, targets), len(points) - 1)
        is_inside = points[found] == targets
        sources = np.repeat(np.arange(len(points)), np.diff(first))
        edges = place[np.column_stack([sources[is_inside], found[is_inside]])]
        part_graph = from_edges(len(points), edges, is_directed=True)
        if outlines is not None:
            outlines = outlines.of_rows(points[part.order]).relative_to(part.origin)
        return cls(points[part.order], part, part_graph, outlines)

    def radii(self, labels: IntArray, n_clusters: int) -> FloatArray:
        """Radius in metres of the minimum bounding circle of each cluster, float64 (n_clusters,)."""
        if self.outlines is None:
            return cluster_radii(self.tree.x, self.tree.y, labels, n_clusters)
        return self.outlines.radii(labels, n_clusters)


def cluster_component(ground: Ground, params: Parameters) -> tuple[IntArray, dict[int, Reason]]:
    """Cluster a component.

    Returns:
        Labels int64 (m,) of ``ground.points``, numbered from 0, and the reasons of clusters that cannot be in the
        range.
    """
    low, high = params.weight_range
    weight = ground.tree.weight
    total = float(weight.sum())
    whole = np.zeros(len(weight), np.int64)
    if params.n_clusters is not None:
        return _divided(ground, min(params.n_clusters, len(weight)), low, high, params).labels, {}
    if total <= 0:
        return whole, {0: Reason(Status.ZERO_WEIGHT)}
    if total < low * (1 - ROUNDING):
        return whole, {0: Reason(Status.COMPONENT_BELOW_MIN)}
    if (weight > high * (1 + ROUNDING)).any():
        return _around_heavy_points(ground, params)
    fewest, most = feasible_counts(total, low, high)
    n_weighted = int(np.count_nonzero(weight))
    if fewest > most:
        k = nearest_count(total, low, high)
        even = total / k
        division = _divided(ground, min(k, n_weighted), 0.95 * even, 1.05 * even, params)
        return division.labels, dict.fromkeys(range(k), Reason(Status.NO_FEASIBLE_K, total))
    most = min(most, n_weighted, max(fewest, _rounded(2 * total / params.target_weight, n_weighted)))
    return _best_division(ground, fewest, most, params).labels, {}


def _best_division(ground: Ground, fewest: int, most: int, params: Parameters) -> Division:
    """The division of lowest misfit among a few promising numbers of clusters, all of them in the range if it can."""
    low, high = params.weight_range
    total = float(ground.tree.weight.sum())
    ideal = min(max(_rounded(total / params.target_weight, most), fewest), most)
    best = _divided(ground, ideal, low, high, params)
    if params.wanted_radius is None and best.n_outside == 0:
        return best
    best_rank = _rank(ground, best, params)
    if params.wanted_radius is not None:
        weights, radii = _figures(ground, best.labels)
        for k in promising_counts(weights, radii, fewest, most, params):
            found = _divided(ground, k, low, high, params)
            if (rank := _rank(ground, found, params)) < best_rank:
                best, best_rank = found, rank
    for attempt in range(1, _FURTHER_TRIES + 1):
        if best.n_outside == 0:
            break
        # Alternately one cluster more or less than the ideal, further away each time.
        k = min(max(ideal + (attempt + 1) // 2 * (1 if attempt % 2 else -1), fewest), most)
        limits = _search_range(ground, low, high)
        found = divide(ground.tree, ground.graph, k, *limits, params.random_state + attempt)
        if (rank := _rank(ground, found, params)) < best_rank:
            best, best_rank = found, rank
    return best


def _rounded(value: float, most: int) -> int:
    """The nearest whole number up to ``most``; ``value`` may be infinite."""
    return round(min(value, most))


def _divided(ground: Ground, k: int, low: float, high: float, params: Parameters) -> Division:
    return divide(ground.tree, ground.graph, k, *_search_range(ground, low, high), params.random_state)


def _search_range(ground: Ground, low: float, high: float) -> tuple[float, float]:
    """The range with room for rounding; without a maximum a finite one that no cluster can reach."""
    unreachable = 2 * float(ground.tree.weight.sum()) or 1.0
    return low * (1 - ROUNDING), min(high * (1 + ROUNDING), unreachable)


def _rank(ground: Ground, division: Division, params: Parameters) -> tuple[int, float]:
    return division.n_outside, objective(*_figures(ground, division.labels), params)


def _figures(ground: Ground, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    """Weight and radius of each cluster."""
    k = int(labels.max()) + 1
    weights = np.bincount(labels, ground.tree.weight, k).astype(np.float64)
    return weights, ground.radii(labels, k)


def _around_heavy_points(ground: Ground, params: Parameters) -> tuple[IntArray, dict[int, Reason]]:
    """Make each too heavy point a cluster of its own, and cluster the ground between them.

    Pieces of that ground that are too light to stand alone stay with the heavy point that cuts them off: the cluster
    is above the maximum anyway, and one exception is better than two.
    """
    low, high = params.weight_range
    tree, graph = ground.tree, ground.graph
    is_heavy = tree.weight > high * (1 + ROUNDING)
    n = len(tree.x)
    labels = np.full(n, -1, np.int64)
    heavy = np.flatnonzero(is_heavy)
    labels[heavy] = np.arange(len(heavy))
    reasons = dict.fromkeys(range(len(heavy)), Reason(Status.POINT_ABOVE_MAX))
    n_clusters = len(heavy)
    # Each heavy point is a group of its own here, so that it separates.
    piece, n_pieces = connected_components(graph, np.where(is_heavy, np.arange(n) + 1, 0))
    begin, by_piece = group(piece, n_pieces)
    for number in range(n_pieces):
        members = by_piece[begin[number] : begin[number + 1]]
        if is_heavy[members[0]]:
            continue
        if tree.weight[members].sum() < low * (1 - ROUNDING):
            around = graph.neighbours[ragged.select(graph.first, members)[1]]
            labels[members] = labels[around[is_heavy[around]].min()]
            continue
        part = Ground.of(members, tree, graph, ground.outlines)
        found, found_reasons = cluster_component(part, params)
        labels[part.points] = found + n_clusters
        reasons |= {n_clusters + j: reason for j, reason in found_reasons.items()}
        n_clusters += int(found.max()) + 1
    return labels, reasons
