"""Plain numpy versions of the kernels: slow, obvious, and written without a look at the kernels."""

import itertools

import numpy as np


def nearest(points, centroids, offsets=None):
    """Index of the centroid of smallest squared distance less offset; the lowest index wins ties."""
    squared = ((points[:, None, :] - centroids[None, :, :]) ** 2).sum(axis=2)
    return np.argmin(squared - (0 if offsets is None else offsets), axis=1)


def cluster_sums(points, weights, labels, k):
    columns = [weights, weights * points[:, 0], weights * points[:, 1], weights * (points**2).sum(axis=1)]
    return np.column_stack([np.bincount(labels, column, k) for column in columns])


def lloyd(points, weights, centroids, n_iterations):
    """A given number of Lloyd iterations, without empty clusters."""
    centroids = centroids.copy()
    for _ in range(n_iterations):
        labels = nearest(points, centroids)
        for j in range(len(centroids)):
            mine = labels == j
            if weights[mine].sum() > 0:
                centroids[j] = np.average(points[mine], axis=0, weights=weights[mine])
    return centroids, nearest(points, centroids)


def inertia(points, weights, centroids, labels):
    return float((weights * ((points - centroids[labels]) ** 2).sum(axis=1)).sum())


def bounding_radius(points):
    """Radius of the smallest circle around the points: the best one through two or three of them."""
    if len(points) == 1:
        return 0.0
    best = np.inf
    for pair in itertools.combinations(points, 2):
        centre = np.mean(pair, axis=0)
        radius = np.linalg.norm(pair[0] - centre)
        if radius < best and (np.linalg.norm(points - centre, axis=1) <= radius * (1 + 1e-9)).all():
            best = radius
    for triple in itertools.combinations(points, 3):
        a, b, c = np.asarray(triple)
        matrix = 2 * np.array([b - a, c - a])
        if abs(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]) < 1e-12:
            continue
        centre = np.linalg.solve(matrix, np.array([b @ b - a @ a, c @ c - a @ a]))
        radius = np.linalg.norm(a - centre)
        if radius < best and (np.linalg.norm(points - centre, axis=1) <= radius * (1 + 1e-9)).all():
            best = radius
    return float(best)
