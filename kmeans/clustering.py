"""The whole job on arrays: weighted points in, primary sampling units out."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray, checked_points, checked_weights, int_array
from kmeans.errors import InvalidArray
from kmeans.graph.components import Components, find_components
from kmeans.graph.neighbours import NeighbourGraph, build_neighbour_graph, connected_components
from kmeans.parameters import Parameters
from kmeans.search.cluster_count import share_out
from kmeans.search.component import Component
from kmeans.search.component_search import cluster_component
from kmeans.search.moments import cluster_figures
from kmeans.search.radius_limit import limit_radius
from kmeans.spatial.bounding_circle import cluster_radii
from kmeans.spatial.footprints import Footprints, check_footprints
from kmeans.spatial.hilbert import hilbert_order
from kmeans.spatial.kdtree import KdTree, build_kdtree
from kmeans.spatial.labels import rows_by_label
from kmeans.status import Reason, Status, Verdict

_STATUS_TYPE = f"<U{max(map(len, Status))}"
StatusArray = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Clustering:
    """A partition of the points; clusters are numbered along the Hilbert curve of their centroids.

    >>> found = cluster([[0.0, 0.0], [0.0, 100.0], [9000.0, 0.0]], None, Parameters(target_weight=2.0))
    >>> found.n_clusters, found.labels.tolist(), found.n_points.tolist()
    (2, [0, 0, 1], [2, 1])

    Attributes:
        labels: int64 (n,), cluster of each row, 0 to k - 1.
        centroid: float64 (k, 2), weighted mean of the coordinates in metres; unweighted where all weights are zero.
        weight: float64 (k,), total weight.
        n_points: int64 (k,).
        pieces: int64 (k,), connected pieces of the cluster in the neighbour graph; more than 1 only with bridges.
        radius: float64 (k,), radius in metres of the minimum bounding circle of the points, or of their geometries.
        status: (k,), values of ``Status``: why a cluster is as it is.
        in_range: bool (k,), whether the weight is inside the range.
        reason_value: float64 (k,), what ``Reason.value`` says of the cluster.
        group: int64 (k,), group that the cluster belongs to; 0 for ``cluster``.
        inertia: sum over the points of weight times squared distance to the centroid.
    """

    labels: IntArray
    centroid: FloatArray
    weight: FloatArray
    n_points: IntArray
    pieces: IntArray
    radius: FloatArray
    status: StatusArray
    in_range: npt.NDArray[np.bool_]
    reason_value: FloatArray
    group: IntArray
    inertia: float

    @property
    def n_clusters(self) -> int:
        return len(self.weight)


NO_CLUSTERS = Clustering(
    labels=np.empty(0, np.int64),
    centroid=np.empty((0, 2)),
    weight=np.empty(0),
    n_points=np.empty(0, np.int64),
    pieces=np.empty(0, np.int64),
    radius=np.empty(0),
    status=np.empty(0, _STATUS_TYPE),
    in_range=np.empty(0, bool),
    reason_value=np.empty(0),
    group=np.empty(0, np.int64),
    inertia=0.0,
)


def cluster(
    points: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    params: Parameters,
    footprints: Footprints | None = None,
    cells: npt.ArrayLike | None = None,
) -> Clustering:
    """Group weighted points into connected, compact clusters with weights inside a range.

    Points are neighbours if they are next to each other on a lattice (also across a corner), or in the Delaunay
    triangulation where there is no lattice; clusters are connected in that graph. Every cluster is inside the range
    unless its status says why it cannot be.

    >>> import numpy as np
    >>> points = np.column_stack([np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)]) * 100.0
    >>> found = cluster(points, np.full(32, 20.0), Parameters(target_weight=160.0))
    >>> found.weight.tolist(), found.status.tolist()
    ([160.0, 160.0, 160.0, 160.0], ['ok', 'ok', 'ok', 'ok'])

    Args:
        points: float64 (n, 2), coordinates in metres; n may be 0.
        weights: float64 (n,), at least 0; None gives every point the weight 1.
        params: what the clusters should look like.
        footprints: corners of the geometries that the points represent, which radii then cover; None for the points
            themselves.
        cells: int64 (n, 2), column and row of each point on a lattice, from 0, if the caller knows them; None to look
            whether the points form a lattice.

    Raises:
        InvalidPoint: a coordinate of a point or corner is not finite, or beyond 1e12 m.
        InvalidWeight: a weight is negative or not finite.
        InvalidArray: an array has the wrong shape, values that are not numbers, or masked entries.
        TypeError: ``params`` are no ``Parameters``.
    """
    if not isinstance(params, Parameters):
        raise TypeError(f"params has to be kmeans.Parameters, not {type(params).__name__}")
    points, weights, footprints = checked_rows(points, weights, footprints)
    return cluster_checked(points, weights, params, footprints, checked_cells(cells, len(points)))


def cluster_checked(
    points: FloatArray, weights: FloatArray, params: Parameters, footprints: Footprints | None, cells: IntArray | None
) -> Clustering:
    """``cluster`` of what ``checked_rows`` and ``checked_cells`` have returned."""
    if len(points) == 0:
        return NO_CLUSTERS
    tree = build_kdtree(points, weights, None if footprints is None else footprints.extents())
    # From here on in the tree's order: sums, and so the clusters, do not depend on the order of the caller's rows.
    footprints = None if footprints is None else footprints.of_rows(tree.order)
    graph, is_lattice = build_neighbour_graph(tree, cells)
    components = find_components(tree, graph, params.weight_range.widened.low, params.bridge)
    if not is_lattice and (len(components.gap) > 1 or len(components.bridges)):
        # A triangulation is connected; where rounding disconnects it, that must not make islands.
        graph = find_components(tree, graph, np.inf, bridge=True).graph
        components = find_components(tree, graph, 0.0, bridge=False)
    labels, reasons = _cluster_components(tree, components, footprints, params)
    pieces = _count_pieces(graph, labels)
    found = _describe(tree, points[tree.order], footprints, labels, pieces, reasons, params)
    in_caller_order = np.empty_like(found.labels)
    in_caller_order[tree.order] = found.labels
    return replace(found, labels=in_caller_order)


def checked_rows(
    points: npt.ArrayLike, weights: npt.ArrayLike | None, footprints: Footprints | None
) -> tuple[FloatArray, FloatArray, Footprints | None]:
    """The arrays as the kernels need them; refuses the first row that cannot be clustered, see ``cluster``."""
    points = checked_points(points)
    weights = checked_weights(weights, len(points))
    return points, weights, None if footprints is None else check_footprints(footprints, len(points))


def checked_cells(cells: npt.ArrayLike | None, n_rows: int) -> IntArray | None:
    """Columns and rows as the kernels need them.

    Raises:
        InvalidArray: they are not whole numbers of the shape (n_rows, 2), or below 0.
    """
    if cells is None or n_rows == 0:
        return None
    cells = int_array("cells", cells)
    if cells.shape != (n_rows, 2):
        raise InvalidArray(
            "cells", f"{n_rows} points need as many columns and rows, not an array of shape {cells.shape}"
        )
    if cells.min() < 0:
        raise InvalidArray("cells", "columns and rows count from 0")
    return cells


def _cluster_components(
    tree: KdTree, components: Components, footprints: Footprints | None, params: Parameters
) -> tuple[IntArray, dict[int, Reason]]:
    """Labels of all points, and the reasons of clusters that cannot be in the range."""
    labels = np.empty(len(tree.x), np.int64)
    reasons: dict[int, Reason] = {}
    n_clusters = 0
    n_components = len(components.gap)
    indptr, by_component = rows_by_label(components.of_point, n_components)
    counts: list[int | None] = [None] * n_components
    if params.n_clusters is not None:
        totals = np.bincount(components.of_point, tree.weight, n_components).astype(np.float64)
        counts = list(share_out(params.n_clusters, totals, np.bincount(components.of_point)))
    # As the tree's points are, so that footprints which are the points change nothing, not even the rounding.
    relative = None if footprints is None else footprints.relative_to(tree.origin)
    total = float(tree.weight.sum())
    for number in range(n_components):
        points = by_component[indptr[number] : indptr[number + 1]]
        component = Component.of(points, tree, components.graph, relative)
        own = params if params.n_clusters is None else replace(params, n_clusters=counts[number])
        found, found_reasons = cluster_component(component, own)
        if params.max_radius is not None:
            found, found_reasons = limit_radius(component, found, found_reasons, params)
        labels[component.points] = found + n_clusters
        for j, reason in found_reasons.items():
            if reason.status is not Status.COMPONENT_BELOW_MIN:
                reasons[n_clusters + j] = reason
            elif params.weight_range.is_below(total):
                reasons[n_clusters + j] = Reason(Status.TOTAL_BELOW_MIN)
            else:
                reasons[n_clusters + j] = Reason(reason.status, float(components.gap[number]))
        n_clusters += int(found.max()) + 1
    for a, b in components.bridges:
        if labels[a] == labels[b]:
            reasons.setdefault(int(labels[a]), Reason(Status.BRIDGED))
    return labels, reasons


def _count_pieces(graph: NeighbourGraph, labels: IntArray) -> IntArray:
    """Number of connected pieces of each cluster."""
    piece, n_pieces = connected_components(graph, labels)
    owner = np.empty(n_pieces, np.int64)
    owner[piece] = labels
    return np.bincount(owner)


def _describe(
    tree: KdTree,
    points: FloatArray,
    footprints: Footprints | None,
    labels: IntArray,
    pieces: IntArray,
    reasons: dict[int, Reason],
    params: Parameters,
) -> Clustering:
    """Number the clusters along the Hilbert curve and compute their figures."""
    k = len(pieces)
    n_points, weight, centroid, inertia = cluster_figures(tree, labels, k)
    order = hilbert_order(centroid)
    number = np.empty_like(order)
    number[order] = np.arange(k)
    labels, centroid, weight = number[labels], centroid[order], weight[order]
    if footprints is None:
        radius = cluster_radii(points[:, 0].copy(), points[:, 1].copy(), labels, k)
    else:
        radius = footprints.radii(labels, k)
    reasons = {int(number[j]): reason for j, reason in reasons.items()}
    return Clustering(
        labels=labels,
        centroid=centroid,
        weight=weight,
        n_points=n_points[order],
        pieces=pieces[order],
        radius=radius,
        status=_status(weight, radius, reasons, params),
        in_range=params.weight_range.contains(weight),
        reason_value=np.array([reasons[j].value if j in reasons else np.nan for j in range(k)]),
        group=np.zeros(k, np.int64),
        inertia=inertia,
    )


def _status(weight: FloatArray, radius: FloatArray, reasons: dict[int, Reason], params: Parameters) -> StatusArray:
    """The reason of each cluster; where there is none, what its weight and radius say."""
    status = np.full(len(weight), Status.OK.value, dtype=_STATUS_TYPE)
    if params.radius is not None:
        status[radius > params.radius] = Status.RADIUS_ABOVE_TARGET.value
    is_below, is_above = params.weight_range.is_below(weight), params.weight_range.is_above(weight)
    status[is_below] = Status.BELOW_MIN.value
    status[is_above] = Status.ABOVE_MAX.value
    for j, reason in reasons.items():
        # A reason counts where the weight is as it says: a cluster of a component without a good partition may still be
        # inside the range itself, and a bridge is no reason to be outside.
        where = Verdict.OUTSIDE if is_below[j] or is_above[j] else Verdict.INSIDE
        if reason.status.verdict in (where, Verdict.EITHER):
            status[j] = reason.status.value
    status[weight <= 0] = Status.ZERO_WEIGHT.value
    return status


def warm_up() -> None:
    """Cluster a few cells, so that the first real call finds most of what it needs.

    A process that reads its data afterwards needs less memory: memory of arrays that lies between loaded code cannot be
    returned to the system.

    >>> warm_up()
    """
    side = np.arange(8)
    cells = np.column_stack([np.repeat(side, 8), np.tile(side, 8)])
    cluster(cells.astype(np.float64), None, Parameters(16), cells=cells)
