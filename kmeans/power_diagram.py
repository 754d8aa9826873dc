"""Lloyd iterations on a power diagram whose offsets push every cluster into the weight range.

Aurenhammer, Hoffmann and Aronov 1998 ("Minkowski-type theorems and least-squares clustering"): the cheapest assignment
to fixed centroids under bounds on the weights of the clusters is a power diagram, with offsets that are the
multipliers of the bounds. A multiplier is above zero only for a cluster held up at the minimum, below zero only for one
held down at the maximum. The offsets are found by dual ascent while the centroids move.
"""

import numpy as np

from kmeans._jit import kernel
from kmeans.kdtree import N_SUMS, FloatArray, IntArray, KdTree
from kmeans.lloyd_algorithm import assign

# A step changes an offset by at most this share of the cluster's mean squared radius; without it the ascent diverges.
_LARGEST_STEP = 0.5
_STEP_SCALE = 2.8
# Riedmiller and Braun's rule: shorter steps after overshooting, longer ones while the direction holds.
_SHRINK, _GROW, _SHORTEST, _LONGEST = 0.5, 1.15, 0.02, 2.0


@kernel
def balance(
    tree: KdTree,
    centroids: FloatArray,
    spread: FloatArray,
    low: float,
    high: float,
    n_moving: int,
    n_resting: int,
) -> tuple[IntArray, FloatArray]:
    """Move centroids and offsets ``n_moving`` times, then offsets alone until all weights are in the range.

    Args:
        tree: n points.
        centroids: float64 (k, 2), in the tree's coordinates; changed in place.
        spread: float64 (k,), a guess of each cluster's mean squared distance to its centroid, square metres; changed.
        low, high: range of the weights.
        n_moving: iterations that move centroids and offsets.
        n_resting: at most so many iterations with resting centroids.

    Returns:
        labels int64 (n,) in the tree's order, and offsets float64 (k,).
    """
    k = centroids.shape[0]
    target = tree.sums[0, 0] / k
    offsets, step = np.zeros(k), np.ones(k)
    direction = np.zeros(k)
    sums = np.empty((k, N_SUMS))
    labels = np.zeros(tree.x.shape[0], np.int64)
    for iteration in range(n_moving + n_resting):
        assign(tree, centroids, offsets, sums, labels, False)
        is_moving = iteration < n_moving
        n_outside = _update(sums, centroids, offsets, spread, step, direction, low, high, target, is_moving)
        if n_outside == 0 and not is_moving:
            break
    assign(tree, centroids, offsets, sums, labels, True)
    return labels, offsets


@kernel
def _update(
    sums: FloatArray,
    centroids: FloatArray,
    offsets: FloatArray,
    spread: FloatArray,
    step: FloatArray,
    direction: FloatArray,
    low: float,
    high: float,
    target: float,
    is_moving: bool,
) -> int:
    """One step of the centroids and of the dual ascent, in place; returns the number of clusters out of the range."""
    n_outside = 0
    for j in range(sums.shape[0]):
        weight = sums[j, 0]
        if weight > 0:
            x, y = sums[j, 1] / weight, sums[j, 2] / weight
            if is_moving:
                centroids[j, 0], centroids[j, 1] = x, y
            now = sums[j, 3] / weight - x * x - y * y
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
            n_outside += 1
        rate = _STEP_SCALE * step[j] * spread[j] / target
        largest = _LARGEST_STEP * spread[j]
        # Towards the minimum while above zero, towards the maximum while below, and to zero in between.
        raised = offsets[j] + max(-largest, min(largest, rate * lacking))
        lowered = offsets[j] + max(-largest, min(largest, rate * excess))
        offsets[j] = raised if raised > 0 else min(lowered, 0.0)
    return n_outside
