"""A kd-tree over weighted points, with the moments that k-means needs at every node, laid out for sequential access.

The points are permuted so that each node owns a contiguous range of them ("tree order"). The nodes are in depth-first
preorder: the left child of node j is j + 1, its right child is ``after[j + 1]``, and ``after[j]`` is the next node that
is not below j. Kernels therefore walk the tree without pointers and mostly without a stack. One tree, built once,
serves assignment, seeding and the search for neighbours.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray, float_array, plane_array
from kmeans.errors import InvalidArray
from kmeans.jit import kernel

# Most points of a leaf.
LEAF_SIZE = 12
# Most points from which a pivot is chosen; small nodes use fewer.
_PIVOT_SAMPLE = 31
# Columns of ``KdTree.moments``: weight, weight * x, weight * y, weight * (x^2 + y^2).
N_MOMENTS = 4


class KdTree(NamedTuple):
    """n weighted points in tree order, and the m nodes over them.

    Coordinates are relative to ``origin``, the centre of the points' bounding box: squares of large coordinates would
    lose digits.

    Attributes:
        x, y, weight: float64 (n,), points in tree order; x and y in metres, relative to the origin.
        order: int64 (n,), ``order[i]`` is the caller's row of the point at position i.
        first, last: int64 (m,), node j owns positions ``first[j]:last[j]``; ``last`` is exclusive.
        after: int64 (m,), index of the first node after the subtree of j, m if there is none; j is a leaf exactly if
            ``after[j] == j + 1``.
        bounds: float64 (m, 4), bounding box as x_min, x_max, y_min, y_max.
        moments: float64 (m, 4), weight, weight*x, weight*y, weight*(x^2 + y^2) of the node's points.
        origin: float64 (2,), the point (0, 0) of the tree in the caller's coordinates.
    """

    x: FloatArray
    y: FloatArray
    weight: FloatArray
    order: IntArray
    first: IntArray
    last: IntArray
    after: IntArray
    bounds: FloatArray
    moments: FloatArray
    origin: FloatArray


def build_kdtree(points: npt.ArrayLike, weights: npt.ArrayLike, tie_breakers: FloatArray | None = None) -> KdTree:
    """Build the tree over float64 ``points`` (n, 2) in metres and float64 ``weights`` (n,), n >= 1.

    Points are ordered by coordinates, then weight, then the columns of ``tie_breakers``, float64 (n, t), and at last by
    row, so that the order of the caller's rows matters only between points that are equal in all of these. Coordinates
    and weights have to be finite; this is not checked here.

    >>> tree = build_kdtree([[0.0, 0.0], [4.0, 0.0], [2.0, 6.0]], [1.0, 2.0, 3.0])
    >>> tree.origin.tolist(), float(tree.moments[0, 0])
    ([2.0, 3.0], 6.0)

    Raises:
        InvalidArray: there is no point, the shapes are wrong, the values are not numbers, or some are masked.
    """
    points, weights = plane_array("points", points), float_array("weights", weights)
    if len(points) == 0:
        raise InvalidArray("points", "at least one point is needed")
    if weights.shape != (len(points),):
        raise InvalidArray(
            "weights", f"{len(points)} points need as many weights, not an array of shape {weights.shape}"
        )
    rows, origin = _as_rows(points, weights)
    order = np.arange(len(rows))
    if tie_breakers is not None and _has_repeated(rows):
        # Renumbers the rows in sorted order: `_precedes` compares this number (column 3) last.
        order = np.lexsort((*tie_breakers.T, *rows[:, 2::-1].T))
        rows[:, :3] = rows[order, :3]
    first, last, after = _split_nodes(rows, LEAF_SIZE)
    x, y, weight, order = _as_columns(rows, order)
    bounds, moments = _summarise_nodes(x, y, weight, first, last, after)
    return KdTree(x, y, weight, order, first, last, after, bounds, moments, origin)


@kernel
def _as_rows(points: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Rows (n, 4) of x, y, weight and row number, and the origin (2,) that x and y are relative to."""
    x_min = x_max = points[0, 0]
    y_min = y_max = points[0, 1]
    for i in range(points.shape[0]):
        x_min, x_max = min(x_min, points[i, 0]), max(x_max, points[i, 0])
        y_min, y_max = min(y_min, points[i, 1]), max(y_max, points[i, 1])
    origin = np.array([(x_min + x_max) / 2, (y_min + y_max) / 2])
    rows = np.empty((points.shape[0], 4))
    for i in range(points.shape[0]):
        rows[i, 0], rows[i, 1] = points[i, 0] - origin[0], points[i, 1] - origin[1]
        rows[i, 2], rows[i, 3] = weights[i], i
    return rows, origin


