"""Moments of clusters (sums of weight, weight*x, weight*y, weight*(x^2 + y^2)), and what follows from them."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree


@kernel
def compute_moments(tree: KdTree, labels: IntArray, moments: FloatArray) -> None:
    """Add up weight, weight*x, weight*y and weight*(x^2 + y^2) of every cluster into ``moments`` (k, 4)."""
    moments[:] = 0.0
    for i in range(labels.shape[0]):
        x, y, weight, j = tree.x[i], tree.y[i], tree.weight[i], labels[i]
        moments[j, 0] += weight
        moments[j, 1] += weight * x
        moments[j, 2] += weight * y
        moments[j, 3] += weight * (x * x + y * y)


@kernel
def centroids_of(tree: KdTree, labels: IntArray, moments: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centroids (k, 2), and mean squared distances to them (k,) that are never quite zero."""
    k = moments.shape[0]
    centroids, spread = np.zeros((k, 2)), np.zeros(k)
    for j in range(k):
        weight = moments[j, 0]
        if weight > 0:
            x, y = moments[j, 1] / weight, moments[j, 2] / weight
            centroids[j, 0], centroids[j, 1] = x, y
            spread[j] = moments[j, 3] / weight - (x * x + y * y)
            continue
        for i in range(labels.shape[0]):  # Without weight there is no mean: any of its points will do.
            if labels[i] == j:
                centroids[j, 0], centroids[j, 1] = tree.x[i], tree.y[i]
                break
    return centroids, np.maximum(spread, 1e-3 * max(spread.mean(), 1e-12))


@kernel
def move_point(tree: KdTree, moments: FloatArray, labels: IntArray, point: int, to: int) -> None:
    """Give a point to another cluster and keep the moments."""
    x, y, weight, own = tree.x[point], tree.y[point], tree.weight[point], labels[point]
    moved = (weight, weight * x, weight * y, weight * (x * x + y * y))
    for q in range(4):
        moments[own, q] -= moved[q]
        moments[to, q] += moved[q]
    labels[point] = to


@kernel
def cluster_inertia(moments: FloatArray) -> float:
    """Weighted sum of squared distances to the centroid of one cluster, from its moments (4,)."""
    if moments[0] <= 0:
        return 0.0
    return float(max(moments[3] - (moments[1] * moments[1] + moments[2] * moments[2]) / moments[0], 0.0))


@kernel
def total_inertia(moments: FloatArray) -> float:
    """``cluster_inertia`` of all clusters, (k, 4), together."""
    total = 0.0
    for j in range(moments.shape[0]):
        total += cluster_inertia(moments[j])
    return total


@kernel
def cluster_figures(tree: KdTree, labels: IntArray, k: int) -> tuple[IntArray, FloatArray, FloatArray, float]:
    """Number of points (k,), weight (k,), centroid (k, 2) in the caller's coordinates, and the inertia of all."""
    n = labels.shape[0]
    n_points, weight, centroid = np.zeros(k, np.int64), np.zeros(k), np.zeros((k, 2))
    for i in range(n):
        n_points[labels[i]] += 1
        weight[labels[i]] += tree.weight[i]
    for i in range(n):
        j = labels[i]
        # Shares and the tree's coordinates: sums of large coordinates lose digits, products with tiny weights lose all.
        share = tree.weight[i] / weight[j] if weight[j] > 0 else 1 / n_points[j]
        centroid[j, 0] += share * tree.x[i]
        centroid[j, 1] += share * tree.y[i]
    inertia = 0.0
    for i in range(n):
        x, y = tree.x[i] - centroid[labels[i], 0], tree.y[i] - centroid[labels[i], 1]
        inertia += tree.weight[i] * (x * x + y * y)
    return n_points, weight, centroid + tree.origin, inertia
