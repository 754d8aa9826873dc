"""A kd-tree over weighted points that carries the sums k-means needs, laid out for streaming access.

The points are permuted so that each node owns a contiguous run of them, and the nodes are in depth-first preorder:
the left child follows its parent, and ``after`` tells where a subtree ends. Traversal therefore needs no pointers.
Assignment, seeding and ordering all work on this one tree, built once per point set.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kmeans._jit import kernel

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

LEAF_SIZE = 12
# Columns of ``KdTree.sums``: weight, weight * x, weight * y, weight * (x^2 + y^2).
N_SUMS = 4


class KdTree(NamedTuple):
    """Weighted points in tree order, and the nodes over them.

    Coordinates are relative to ``origin`` so that sums of squares keep their digits far from zero.

    Attributes:
        x, y, weight: float64 (n,), points in tree order, metres relative to the origin.
        order: int64 (n,), ``order[i]`` is the row of the caller's arrays that stands at position i.
        first, last: int64 (m,), node j owns positions ``first[j]:last[j]``.
        after: int64 (m,), index of the first node behind the subtree of j; a leaf has ``after[j] == j + 1``.
        bounds: float64 (m, 4), bounding box as x_min, x_max, y_min, y_max.
        sums: float64 (m, 4), weight, weight*x, weight*y, weight*(x^2 + y^2) of the node's points.
        origin: float64 (2,), the caller's coordinates of (0, 0).
    """

    x: FloatArray
    y: FloatArray
    weight: FloatArray
    order: IntArray
    first: IntArray
    last: IntArray
    after: IntArray
    bounds: FloatArray
    sums: FloatArray
    origin: FloatArray


def build_kdtree(points: FloatArray, weights: FloatArray, tie_breakers: FloatArray | None = None) -> KdTree:
    """Build the tree over float64 ``points`` (n, 2) in metres and float64 ``weights`` (n,), n >= 1.

    ``tie_breakers``, float64 (n, t), tell points of the same place and weight apart where that matters.
    """
    origin = (points.min(axis=0) + points.max(axis=0)) / 2
    x = np.ascontiguousarray(points[:, 0] - origin[0])
    y = np.ascontiguousarray(points[:, 1] - origin[1])
    # Sorting first makes the tree independent of the order in which the caller's rows came.
    order = np.lexsort((weights, y, x) if tie_breakers is None else (*tie_breakers.T, weights, y, x))
    first, last, after = _split_nodes(x, y, order, LEAF_SIZE)
    x, y, weight = x[order], y[order], weights[order]
    bounds, sums = _summarise_nodes(x, y, weight, first, last, after)
    return KdTree(x, y, weight, order, first, last, after, bounds, sums, origin)


@kernel
def _split_nodes(x: FloatArray, y: FloatArray, order: IntArray, leaf_size: int) -> tuple[IntArray, IntArray, IntArray]:
    """Permute ``order`` in place into tree order; return first, last and after of the nodes in preorder."""
    n = order.shape[0]
    capacity = 4 * (n // leaf_size + 1) + 4
    first = np.empty(capacity, np.int64)
    last = np.empty(capacity, np.int64)
    after = np.empty(capacity, np.int64)
    stack = np.empty((128, 2), np.int64)
    stack[0, 0], stack[0, 1] = 0, n
    depth = 1
    count = 0
    while depth > 0:
        depth -= 1
        begin, end = stack[depth, 0], stack[depth, 1]
        first[count], last[count] = begin, end
        count += 1
        if end - begin <= leaf_size:
            continue
        x_min = x_max = x[order[begin]]
        y_min = y_max = y[order[begin]]
        for i in range(begin + 1, end):
            x_min = min(x_min, x[order[i]])
            x_max = max(x_max, x[order[i]])
            y_min = min(y_min, y[order[i]])
            y_max = max(y_max, y[order[i]])
        middle = (begin + end) // 2
        if x_max - x_min >= y_max - y_min:
            _select(order, x, begin, end, middle)
        else:
            _select(order, y, begin, end, middle)
        stack[depth, 0], stack[depth, 1] = middle, end
        stack[depth + 1, 0], stack[depth + 1, 1] = begin, middle
        depth += 2
    for node in range(count - 1, -1, -1):
        is_leaf = last[node] - first[node] <= leaf_size
        after[node] = node + 1 if is_leaf else after[after[node + 1]]
    return first[:count].copy(), last[:count].copy(), after[:count].copy()


@kernel
def _select(order: IntArray, values: FloatArray, begin: int, end: int, middle: int) -> None:
    """Hoare's quickselect: afterwards no value before ``middle`` is above, and none behind it below, the one there."""
    low, high = begin, end - 1
    while low < high:
        a, b, c = values[order[low]], values[order[(low + high) // 2]], values[order[high]]
        pivot = max(min(a, b), min(max(a, b), c))
        i, j = low, high
        while i <= j:
            while values[order[i]] < pivot:
                i += 1
            while values[order[j]] > pivot:
                j -= 1
            if i <= j:
                order[i], order[j] = order[j], order[i]
                i += 1
                j -= 1
        if middle <= j:
            high = j
        elif middle >= i:
            low = i
        else:
            return


@kernel
def _summarise_nodes(
    x: FloatArray, y: FloatArray, weight: FloatArray, first: IntArray, last: IntArray, after: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Bounding box and sums of every node, children before parents."""
    count = first.shape[0]
    bounds = np.empty((count, 4))
    sums = np.empty((count, 4))
    for node in range(count - 1, -1, -1):
        left = node + 1
        if after[node] == left:
            bounds[node, 0] = bounds[node, 2] = np.inf
            bounds[node, 1] = bounds[node, 3] = -np.inf
            sums[node] = 0.0
            for i in range(first[node], last[node]):
                bounds[node, 0] = min(bounds[node, 0], x[i])
                bounds[node, 1] = max(bounds[node, 1], x[i])
                bounds[node, 2] = min(bounds[node, 2], y[i])
                bounds[node, 3] = max(bounds[node, 3], y[i])
                sums[node, 0] += weight[i]
                sums[node, 1] += weight[i] * x[i]
                sums[node, 2] += weight[i] * y[i]
                sums[node, 3] += weight[i] * (x[i] * x[i] + y[i] * y[i])
        else:
            right = after[left]
            for side in (0, 2):
                bounds[node, side] = min(bounds[left, side], bounds[right, side])
                bounds[node, side + 1] = max(bounds[left, side + 1], bounds[right, side + 1])
            for q in range(4):
                sums[node, q] = sums[left, q] + sums[right, q]
    return bounds, sums
