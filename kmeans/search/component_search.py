"""Clusters one component: sets apart too heavy points, chooses the number of clusters, and partitions the rest."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import connected_components
from kmeans.parameters import Parameters, WeightRange
from kmeans.search.cluster_count import feasible_counts, nearest_count, objective, promising_counts
from kmeans.search.component import Component
from kmeans.search.partition import Partition, partition
from kmeans.search.repair import repair
from kmeans.spatial import csr
from kmeans.spatial.labels import rows_by_label
from kmeans.status import Reason, Status


def cluster_component(component: Component, params: Parameters) -> tuple[IntArray, dict[int, Reason]]:
    """Cluster a component.

    Returns:
        Labels int64 (m,) of ``component.points``, numbered from 0, and the reasons of clusters that cannot be in the
        range.
    """
    weight_range = params.weight_range
    weight = component.tree.weight
    total = float(weight.sum())
    whole = np.zeros(len(weight), np.int64)
    if params.n_clusters is not None:
        return _partition(component, min(params.n_clusters, len(weight)), weight_range, params).labels, {}
    if total <= 0:
        return whole, {0: Reason(Status.ZERO_WEIGHT)}
    if weight_range.is_below(total):
        return whole, {0: Reason(Status.COMPONENT_BELOW_MIN)}
    if weight_range.is_above(weight).any():
        return _around_heavy_points(component, params)
    fewest, most = feasible_counts(total, *weight_range)
    n_weighted = int(np.count_nonzero(weight))
    if fewest > most:
        k = nearest_count(total, *weight_range)
        even = total / k
        found = _partition(component, min(k, n_weighted), WeightRange(0.95 * even, 1.05 * even), params)
        return found.labels, dict.fromkeys(range(k), Reason(Status.NO_FEASIBLE_K, total))
    most = min(most, n_weighted, max(fewest, _rounded(2 * total / params.target_weight, n_weighted)))
    return _best_partition(component, fewest, most, params).labels, {}


def _best_partition(component: Component, fewest: int, most: int, params: Parameters) -> Partition:
    """The partition of lowest misfit among a few promising numbers of clusters, all of them in the range if it can."""
    weight_range = params.weight_range
    total = float(component.tree.weight.sum())
    ideal = min(max(_rounded(total / params.target_weight, most), fewest), most)
    best = _partition(component, ideal, weight_range, params)
    if params.wanted_radius is None and best.n_outside == 0:
        return best
    if params.wanted_radius is not None:
        best_rank = _rank(component, best, params)
        weights, radii = _figures(component, best.labels)
        for k in promising_counts(weights, radii, fewest, most, params):
            found = _partition(component, k, weight_range, params)
            if (rank := _rank(component, found, params)) < best_rank:
                best, best_rank = found, rank
    if best.n_outside > 0:
        best = repair(
            component.tree, component.graph, best, *_search_range(component, weight_range), params.random_state
        )
    return best


def _rounded(value: float, most: int) -> int:
    """The nearest whole number up to ``most``; ``value`` may be infinite."""
    return round(min(value, most))


def _partition(component: Component, k: int, weight_range: WeightRange, params: Parameters) -> Partition:
    return partition(component.tree, component.graph, k, *_search_range(component, weight_range), params.random_state)


def _search_range(component: Component, weight_range: WeightRange) -> tuple[float, float]:
    """The range for the kernels: with its tolerance; without a maximum, a finite one that no cluster can reach."""
    unreachable = 2 * float(component.tree.weight.sum()) or 1.0
    return weight_range.widened.low, min(weight_range.widened.high, unreachable)


def _rank(component: Component, found: Partition, params: Parameters) -> tuple[int, float]:
    return found.n_outside, objective(*_figures(component, found.labels), params)


def _figures(component: Component, labels: IntArray) -> tuple[FloatArray, FloatArray]:
    """Weight and radius of each cluster."""
    k = int(labels.max()) + 1
    weights = np.bincount(labels, component.tree.weight, k).astype(np.float64)
    return weights, component.radii(labels, k)


def _around_heavy_points(component: Component, params: Parameters) -> tuple[IntArray, dict[int, Reason]]:
    """Make each too heavy point a cluster of its own, and cluster the areas between them.

    Areas that are too light to stand alone stay with the heavy point that cuts them off: the cluster
    is above the maximum anyway, and one exception is better than two.
    """
    weight_range = params.weight_range
    tree, graph = component.tree, component.graph
    is_heavy = weight_range.is_above(tree.weight)
    n = len(tree.x)
    labels = np.full(n, -1, np.int64)
    heavy = np.flatnonzero(is_heavy)
    labels[heavy] = np.arange(len(heavy))
    reasons = dict.fromkeys(range(len(heavy)), Reason(Status.POINT_ABOVE_MAX))
    n_clusters = len(heavy)
    # Each heavy point has a label of its own here, so that it separates the areas.
    area, n_areas = connected_components(graph, np.where(is_heavy, np.arange(n) + 1, 0))
    indptr, by_area = rows_by_label(area, n_areas)
    for number in range(n_areas):
        members = by_area[indptr[number] : indptr[number + 1]]
        if is_heavy[members[0]]:
            continue
        if weight_range.is_below(float(tree.weight[members].sum())):
            around = graph.indices[csr.take(graph.indptr, members)[1]]
            labels[members] = labels[around[is_heavy[around]].min()]
            continue
        part = Component.of(members, tree, graph, component.footprints)
        found, found_reasons = cluster_component(part, params)
        labels[part.points] = found + n_clusters
        reasons |= {n_clusters + j: reason for j, reason in found_reasons.items()}
        n_clusters += int(found.max()) + 1
    return labels, reasons
