"""Honours a largest allowed radius by cutting clusters that exceed it."""

import numpy as np

from kmeans.arrays import BoolArray, FloatArray, IntArray
from kmeans.graph.neighbours import connected_components
from kmeans.parameters import Parameters
from kmeans.search.component import Component
from kmeans.spatial.labels import rows_by_label
from kmeans.status import Reason, Status


def limit_radius(
    component: Component, labels: IntArray, reasons: dict[int, Reason], params: Parameters
) -> tuple[IntArray, dict[int, Reason]]:
    """Halve every cluster whose minimum bounding circle is larger than ``params.max_radius`` until none is.

    A cluster is cut in the middle of the longer side of the bounding box of its points; what the cut leaves unconnected
    becomes clusters of their own. Geometries that are too wide alone are set apart before, because no cut helps them.

    Returns:
        The new labels, numbered from 0, and the reasons: those of cut clusters that are now below the minimum, and of
        geometries that are too wide.
    """
    if params.max_radius is None:
        return labels, reasons
    tree, graph = component.tree, component.graph
    weight_range = params.weight_range
    current, was_cut = _without_wide_points(component, labels, params.max_radius)
    while True:
        k = int(current.max()) + 1
        is_wide = component.radii(current, k) > params.max_radius
        too_wide = np.flatnonzero(is_wide & (np.bincount(current) > 1))
        if len(too_wide) == 0:
            break
        side = np.zeros(len(current), np.int64)
        indptr, by_cluster = rows_by_label(current, k)
        for wide in too_wide:
            members = by_cluster[indptr[wide] : indptr[wide + 1]]
            side[members] = _half(tree.x[members], tree.y[members])
            was_cut[members] = True
        current, _ = connected_components(graph, 2 * current + side)
    weight = np.bincount(current, tree.weight)
    limited = {
        j: Reason(Status.RADIUS_LIMITED)
        for j in np.unique(current[was_cut]).tolist()
        if weight_range.is_below(weight[j])
    }
    wide_alone = {
        j: Reason(Status.POINT_ABOVE_MAX_RADIUS)
        for j in np.flatnonzero(is_wide).tolist()
        # Otherwise it is too heavy alone as well, and that is why the weight is out of the range.
        if not weight_range.is_above(weight[j])
    }
    kept = {}
    for j, reason in reasons.items():
        for part in np.unique(current[labels == j]).tolist():
            kept[part] = reason
    return current, kept | limited | wide_alone


def _without_wide_points(component: Component, labels: IntArray, max_radius: float) -> tuple[IntArray, BoolArray]:
    """Labels with each geometry wider than ``max_radius`` in a cluster of its own; which points shared one with it.

    Halving would set it apart too, but leave a trail of ever smaller clusters.
    """
    n = len(labels)
    if component.footprints is None:
        return labels.copy(), np.zeros(n, bool)
    is_wide = component.radii(np.arange(n), n) > max_radius
    if not is_wide.any():
        return labels.copy(), is_wide
    apart, _ = connected_components(component.graph, np.where(is_wide, labels.max() + 1 + np.arange(n), labels))
    return apart, np.isin(labels, labels[is_wide])


def _half(x: FloatArray, y: FloatArray) -> BoolArray:
    """Which of at least two points are on the far side of the middle of their bounding box."""
    # Comparisons only: the cut must not depend on how a processor rounds an eigenvector.
    along = x if x.max() - x.min() >= y.max() - y.min() else y
    is_far = along > (along.min() + along.max()) / 2
    # Geometries at one site may be wide together.
    return is_far if is_far.any() else np.arange(len(x)) >= len(x) // 2
