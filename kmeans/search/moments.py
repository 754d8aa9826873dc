"""Sums of clusters (weight, weight*x, weight*y, weight*(x^2 + y^2)), what follows from them, and who belongs where."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree


@kernel
def cluster_sums(tree: KdTree, labels: IntArray, sums: FloatArray) -> None:
    """Add up weight, weight*x, weight*y and weight*(x^2 + y^2) of every cluster into ``sums`` (k, 4)."""
    sums[:] = 0.0
    for i in range(labels.shape[0]):
        x, y, weight, j = tree.x[i], tree.y[i], tree.weight[i], labels[i]
        sums[j, 0] += weight
        sums[j, 1] += weight * x
        sums[j, 2] += weight * y
        sums[j, 3] += weight * (x * x + y * y)


@kernel
def centroids_of(tree: KdTree, labels: IntArray, sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Centroids (k, 2), and mean squared distances to them (k,) that are never quite zero."""
    k = sums.shape[0]
    centroids, spread = np.zeros((k, 2)), np.zeros(k)
    for j in range(k):
        weight = sums[j, 0]
        if weight > 0:
            x, y = sums[j, 1] / weight, sums[j, 2] / weight
            centroids[j, 0], centroids[j, 1] = x, y
            spread[j] = sums[j, 3] / weight - (x * x + y * y)
            continue
        for i in range(labels.shape[0]):  # Without weight there is no mean: any of its points will do.
            if labels[i] == j:
                centroids[j, 0], centroids[j, 1] = tree.x[i], tree.y[i]
                break
    return centroids, np.maximum(spread, 1e-3 * max(spread.mean(), 1e-12))


@kernel
def move_point(tree: KdTree, sums: FloatArray, labels: IntArray, point: int, to: int) -> None:
    """Give a point to another cluster and keep the sums."""
    x, y, weight, own = tree.x[point], tree.y[point], tree.weight[point], labels[point]
    moved = (weight, weight * x, weight * y, weight * (x * x + y * y))
    for q in range(4):
        sums[own, q] -= moved[q]
        sums[to, q] += moved[q]
    labels[point] = to


@kernel
def sums_inertia(sums: FloatArray) -> float:
    """Weighted sum of squared distances to the centroid of one cluster, from its sums (4,)."""
    if sums[0] <= 0:
        return 0.0
    return float(max(sums[3] - (sums[1] * sums[1] + sums[2] * sums[2]) / sums[0], 0.0))


@kernel
def total_inertia(sums: FloatArray) -> float:
    """``sums_inertia`` of all clusters, (k, 4), together."""
    total = 0.0
    for j in range(sums.shape[0]):
        total += sums_inertia(sums[j])
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