@kernel
def _as_columns(rows: FloatArray, order: IntArray) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """x, y and weight as separate contiguous arrays, and for each row the entry of ``order`` at its number."""
    n = rows.shape[0]
    x, y, weight, number = np.empty(n), np.empty(n), np.empty(n), np.empty(n, np.int64)
    for i in range(n):
        x[i], y[i], weight[i] = rows[i, 0], rows[i, 1], rows[i, 2]
        number[i] = order[int(rows[i, 3])]
    return x, y, weight, number


def _has_repeated(rows: FloatArray) -> bool:
    """Whether two points have the same coordinates."""
    # Complex numbers sort by their real part, then by their imaginary part: like pairs (x, y), but faster.
    sites = np.sort(rows[:, 0] + 1j * rows[:, 1])
    return bool((sites[1:] == sites[:-1]).any())


@kernel
def _split_nodes(rows: FloatArray, leaf_size: int) -> tuple[IntArray, IntArray, IntArray]:
    """Bring the points into tree order, in place; return ``first``, ``last`` and ``after`` of the nodes in preorder.

    Args:
        rows: float64 (n, 4), x, y, weight and a number that tells equal points apart. The result depends on these
            values only, not on the order in which the rows are given.
        leaf_size: most points of a leaf.
    """
    n = rows.shape[0]
    # A node is split only if it has more than leaf_size points, so a leaf has at least leaf_size / 2 (unless it is the
    # root), and there are fewer than 4 * n / leaf_size nodes.
    capacity = 4 * (n // leaf_size + 1) + 4
    first = np.empty(capacity, np.int64)
    last = np.empty(capacity, np.int64)
    after = np.empty(capacity, np.int64)
    # One entry a level, and nodes are halved: 128 levels are more than 64-bit numbers can count.
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
            _sort_leaf(rows, begin, end)
            continue
        x_min = x_max = rows[begin, 0]
        y_min = y_max = rows[begin, 1]
        for i in range(begin + 1, end):
            x_min, x_max = min(x_min, rows[i, 0]), max(x_max, rows[i, 0])
            y_min, y_max = min(y_min, rows[i, 1]), max(y_max, rows[i, 1])
        median = (begin + end) // 2
        _select(rows, 0 if x_max - x_min >= y_max - y_min else 1, begin, end, median)
        stack[depth, 0], stack[depth, 1] = median, end
        stack[depth + 1, 0], stack[depth + 1, 1] = begin, median
        depth += 2
    # From the last node to the first: children come after their parents. `after[node + 1]` is the right child.
    for node in range(count - 1, -1, -1):
        is_leaf = last[node] - first[node] <= leaf_size
        after[node] = node + 1 if is_leaf else after[after[node + 1]]
    return first[:count].copy(), last[:count].copy(), after[:count].copy()


@kernel
def _sort_leaf(rows: FloatArray, begin: int, end: int) -> None:
    """Insertion sort of ``rows[begin:end]``, by x first."""
    key = np.empty(4)
    for i in range(begin + 1, end):
        key[:] = rows[i]
        j = i
        while j > begin and not _precedes(rows[j - 1], key, 0):
            rows[j] = rows[j - 1]
            j -= 1
        rows[j] = key


@kernel
def _precedes(row: FloatArray, key: FloatArray, axis: int) -> bool:
    """Whether ``row`` comes before ``key``: by coordinate ``axis``, the other coordinate, weight, and row number."""
    if row[axis] != key[axis]:
        return bool(row[axis] < key[axis])
    if row[1 - axis] != key[1 - axis]:
        return bool(row[1 - axis] < key[1 - axis])
    if row[2] != key[2]:
        return bool(row[2] < key[2])
    return bool(row[3] < key[3])


@kernel
def _swap(rows: FloatArray, i: int, j: int) -> None:
    # All loads before all stores, so that the compiler can merge them into one vector load and one store a row.
    a, b, c, d = rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3]
    e, f, g, h = rows[j, 0], rows[j, 1], rows[j, 2], rows[j, 3]
    rows[i, 0], rows[i, 1], rows[i, 2], rows[i, 3] = e, f, g, h
    rows[j, 0], rows[j, 1], rows[j, 2], rows[j, 3] = a, b, c, d


