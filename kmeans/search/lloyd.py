"""Exact weighted Lloyd iterations that filter candidate centroids down the kd-tree.

The method is that of Kanungo et al. 2002, "An efficient k-means clustering algorithm: analysis and implementation". A
node passes to its children only the centroids that can be nearest to some place in its bounding box. When one is left,
it gets the whole subtree by adding the node's moments, so most points are never visited.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray, checked_points, checked_weights
from kmeans.errors import InvalidArray, InvalidParameter
from kmeans.jit import kernel
from kmeans.search.seeding import Seeding, seeds_of_tree
from kmeans.spatial.kdtree import N_MOMENTS, KdTree, build_kdtree

# Both defaults are those of scikit-learn; the tolerance is a share of the mean variance of the coordinates.
MAX_ITERATIONS = 300
TOLERANCE = 1e-4


@dataclass(frozen=True)
class LloydResult:
    """Result of Lloyd's algorithm, in the caller's row order and coordinates.

    >>> lloyd([[0.0, 0.0], [2.0, 0.0]], 1)
    LloydResult(labels=array([0, 0]), centroids=array([[1., 0.]]), inertia=2.0, n_iterations=2)

    Attributes:
        labels: int64 (n,), nearest centroid of each row of the caller's arrays.
        centroids: float64 (k, 2), in the unit of the points.
        inertia: sum over the points of weight times squared distance to their centroid.
        n_iterations: how often the centroids were updated.
    """

    labels: IntArray
    centroids: FloatArray
    inertia: float
    n_iterations: int


def lloyd(
    points: npt.ArrayLike | KdTree,
    centroids: npt.ArrayLike | int,
    weights: npt.ArrayLike | None = None,
    *,
    seeding: Seeding = "k-means++",
    random_state: int = 0,
    max_iterations: int = MAX_ITERATIONS,
    tolerance: float = TOLERANCE,
) -> LloydResult:
    """Plain weighted k-means: Lloyd's algorithm until it converges. The weights of the clusters are not balanced.

    It has converged when the squared shifts of all centroids add up to at most ``tolerance`` times the mean variance of
    the coordinates. A cluster that loses all its weight gets the point that is farthest from its centroid, as in
    scikit-learn. A point that is equally near to several centroids goes to the one with the lowest index.

    >>> points = [[0.0, 0.0], [0.0, 2.0], [50.0, 0.0], [50.0, 2.0]]
    >>> lloyd(points, [[1.0, 1.0], [40.0, 1.0]]).centroids.tolist()
    [[0.0, 1.0], [50.0, 1.0]]
    >>> lloyd(points, 2, weights=[1.0, 1.0, 1.0, 3.0]).inertia
    5.0

    Args:
        points: float64 (n, 2), coordinates in any unit, n at least 1; or the tree that ``build_kdtree`` made of them,
            which saves time if the same points are clustered several times.
        centroids: the first centroids, float64 (k, 2), in the unit of the points; or the number of clusters, an int:
            then ``initial_centroids`` chooses them.
        weights: float64 (n,), at least 0; None gives every point the weight 1. Not with a tree, which has weights.
        seeding, random_state: for ``initial_centroids``, if ``centroids`` is a number.
        max_iterations: most updates of the centroids; with 0 they stay, and points only get the nearest one.
        tolerance: see above; at least 0.

    Raises:
        InvalidArray, InvalidPoint, InvalidWeight: as in ``cluster``; there is no point or no centroid.
        InvalidParameter: a parameter is out of its domain, or weights are given with a tree.
    """
    if not isinstance(points, KdTree):
        points = checked_points(points)
        tree = build_kdtree(points, checked_weights(weights, len(points)))
    elif weights is None:
        tree = points
    else:
        raise InvalidParameter("weights", weights, "a tree has weights of its own")
    if isinstance(centroids, int):
        positions = seeds_of_tree(tree, centroids, seeding, random_state)
    else:
        positions = checked_points(centroids, "centroids") - tree.origin
        if len(positions) == 0:
            raise InvalidArray("centroids", "at least one centroid is needed")
    variance = (tree.x.var() + tree.y.var()) / 2
    labels = np.zeros(tree.x.shape[0], np.int64)
    n_iterations = iterate(tree, positions, labels, max_iterations, tolerance * variance)
    in_caller_order = np.empty_like(labels)
    in_caller_order[tree.order] = labels
    return LloydResult(in_caller_order, positions + tree.origin, inertia(tree, positions, labels), n_iterations)


@kernel
def iterate(tree: KdTree, centroids: FloatArray, labels: IntArray, max_iterations: int, max_shift: float) -> int:
    """Update the centroids until they converge, then write the labels; return the number of updates.

    Args:
        tree: n points.
        centroids: float64 (k, 2), in the tree's coordinates; changed in place.
        labels: int64 (n,), in tree order; overwritten.
        max_iterations: most updates.
        max_shift: stop when the squared shifts of an update add up to at most this, in square metres.
    """
    k = centroids.shape[0]
    power_weights = np.zeros(k)  # Zero: the plain nearest centroid.
    moments = np.empty((k, N_MOMENTS))
    n_iterations = 0
    for _ in range(max_iterations):
        assign(tree, centroids, power_weights, moments, labels, False)
        if np.any(moments[:, 0] <= 0):
            assign(tree, centroids, power_weights, moments, labels, True)
            relocate_empty(tree, centroids, moments, labels)
        shift = 0.0
        for j in range(k):
            if moments[j, 0] > 0:
                x, y = moments[j, 1] / moments[j, 0], moments[j, 2] / moments[j, 0]
                shift += (x - centroids[j, 0]) ** 2 + (y - centroids[j, 1]) ** 2
                centroids[j, 0], centroids[j, 1] = x, y
        n_iterations += 1
        if shift <= max_shift:
            break
    assign(tree, centroids, power_weights, moments, labels, True)
    return n_iterations


@kernel
def assign(
    tree: KdTree,
    centroids: FloatArray,
    power_weights: FloatArray,
    moments: FloatArray,
    labels: IntArray,
    write_labels: bool,
) -> None:
    """Give every point p to the centroid c_j with the smallest ``|p - c_j|^2 - power_weights[j]``; sum up the clusters.

    With zero power weights this is the Voronoi diagram of the centroids, else their power diagram (Aurenhammer 1987).

    Args:
        tree: n points.
        centroids: float64 (k, 2), in the tree's coordinates.
        power_weights: float64 (k,), square metres.
        moments: float64 (k, 4), overwritten with the sums of weight, weight*x, weight*y and weight*(x^2 + y^2).
        labels: int64 (n,), in tree order; overwritten if ``write_labels``, otherwise untouched.
        write_labels: whether the labels are needed; without them most points are not visited.
    """
    k = centroids.shape[0]
    moments[:] = 0.0
    # The candidate lists of the nodes on the path from the root lie one after another in one array: a child's list
    # starts where its parent's ends, and its sibling's list overwrites it. Nodes are halved, so a path has at most
    # log2(n) + 2 nodes.
    levels = 3
    while (1 << levels) < tree.x.shape[0]:
        levels += 1
    capacity = k * (levels + 3)
    index = np.empty(capacity, np.int64)
    centre_x, centre_y, constant = np.empty(capacity), np.empty(capacity), np.empty(capacity)
    for j in range(k):
        index[j], centre_x[j], centre_y[j] = j, centroids[j, 0], centroids[j, 1]
        constant[j] = centroids[j, 0] ** 2 + centroids[j, 1] ** 2 - power_weights[j]
    stack = np.empty((2 * levels + 8, 3), np.int64)
    stack[0, 0], stack[0, 1], stack[0, 2] = 0, 0, k
    depth = 1
    while depth > 0:
        depth -= 1
        node, begin, end = stack[depth, 0], stack[depth, 1], stack[depth, 2]
        twice_x = tree.bounds[node, 0] + tree.bounds[node, 1]
        twice_y = tree.bounds[node, 2] + tree.bounds[node, 3]
        half_x = tree.bounds[node, 1] - tree.bounds[node, 0]
        half_y = tree.bounds[node, 3] - tree.bounds[node, 2]
        # The nearest to p, the centre of the box, has the least |c|^2 - power weight - 2 p.c; |p|^2 is left out.
        best, nearest = np.inf, begin
        for q in range(begin, end):
            distance = constant[q] - twice_x * centre_x[q] - twice_y * centre_y[q]
            if distance < best:
                best, nearest = distance, q
        # Another centroid can win somewhere in the box if and only if it wins or ties in the corner farthest in its
        # direction. If it ties in the whole box (equal centroids, or a box that is one site), it is dropped, since the
        # lower index wins: otherwise no list would get shorter.
        kept = end
        for q in range(begin, end):
            dx, dy = centre_x[q] - centre_x[nearest], centre_y[q] - centre_y[nearest]
            lead = constant[q] - constant[nearest] - twice_x * dx - twice_y * dy
            reach = half_x * abs(dx) + half_y * abs(dy)
            if q == nearest or lead < reach or lead == reach > 0:
                index[kept], centre_x[kept], centre_y[kept] = index[q], centre_x[q], centre_y[q]
                constant[kept] = constant[q]
                kept += 1
        if kept - end == 1:
            j = index[end]
            for q in range(4):
                moments[j, q] += tree.moments[node, q]
            if write_labels:
                labels[tree.first[node] : tree.last[node]] = j
        elif tree.after[node] == node + 1:
            for i in range(tree.first[node], tree.last[node]):
                x, y, weight = tree.x[i], tree.y[i], tree.weight[i]
                best, nearest = np.inf, end
                for q in range(end, kept):
                    distance = constant[q] - 2 * x * centre_x[q] - 2 * y * centre_y[q]
                    if distance < best:
                        best, nearest = distance, q
                j = index[nearest]
                moments[j, 0] += weight
                moments[j, 1] += weight * x
                moments[j, 2] += weight * y
                moments[j, 3] += weight * (x * x + y * y)
                if write_labels:
                    labels[i] = j
        else:
            left = node + 1
            stack[depth, 0], stack[depth, 1], stack[depth, 2] = tree.after[left], end, kept
            stack[depth + 1, 0], stack[depth + 1, 1], stack[depth + 1, 2] = left, end, kept
            depth += 2


@kernel
def relocate_empty(tree: KdTree, centroids: FloatArray, moments: FloatArray, labels: IntArray) -> None:
    """Give each cluster without weight the point that is farthest from that point's centroid, as scikit-learn does.

    Only points with weight are moved, and none that is all the weight of its cluster. ``centroids`` (k, 2), ``moments``
    (k, 4) and ``labels`` (n,) are changed in place; labels and moments have to belong to the centroids.
    """
    for j in range(moments.shape[0]):
        if moments[j, 0] > 0:
            continue
        farthest, squared_distance = -1, 0.0
        for i in range(tree.x.shape[0]):
            own = labels[i]
            d = (tree.x[i] - centroids[own, 0]) ** 2 + (tree.y[i] - centroids[own, 1]) ** 2
            if d > squared_distance and tree.weight[i] > 0 and moments[own, 0] > tree.weight[i]:
                farthest, squared_distance = i, d
        if farthest < 0:
            return  # Each point that could move is at its centroid: more clusters would not help.
        x, y, weight = tree.x[farthest], tree.y[farthest], tree.weight[farthest]
        donor = labels[farthest]
        moved = (weight, weight * x, weight * y, weight * (x * x + y * y))
        for q in range(4):
            moments[j, q] = moved[q]
            moments[donor, q] -= moved[q]
        labels[farthest] = j
        centroids[j, 0], centroids[j, 1] = x, y


@kernel
def inertia(tree: KdTree, centroids: FloatArray, labels: IntArray) -> float:
    """Sum over the points of weight times squared distance to the centroid of their label.

    ``centroids`` (k, 2) in the tree's coordinates, ``labels`` (n,) in tree order.
    """
    total = 0.0
    for i in range(labels.shape[0]):
        j = labels[i]
        total += tree.weight[i] * ((tree.x[i] - centroids[j, 0]) ** 2 + (tree.y[i] - centroids[j, 1]) ** 2)
    return total
