"""From weighted points to clusters with their figures and statuses: the entry point of the algorithm."""

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
    """A partition of n points into k clusters, numbered along a Hilbert curve through their centroids.

    Clusters with near numbers are therefore near each other. Arrays are in the order of the caller's rows (n) or of the
    cluster numbers (k).

    >>> found = cluster([[0.0, 0.0], [0.0, 100.0], [9000.0, 0.0]], None, Parameters(target_weight=2.0))
    >>> found.n_clusters, found.labels.tolist(), found.n_points.tolist()
    (2, [0, 0, 1], [2, 1])

    Attributes:
        labels: int64 (n,), cluster of each row, from 0 to k - 1.
        centroid: float64 (k, 2), weighted mean of the coordinates in metres; unweighted where all weights are zero.
        weight: float64 (k,), sum of the weights of the points.
        n_points: int64 (k,), number of points.
        pieces: int64 (k,), connected pieces of the cluster in the neighbour graph without bridges; 1 unless a bridge
            joins islands.
        radius: float64 (k,), radius in metres of the minimum bounding circle of the points, or of their footprints if
            these were given.
        status: str (k,), values of ``Status``: whether a cluster is in the range, and if not why.
        in_range: bool (k,), whether the weight is inside the range.
        reason_value: float64 (k,), the number that belongs to the status, such as the distance in metres from an island
            to the nearest other points; NaN where there is none. See ``Reason.value``.
        group: int64 (k,), group of ``cluster_groups`` that the cluster belongs to; 0 in a result of ``cluster``.
        inertia: sum over the points of weight times squared distance to the centroid, in weight * m^2.
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

    On a lattice the neighbours of a point are the eight around it (queen contiguity); other points are neighbours if an
    edge of their Delaunay triangulation joins them. Clusters are connected in that graph. Every cluster is inside the
    weight range unless its status says why not.

    >>> import numpy as np
    >>> points = np.column_stack([np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)]) * 100.0
    >>> found = cluster(points, np.full(32, 20.0), Parameters(target_weight=160.0))
    >>> found.weight.tolist(), found.status.tolist()
    ([160.0, 160.0, 160.0, 160.0], ['ok', 'ok', 'ok', 'ok'])

    Args:
        points: float64 (n, 2), coordinates in metres; n may be 0.
        weights: float64 (n,), at least 0; None gives every point the weight 1.
        params: weight range, radius and other wishes.
        footprints: corners of the geometry of each point, in metres; radii then cover these corners. None: radii cover
            the points.
        cells: int64 (n, 2), column and row of each point on a lattice, both from 0. None: a lattice is looked for in
            the coordinates.

    Raises:
        InvalidPoint: a coordinate of a point or corner is not finite, or beyond 1e12 m.
        InvalidWeight: a weight is negative or not finite.
        InvalidArray: an array has the wrong shape, values that are not numbers, or masked entries.
        TypeError: ``params`` is not a ``Parameters``.
    """
    if not isinstance(params, Parameters):
        raise TypeError(f"params has to be kmeans.Parameters, not {type(params).__name__}")
    points, weights, footprints = checked_rows(points, weights, footprints)
    return cluster_checked(points, weights, params, footprints, checked_cells(cells, len(points)))


def cluster_checked(
    points: FloatArray, weights: FloatArray, params: Parameters, footprints: Footprints | None, cells: IntArray | None
) -> Clustering:
    """The same as ``cluster``, for arrays that ``checked_rows`` and ``checked_cells`` have returned."""
    if len(points) == 0:
        return NO_CLUSTERS
    tree = build_kdtree(points, weights, None if footprints is None else footprints.extents())
    # From here on all arrays are in tree order: so the rounding of sums, and the result, do not depend on the caller's
    # order.
    footprints = None if footprints is None else footprints.of_rows(tree.order)
    graph, is_lattice = build_neighbour_graph(tree, cells)
    components = find_components(tree, graph, params.weight_range.widened.low, params.bridge)
    if not is_lattice and (len(components.gap) > 1 or len(components.bridges)):
        # A Delaunay triangulation is connected. If rounding has left it in parts, join them: they are not islands.
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
    """The arrays with the dtypes and the layout that kernels need. Raises the errors of ``cluster`` for its rows."""
    points = checked_points(points)
    weights = checked_weights(weights, len(points))
    return points, weights, None if footprints is None else check_footprints(footprints, len(points))


