"""Clusters one component: sets apart what no clustering can mend, chooses the number of clusters, divides the rest."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import connected_components
from kmeans.parameters import Parameters
from kmeans.search.cluster_count import feasible_counts, nearest_count, objective, promising_counts
from kmeans.search.component import Ground
from kmeans.search.partition import Division, divide
from kmeans.search.repair import mend
from kmeans.spatial import csr
from kmeans.spatial.labels import rows_by_label
from kmeans.status import Reason, Status

# Sums of the same weights may differ by their rounding; a cluster is not out of range because of it.
ROUNDING = 1e-9


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
    if params.wanted_radius is not None:
        best_rank = _rank(ground, best, params)
        weights, radii = _figures(ground, best.labels)
        for k in promising_counts(weights, radii, fewest, most, params):
            found = _divided(ground, k, low, high, params)
            if (rank := _rank(ground, found, params)) < best_rank:
                best, best_rank = found, rank
    if best.n_outside > 0:
        best = mend(ground.tree, ground.graph, best, *_search_range(ground, low, high), params.random_state)
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
    begin, by_piece = rows_by_label(piece, n_pieces)
    for number in range(n_pieces):
        members = by_piece[begin[number] : begin[number + 1]]
        if is_heavy[members[0]]:
            continue
        if tree.weight[members].sum() < low * (1 - ROUNDING):
            around = graph.neighbours[csr.take(graph.first, members)[1]]
            labels[members] = labels[around[is_heavy[around]].min()]
            continue
        part = Ground.of(members, tree, graph, ground.footprints)
        found, found_reasons = cluster_component(part, params)
        labels[part.points] = found + n_clusters
        reasons |= {n_clusters + j: reason for j, reason in found_reasons.items()}
        n_clusters += int(found.max()) + 1
    return labels, reasons
