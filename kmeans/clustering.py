"""The whole job on arrays: weighted points in, primary sampling units out."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from kmeans.bounding_circle import cluster_radii
from kmeans.cluster_count import candidate_counts, objective
from kmeans.errors import InvalidPoint, InvalidWeight
from kmeans.kdtree import FloatArray, IntArray, KdTree, build_kdtree
from kmeans.lloyd_algorithm import MAX_ITERATIONS, TOLERANCE, inertia, iterate
from kmeans.parameters import Parameters
from kmeans.seeding import equal_weight_runs, greedy_kmeans_plus_plus
from kmeans.spatial_order import hilbert_order
from kmeans.splitting import split_heavy

# Two sums of the same weights may differ by their rounding; a cluster is not out of range because of it.
_ROUNDING = 1e-9
# Lloyd iterations after which the two kinds of starting centroids are compared.
_TRIAL_ITERATIONS = 4


class Status(StrEnum):
    """Why a cluster is as it is; the values are written to ``cluster_status``."""

    OK = "ok"
    BELOW_MIN = "below_min"
    ABOVE_MAX = "above_max"
    POINT_ABOVE_MAX = "point_above_max"
    ZERO_WEIGHT = "zero_weight"


@dataclass(frozen=True)
class Clustering:
    """A partition of the points; clusters are numbered along the Hilbert curve of their centroids.

    Attributes:
        labels: int64 (n,), cluster of each row, 0 to k - 1.
        centroid: float64 (k, 2), weighted mean of the coordinates in metres; unweighted where all weights are zero.
        weight: float64 (k,), total weight.
        n_points: int64 (k,).
        radius: float64 (k,), radius in metres of the minimum bounding circle of the points.
        status: (k,), why a cluster is as it is.
        inertia: sum over the points of weight times squared distance to the centroid.
    """

    labels: IntArray
    centroid: FloatArray
    weight: FloatArray
    n_points: IntArray
    radius: FloatArray
    status: npt.NDArray[np.str_]
    inertia: float

    @property
    def n_clusters(self) -> int:
        return len(self.weight)


def cluster(points: FloatArray, weights: FloatArray | None, params: Parameters) -> Clustering:
    """Group weighted points into compact clusters of a wanted weight.

    Args:
        points: float64 (n, 2), coordinates in metres; n may be 0.
        weights: float64 (n,), at least 0; None gives every point the weight 1.
        params: what the clusters should look like.

    Raises:
        InvalidPoint: a coordinate is not finite.
        InvalidWeight: a weight is negative or not finite.
    """
    points = np.ascontiguousarray(points, dtype=np.float64).reshape(-1, 2)
    weights = np.ones(len(points)) if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    check_rows(points, weights)
    if len(points) == 0:
        return describe(points, weights, np.empty(0, np.int64), params)
    tree = build_kdtree(points, weights)
    # From here on in the tree's order: sums, and so the clusters, do not depend on the order of the caller's rows.
    points, weights = points[tree.order], tree.weight
    candidates = []
    for k in candidate_counts(float(weights.sum()), len(points), params):
        labels = _k_means(tree, k, params)
        if params.n_clusters is None:
            labels = split_heavy(points, weights, labels, params.weight_range[1])
        candidates.append(describe(points, weights, labels, params))
    best = min(candidates, key=lambda found: objective(found.weight, found.radius, params))
    labels = np.empty_like(best.labels)
    labels[tree.order] = best.labels
    return replace(best, labels=labels)


def cluster_groups(points: FloatArray, weights: FloatArray | None, groups: IntArray, params: Parameters) -> Clustering:
    """Like ``cluster``, but no cluster mixes rows of different ``groups``, int64 (n,).

    Clusters are numbered group after group in ascending order, within a group along its Hilbert curve.
    """
    points = np.ascontiguousarray(points, dtype=np.float64).reshape(-1, 2)
    weights = np.ones(len(points)) if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    check_rows(points, weights)
    labels = np.empty(len(points), np.int64)
    parts: list[Clustering] = []
    n_clusters = 0
    order = np.argsort(groups, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(groups[order])) + 1):
        part = cluster(points[rows], weights[rows], params)
        labels[rows] = part.labels + n_clusters
        n_clusters += part.n_clusters
        parts.append(part)
    return Clustering(
        labels,
        np.concatenate([part.centroid for part in parts]),
        np.concatenate([part.weight for part in parts]),
        np.concatenate([part.n_points for part in parts]),
        np.concatenate([part.radius for part in parts]),
        np.concatenate([part.status for part in parts]),
        sum(part.inertia for part in parts),
    )


def describe(points: FloatArray, weights: FloatArray, labels: IntArray, params: Parameters) -> Clustering:
    """Number the clusters of any labelling along the Hilbert curve and compute their figures."""
    _, labels = np.unique(labels, return_inverse=True)
    n_points = np.bincount(labels)
    weight = _cluster_sums(labels, weights, len(n_points))
    has_weight = weight > 0
    mass = np.where(has_weight[labels], weights, 1.0) if len(labels) else weights
    divisor = np.where(has_weight, weight, n_points)
    moments = [_cluster_sums(labels, mass * points[:, axis], len(n_points)) for axis in (0, 1)]
    centroid = np.column_stack(moments) / divisor[:, None]
    if len(n_points):
        order = hilbert_order(centroid)
        number = np.empty_like(order)
        number[order] = np.arange(len(order))
        labels, centroid, weight, n_points = number[labels], centroid[order], weight[order], n_points[order]
    radius = cluster_radii(points[:, 0].copy(), points[:, 1].copy(), labels, len(n_points))
    spread = float(np.sum(weights * np.sum((points - centroid[labels]) ** 2, axis=1)))
    status = _status(weights, labels, weight, params)
    return Clustering(labels, centroid, weight, n_points, radius, status, spread)


def _cluster_sums(labels: IntArray, values: FloatArray, n_clusters: int) -> FloatArray:
    return np.bincount(labels, values, n_clusters).astype(np.float64)


def check_rows(points: FloatArray, weights: FloatArray) -> None:
    """Refuse the first row whose coordinates or weight cannot be clustered; see ``cluster`` for the errors."""
    if weights.shape != (len(points),):
        raise ValueError(f"{len(points)} points need as many weights, not an array of shape {weights.shape}")
    finite = np.isfinite(points).all(axis=1)
    if not finite.all():
        row = int(np.argmin(finite))
        raise InvalidPoint(row, (float(points[row, 0]), float(points[row, 1])))
    valid = np.isfinite(weights) & (weights >= 0)
    if not valid.all():
        row = int(np.argmin(valid))
        raise InvalidWeight(row, float(weights[row]))


def _k_means(tree: KdTree, n_clusters: int, params: Parameters) -> IntArray:
    """Labels in the tree's order of the better of two starts.

    Equal-weight runs win on lattices, k-means++ on scattered points; a few iterations tell which.
    """
    labels = np.zeros(len(tree.x), np.int64)
    tolerance = TOLERANCE * float(tree.x.var() + tree.y.var()) / 2
    starts = [
        equal_weight_runs(tree, n_clusters),
        greedy_kmeans_plus_plus(tree, n_clusters, params.random_state),
    ]
    trials = []
    for centroids in starts:
        iterate(tree, centroids, labels, _TRIAL_ITERATIONS, tolerance)
        trials.append(inertia(tree, centroids, labels))
    centroids = starts[int(np.argmin(trials))]
    iterate(tree, centroids, labels, MAX_ITERATIONS, tolerance)
    return labels


def _status(
    weights: FloatArray, labels: IntArray, cluster_weight: FloatArray, params: Parameters
) -> npt.NDArray[np.str_]:
    low, high = params.weight_range
    heaviest = np.zeros(len(cluster_weight))
    np.maximum.at(heaviest, labels, weights)
    status = np.full(len(cluster_weight), Status.OK.value, dtype=f"<U{max(map(len, Status))}")
    status[cluster_weight < low * (1 - _ROUNDING)] = Status.BELOW_MIN.value
    status[cluster_weight > high * (1 + _ROUNDING)] = Status.ABOVE_MAX.value
    status[heaviest > high * (1 + _ROUNDING)] = Status.POINT_ABOVE_MAX.value
    status[cluster_weight <= 0] = Status.ZERO_WEIGHT.value
    return status