def checked_cells(cells: npt.ArrayLike | None, n_rows: int) -> IntArray | None:
    """Columns and rows on a lattice, int64 (n_rows, 2), or None if there are none.

    Raises:
        InvalidArray: ``cells`` has another shape, or a value that is below 0 or not a whole number.
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
    """Labels of all points, int64 (n,) in tree order, and by cluster the reason why it is not as wanted."""
    labels = np.empty(len(tree.x), np.int64)
    reasons: dict[int, Reason] = {}
    n_clusters = 0
    n_components = len(components.gap)
    indptr, by_component = rows_by_label(components.of_point, n_components)
    k_of_component: list[int | None] = [None] * n_components
    if params.n_clusters is not None:
        totals = np.bincount(components.of_point, tree.weight, n_components).astype(np.float64)
        k_of_component = list(share_out(params.n_clusters, totals, np.bincount(components.of_point)))
    # In the tree's coordinates: footprints that equal the points then give the same bytes as no footprints.
    relative = None if footprints is None else footprints.relative_to(tree.origin)
    total = float(tree.weight.sum())
    for c in range(n_components):
        points = by_component[indptr[c] : indptr[c + 1]]
        component = Component.of(points, tree, components.graph, relative)
        component_params = params if params.n_clusters is None else replace(params, n_clusters=k_of_component[c])
        component_labels, component_reasons = cluster_component(component, component_params)
        if params.max_radius is not None:
            component_labels, component_reasons = limit_radius(component, component_labels, component_reasons, params)
        labels[component.points] = component_labels + n_clusters
        for j, reason in component_reasons.items():
            if reason.status is not Status.COMPONENT_BELOW_MIN:
                reasons[n_clusters + j] = reason
            elif params.weight_range.is_below(total):
                reasons[n_clusters + j] = Reason(Status.TOTAL_BELOW_MIN)
            else:
                reasons[n_clusters + j] = Reason(reason.status, float(components.gap[c]))
        n_clusters += int(component_labels.max()) + 1
    for a, b in components.bridges:
        if labels[a] == labels[b]:
            reasons.setdefault(int(labels[a]), Reason(Status.BRIDGED))
    return labels, reasons


def _count_pieces(graph: NeighbourGraph, labels: IntArray) -> IntArray:
    """Number of connected pieces of each cluster, int64 (k,)."""
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
    """Number the clusters along a Hilbert curve and compute their figures; arrays in tree order, also the labels."""
    k = len(pieces)
    n_points, weight, centroid, inertia = cluster_figures(tree, labels, k)
    order = hilbert_order(centroid)
    new_number = np.empty_like(order)
    new_number[order] = np.arange(k)
    labels, centroid, weight = new_number[labels], centroid[order], weight[order]
    if footprints is None:
        radius = cluster_radii(points[:, 0].copy(), points[:, 1].copy(), labels, k)
    else:
        radius = footprints.radii(labels, k)
    reasons = {int(new_number[j]): reason for j, reason in reasons.items()}
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
    """The status of each cluster: from its reason if it has one that applies, otherwise from its weight and radius."""
    status = np.full(len(weight), Status.OK.value, dtype=_STATUS_TYPE)
    if params.radius is not None:
        status[radius > params.radius] = Status.RADIUS_ABOVE_TARGET.value
    is_below, is_above = params.weight_range.is_below(weight), params.weight_range.is_above(weight)
    status[is_below] = Status.BELOW_MIN.value
    status[is_above] = Status.ABOVE_MAX.value
    for j, reason in reasons.items():
        # A reason applies only if its verdict on the weight is true: a cluster in a component without a good partition
        # may itself be inside the range, and a bridge does not explain a weight outside it.
        verdict = Verdict.OUTSIDE if is_below[j] or is_above[j] else Verdict.INSIDE
        if reason.status.verdict in (verdict, Verdict.EITHER):
            status[j] = reason.status.value
    status[weight <= 0] = Status.ZERO_WEIGHT.value
    return status


def warm_up() -> None:
    """Cluster a few cells, so that most of the compiled code is loaded before the first real call.

    Call it before reading data: if code is loaded between large arrays, the memory of those arrays cannot be given back
    to the operating system.

    >>> warm_up()
    """
    side = np.arange(8)
    cells = np.column_stack([np.repeat(side, 8), np.tile(side, 8)])
    cluster(cells.astype(np.float64), None, Parameters(16), cells=cells)
