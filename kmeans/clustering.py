"""The whole job on arrays: weighted points in, primary sampling units out."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kmeans.bounding_circle import cluster_radii
from kmeans.component_clustering import ROUNDING, Ground, cluster_component
from kmeans.components import Components, find_components
from kmeans.errors import InvalidPoint, InvalidWeight
from kmeans.kdtree import FloatArray, IntArray, KdTree, build_kdtree
from kmeans.neighbour_graph import build_neighbour_graph
from kmeans.parameters import Parameters
from kmeans.radius_limit import limit_radius
from kmeans.spatial_order import hilbert_order
from kmeans.status import Reason, Status

# Weights beyond this are not population, and squares of them not numbers.
_LARGEST_TOTAL = 1e15
StatusArray = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Clustering:
    """A partition of the points; clusters are numbered along the Hilbert curve of their centroids.

    Attributes:
        labels: int64 (n,), cluster of each row, 0 to k - 1.
        centroid: float64 (k, 2), weighted mean of the coordinates in metres; unweighted where all weights are zero.
        weight: float64 (k,), total weight.
        n_points: int64 (k,).
        radius: float64 (k,), radius in metres of the minimum bounding circle of the points.
        status: (k,), values of ``Status``: why a cluster is as it is.
        in_range: bool (k,), whether the weight is inside the range.
        reason_value: float64 (k,), what ``Reason.value`` says of the cluster.
        inertia: sum over the points of weight times squared distance to the centroid.
    """

    labels: IntArray
    centroid: FloatArray
    weight: FloatArray
    n_points: IntArray
    radius: FloatArray
    status: StatusArray
    in_range: npt.NDArray[np.bool_]
    reason_value: FloatArray
    inertia: float

    @property
    def n_clusters(self) -> int:
        return len(self.weight)


def cluster(points: FloatArray, weights: FloatArray | None, params: Parameters) -> Clustering:
    """Group weighted points into connected, compact clusters with weights inside a range.

    Points are neighbours if they are next to each other on a lattice (also across a corner), or in the Delaunay
    triangulation where there is no lattice; clusters are connected in that graph. Every cluster is inside the range
    unless its status says why it cannot be.

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
        return _describe(points, weights, np.empty(0, np.int64), {}, params)
    tree = build_kdtree(points, weights)
    # From here on in the tree's order: sums, and so the clusters, do not depend on the order of the caller's rows.
    graph, _ = build_neighbour_graph(tree)
    low, _ = params.weight_range
    components = find_components(tree, graph, low * (1 - ROUNDING), params.bridge)
    labels, reasons = _cluster_components(tree, components, params)
    found = _describe(points[tree.order], tree.weight, labels, reasons, params)
    in_caller_order = np.empty_like(found.labels)
    in_caller_order[tree.order] = found.labels
    return replace(found, labels=in_caller_order)


