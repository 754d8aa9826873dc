"""Splits clusters that are heavier than allowed."""

import numpy as np

from kmeans.kdtree import FloatArray, IntArray


def split_heavy(points: FloatArray, weights: FloatArray, labels: IntArray, max_weight: float) -> IntArray:
    """Halve every cluster above ``max_weight`` until only single points exceed it.

    A cluster is cut across its longest axis where the weight on both sides is most equal.

    Args:
        points: float64 (n, 2), metres.
        weights: float64 (n,).
        labels: int64 (n,), 0 to k - 1.
        max_weight: heaviest allowed cluster.

    Returns:
        int64 (n,): the labels, new clusters numbered from k.
    """
    labels = labels.copy()
    n_clusters = int(labels.max()) + 1
    totals = np.bincount(labels, weights, n_clusters)
    pending = [np.flatnonzero(labels == j) for j in np.flatnonzero(totals > max_weight)]
    while pending:
        members = pending.pop()
        halves = _halve(points[members], weights[members])
        if halves is None:
            continue
        labels[members[halves[1]]] = n_clusters
        n_clusters += 1
        pending += [members[half] for half in halves if weights[members[half]].sum() > max_weight]
    return labels


def _halve(points: FloatArray, weights: FloatArray) -> tuple[IntArray, IntArray] | None:
    """Rows on either side of the most even cut across the longest axis, or None if only one point has weight."""
    if np.count_nonzero(weights) < 2:
        return None
    centred = points - np.average(points, axis=0, weights=weights)
    _, axes = np.linalg.eigh((centred * weights[:, None]).T @ centred)
    along, across = centred @ axes[:, 1], centred @ axes[:, 0]
    order = np.lexsort((across, along))
    reached = np.cumsum(weights[order])
    # Both sides need a weight above zero, or a point heavier than the maximum would be halved for ever.
    imbalance = np.abs(2 * reached - reached[-1])
    imbalance[(reached <= 0) | (reached >= reached[-1])] = np.inf
    cut = int(np.argmin(imbalance)) + 1
    return order[:cut], order[cut:]
