"""Lloyd iterations on a power diagram whose power weights push every cluster into the weight range.

Aurenhammer, Hoffmann and Aronov 1998 ("Minkowski-type theorems and least-squares clustering"): the cheapest assignment
to fixed centroids under bounds on the weights of the clusters is a power diagram, with power weights that are the
multipliers of the bounds. A multiplier is above zero only for a cluster held up at the minimum, below zero only for one
held down at the maximum. The power weights are found by dual ascent while the centroids move.
"""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel
from kmeans.search.lloyd import assign
from kmeans.search.moments import total_inertia
from kmeans.spatial.kdtree import N_MOMENTS, KdTree

# A step changes a power weight by at most this share of the cluster's mean squared radius, or the ascent diverges.
_LARGEST_STEP = 0.5
_STEP_SCALE = 2.8
# Riedmiller and Braun's rule: shorter steps after overshooting, longer ones while the direction holds.
_SHRINK, _GROW, _SHORTEST, _LONGEST = 0.5, 1.15, 0.02, 2.0
# It is over when so many iterations have not lowered the cost by this share, or after so many.
_PATIENCE, _WORTHWHILE, _MOST_ITERATIONS = 8, 5e-4, 150
# When more clusters than this share are nearly empty or twice too heavy, the diagram has collapsed.
_COLLAPSED = 0.02
# Cost of a unit of weight out of the range, in mean squared radii.
_PRICE = 4.0
# After the first iterations centroids go beyond the mean by this factor, which halves their number.
_STRIDE, _FIRST_ITERATIONS = 1.7, 3
# Points a cluster from which on that is safe.
_FINE = 100


@kernel
def balance(
    tree: KdTree,
    centroids: FloatArray,
    power_weights: FloatArray,
    spread: FloatArray,
    low: float,
    high: float,
    margin: float,
) -> tuple[IntArray, float]:
    """Move centroids and power weights until that no longer helps, then power weights alone until all are in the range.

    Args:
        tree: n points.
        centroids: float64 (k, 2), in the tree's coordinates; changed in place.
        power_weights: float64 (k,), square metres; changed in place.
        spread: float64 (k,), a guess of each cluster's mean squared distance to its centroid, square metres; changed.
        low, high: range of the weights.
        margin: by how much the range that is aimed at is narrower at both ends.

    Returns:
        labels int64 (n,) in the tree's order, and their cost: the inertia, increased by weights out of the range.
    """
    k = centroids.shape[0]
    total = tree.moments[0, 0]
    step, direction = np.ones(k), np.zeros(k)
    moments = np.empty((k, N_MOMENTS))
    labels = np.zeros(tree.x.shape[0], np.int64)
    # With few points a cluster the ways of single points are too coarse for a stride beyond the mean.
    stride = _STRIDE if tree.x.shape[0] >= _FINE * k else 1.0
    best_centroids, best_power_weights, best_outside = centroids.copy(), power_weights.copy(), np.inf
    best, goal, deadline = np.inf, np.inf, _PATIENCE
    is_moving = True
    for iteration in range(_MOST_ITERATIONS):
        assign(tree, centroids, power_weights, moments, labels, False)
        inertia, outside = total_inertia(moments), 0.0
        for j in range(k):
            outside += max(low - moments[j, 0], moments[j, 0] - high, 0.0)
        cost = inertia * (1 + _PRICE * outside / total)
        if cost < best:
            best, best_outside = cost, outside
            best_centroids[:], best_power_weights[:] = centroids, power_weights
        if best < goal * (1 - _WORTHWHILE) or not np.isfinite(goal):
            goal, deadline = best, iteration + _PATIENCE
        if iteration >= deadline or (outside == 0 and not is_moving):
            if best_outside == 0 or not is_moving:
                break
            # From the best on only the power weights change.
            is_moving, deadline = False, iteration + _PATIENCE
            centroids[:], power_weights[:] = best_centroids, best_power_weights
            continue
        before = centroids.copy()
        _update(
            moments,
            centroids,
            power_weights,
            spread,
            step,
            direction,
            low + margin,
            high - margin,
            total / k,
            is_moving,
        )
        if is_moving and iteration >= _FIRST_ITERATIONS:
            centroids += (stride - 1) * (centroids - before)
    centroids[:], power_weights[:] = best_centroids, best_power_weights
    assign(tree, centroids, power_weights, moments, labels, True)
    return labels, best


@kernel
def _update(
    moments: FloatArray,
    centroids: FloatArray,
    power_weights: FloatArray,
    spread: FloatArray,
    step: FloatArray,
    direction: FloatArray,
    low: float,
    high: float,
    target: float,
    is_moving: bool,
) -> None:
    """One step of the centroids and of the dual ascent, in place."""
    for j in range(moments.shape[0]):
        weight = moments[j, 0]
        if weight > 0:
            x, y = moments[j, 1] / weight, moments[j, 2] / weight
            if is_moving:
                centroids[j, 0], centroids[j, 1] = x, y
            now = moments[j, 3] / weight - x * x - y * y
            # What a cluster spreads over is remembered: a nearly empty one would otherwise never grow again.
            spread[j] = min(max(now, 0.5 * spread[j]), 2.0 * spread[j])
        lacking, excess = low - weight, high - weight
        sign = 1.0 if lacking > 0 else (-1.0 if excess < 0 else 0.0)
        if sign * direction[j] < 0:
            step[j] = max(_SHORTEST, step[j] * _SHRINK)
        elif sign * direction[j] > 0:
            step[j] = min(_LONGEST, step[j] * _GROW)
        if sign != 0:
            direction[j] = sign
        rate = _STEP_SCALE * step[j] * spread[j] / target
        largest = _LARGEST_STEP * spread[j]
        # Towards the minimum while above zero, towards the maximum while below, and to zero in between.
        raised = power_weights[j] + max(-largest, min(largest, rate * lacking))
        lowered = power_weights[j] + max(-largest, min(largest, rate * excess))
        power_weights[j] = raised if raised > 0 else min(lowered, 0.0)


@kernel
def has_collapsed(tree: KdTree, labels: IntArray, k: int, low: float, high: float) -> bool:
    """Whether a cluster of the diagram has no point at all, or many are nowhere near the range of the weights."""
    weight, is_there = np.zeros(k), np.zeros(k, np.bool_)
    for i in range(labels.shape[0]):
        weight[labels[i]] += tree.weight[i]
        is_there[labels[i]] = True
    n_extreme = 0
    for j in range(k):
        if not is_there[j]:
            return True
        if weight[j] < 0.25 * low or weight[j] > 2 * high:
            n_extreme += 1
    return n_extreme > _COLLAPSED * k