@kernel
def _select(rows: FloatArray, axis: int, begin: int, end: int, rank: int) -> None:
    """Quickselect in ``rows[begin:end]``: rows before position ``rank`` precede the row at ``rank``, later ones do not.

    The order is total, so which rows are on which side does not depend on the order in which they are given.
    """
    low, high = begin, end - 1
    sample = np.empty(_PIVOT_SAMPLE, np.int64)
    while low < high:
        # The pivot is the row of a sorted sample at about the wanted rank, so that few passes are needed.
        n_sampled = min(_PIVOT_SAMPLE, 3 + (high - low) // 64)
        for s in range(n_sampled):
            i = low + (high - low) * (2 * s + 1) // (2 * n_sampled)
            q = s
            while q > 0 and not _precedes(rows[sample[q - 1]], rows[i], axis):
                sample[q] = sample[q - 1]
                q -= 1
            sample[q] = i
        _swap(rows, sample[(rank - low) * n_sampled // (high - low + 1)], high)
        pivot = rows[high, axis]
        # Lomuto's partition without a branch that the processor could mispredict: every row is swapped with the one at
        # `border`, and `border` moves on by 1 or by 0.
        border = low
        for i in range(low, high):
            precedes = rows[i, axis] < pivot
            if rows[i, axis] == pivot:
                precedes = _precedes(rows[i], rows[high], axis)
            _swap(rows, i, border)
            border += precedes
        _swap(rows, border, high)
        if border == rank:
            return
        if border > rank:
            high = border - 1
        else:
            low = border + 1


@kernel
def _summarise_nodes(
    x: FloatArray, y: FloatArray, weight: FloatArray, first: IntArray, last: IntArray, after: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Bounding box (m, 4) and moments (m, 4) of every node, children before parents."""
    count = first.shape[0]
    bounds = np.empty((count, 4))
    moments = np.empty((count, 4))
    for node in range(count - 1, -1, -1):
        left = node + 1
        if after[node] == left:
            bounds[node, 0] = bounds[node, 2] = np.inf
            bounds[node, 1] = bounds[node, 3] = -np.inf
            moments[node] = 0.0
            for i in range(first[node], last[node]):
                bounds[node, 0] = min(bounds[node, 0], x[i])
                bounds[node, 1] = max(bounds[node, 1], x[i])
                bounds[node, 2] = min(bounds[node, 2], y[i])
                bounds[node, 3] = max(bounds[node, 3], y[i])
                moments[node, 0] += weight[i]
                moments[node, 1] += weight[i] * x[i]
                moments[node, 2] += weight[i] * y[i]
                moments[node, 3] += weight[i] * (x[i] * x[i] + y[i] * y[i])
        else:
            right = after[left]
            for side in (0, 2):
                bounds[node, side] = min(bounds[left, side], bounds[right, side])
                bounds[node, side + 1] = max(bounds[left, side + 1], bounds[right, side + 1])
            for q in range(4):
                moments[node, q] = moments[left, q] + moments[right, q]
    return bounds, moments