def cluster_groups(points: FloatArray, weights: FloatArray | None, groups: IntArray, params: Parameters) -> Clustering:
    """Like ``cluster``, but no cluster mixes rows of different ``groups``, int64 (n,).

    Clusters are numbered group after group in ascending order, within a group along its Hilbert curve. A fixed number
    of clusters is that of each group.
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
        np.concatenate([part.in_range for part in parts]),
        np.concatenate([part.reason_value for part in parts]),
        sum(part.inertia for part in parts),
    )


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
    if weights.sum() > _LARGEST_TOTAL:
        row = int(np.argmax(weights))
        raise InvalidWeight(row, float(weights[row]))


def _cluster_components(tree: KdTree, components: Components, params: Parameters) -> tuple[IntArray, dict[int, Reason]]:
    """Labels of all points, and the reasons of clusters that cannot be in the range."""
    labels = np.empty(len(tree.x), np.int64)
    reasons: dict[int, Reason] = {}
    n_clusters = 0
    n_components = len(components.gap)
    members = np.split(np.argsort(components.of_point, kind="stable"), np.cumsum(np.bincount(components.of_point))[:-1])
    counts: list[int | None] = [None] * n_components
    if params.n_clusters is not None:
        totals = _cluster_sums(components.of_point, tree.weight, n_components)
        counts = list(_share_out(params.n_clusters, totals, np.bincount(components.of_point)))
    for number, points in enumerate(members):
        ground = Ground.of(points, tree, components.graph)
        found, found_reasons = cluster_component(ground, replace(params, n_clusters=counts[number]))
        if params.max_radius is not None:
            found, found_reasons = limit_radius(ground, found, found_reasons, params)
        labels[ground.points] = found + n_clusters
        for j, reason in found_reasons.items():
            if reason.status is not Status.COMPONENT_BELOW_MIN:
                reasons[n_clusters + j] = reason
            elif tree.weight.sum() < params.weight_range[0] * (1 - ROUNDING):
                reasons[n_clusters + j] = Reason(Status.TOTAL_BELOW_MIN)
            else:
                reasons[n_clusters + j] = Reason(reason.status, float(components.gap[number]))
        n_clusters += int(found.max()) + 1
    for a, b in components.bridges:
        if labels[a] == labels[b]:
            reasons.setdefault(int(labels[a]), Reason(Status.BRIDGED))
    return labels, reasons


def _share_out(n_clusters: int, weight: FloatArray, n_points: IntArray) -> list[int]:
    """Numbers of clusters of the components: at least one each, the others one by one to the largest mean weight.

    No component gets more clusters than it has points.
    """
    counts = np.ones(len(weight), np.int64)
    for _ in range(min(n_clusters, int(n_points.sum())) - len(weight)):
        counts[np.argmax(np.where(counts < n_points, weight / counts, -1.0))] += 1
    return [int(count) for count in counts]


def _describe(
    points: FloatArray,
    weights: FloatArray,
    labels: IntArray,
    reasons: dict[int, Reason],
    params: Parameters,
) -> Clustering:
    """Number the clusters along the Hilbert curve and compute their figures."""
    n_points = np.bincount(labels)
    k = len(n_points)
    weight = _cluster_sums(labels, weights, k)
    has_weight = weight > 0
    mass = np.where(has_weight[labels], weights, 1.0) if k else weights
    moments = [_cluster_sums(labels, mass * points[:, axis], k) for axis in (0, 1)]
    centroid = np.column_stack(moments) / np.where(has_weight, weight, n_points)[:, None]
    order = hilbert_order(centroid) if k else np.empty(0, np.int64)
    number = np.empty_like(order)
    number[order] = np.arange(k)
    labels, centroid, weight, n_points = number[labels], centroid[order], weight[order], n_points[order]
    radius = cluster_radii(points[:, 0].copy(), points[:, 1].copy(), labels, k)
    spread = float(np.sum(weights * np.sum((points - centroid[labels]) ** 2, axis=1)))
    low, high = params.weight_range
    in_range = (weight >= low * (1 - ROUNDING)) & (weight <= high * (1 + ROUNDING))
    reasons = {int(number[j]): reason for j, reason in reasons.items()}
    status = _status(weight, radius, reasons, params)
    reason_value = np.array([reasons[j].value if j in reasons else np.nan for j in range(k)])
    return Clustering(labels, centroid, weight, n_points, radius, status, in_range, reason_value, spread)


def _cluster_sums(labels: IntArray, values: FloatArray, n_clusters: int) -> FloatArray:
    return np.bincount(labels, values, n_clusters).astype(np.float64)


def _status(weight: FloatArray, radius: FloatArray, reasons: dict[int, Reason], params: Parameters) -> StatusArray:
    """The reason of each cluster; where there is none, what its weight and radius say."""
    low, high = params.weight_range
    status = np.full(len(weight), Status.OK.value, dtype=f"<U{max(map(len, Status))}")
    if params.radius is not None:
        status[radius > params.radius] = Status.RADIUS_ABOVE_TARGET.value
    is_inside = (weight >= low * (1 - ROUNDING)) & (weight <= high * (1 + ROUNDING))
    for j, reason in reasons.items():
        # A cluster of ground that cannot be divided well may still be inside the range itself.
        if reason.status is Status.BRIDGED or not is_inside[j]:
            status[j] = reason.status.value
    is_unexplained = np.isin(status, [Status.OK, Status.RADIUS_ABOVE_TARGET, Status.BRIDGED])
    status[is_unexplained & (weight < low * (1 - ROUNDING))] = Status.BELOW_MIN.value
    status[is_unexplained & (weight > high * (1 + ROUNDING))] = Status.ABOVE_MAX.value
    status[weight <= 0] = Status.ZERO_WEIGHT.value
    return status
