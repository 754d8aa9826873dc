"""Honours a largest allowed radius by cutting clusters that exceed it."""

import numpy as np

from kmeans.bounding_circle import cluster_radii
from kmeans.component_clustering import ROUNDING, Ground
from kmeans.kdtree import IntArray
from kmeans.neighbour_graph import connected_components
from kmeans.parameters import Parameters
from kmeans.status import Reason, Status


def limit_radius(
    ground: Ground, labels: IntArray, reasons: dict[int, Reason], params: Parameters
) -> tuple[IntArray, dict[int, Reason]]:
    """Halve every cluster whose minimum bounding circle is larger than ``params.max_radius`` until none is.

    A cluster is cut in the middle of the longer side of its bounding box; what the cut leaves unconnected becomes
    clusters of their own.

    Returns:
        The new labels, numbered from 0, and the reasons: those of cut clusters that are now below the minimum.
    """
    if params.max_radius is None:
        return labels, reasons
    tree, graph = ground.tree, ground.graph
    low, _ = params.weight_range
    current = labels.copy()
    was_cut = np.zeros(len(labels), bool)
    while True:
        k = int(current.max()) + 1
        too_wide = np.flatnonzero(cluster_radii(tree.x, tree.y, current, k) > params.max_radius)
        if len(too_wide) == 0:
            break
        side = np.zeros(len(current), np.int64)
        for wide in too_wide:
            members = np.flatnonzero(current == wide)
            x, y = tree.x[members], tree.y[members]
            # Comparisons only: the cut must not depend on how a processor rounds an eigenvector.
            along = x if x.max() - x.min() >= y.max() - y.min() else y
            side[members] = along > (along.min() + along.max()) / 2
            was_cut[members] = True
        current, _ = connected_components(graph, 2 * current + side)
    weight = np.bincount(current, tree.weight)
    limited = {
        j: Reason(Status.RADIUS_LIMITED)
        for j in np.unique(current[was_cut]).tolist()
        if weight[j] < low * (1 - ROUNDING)
    }
    kept = {}
    for j, reason in reasons.items():
        for piece in np.unique(current[labels == j]).tolist():
            kept[piece] = reason
    return current, kept | limited
