"""The compiled part of `aligned`: columns and rows of points by comparing sorted coordinates."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel

# Deviation of a gap from a multiple of the step.
_GAP_TOLERANCE = 0.1


@kernel
def distinct_values(ordered: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The distinct ones of sorted values, and the gaps between them."""
    distinct = np.empty(ordered.shape[0])
    distinct[0] = ordered[0]
    n = 1
    for i in range(1, ordered.shape[0]):
        if ordered[i] != ordered[i - 1]:
            distinct[n] = ordered[i]
            n += 1
    return distinct[:n], distinct[1:n] - distinct[: n - 1]


@kernel
def number_lines(distinct: FloatArray, usual_gap: float) -> FloatArray:
    """Numbers of ascending coordinates, float64 (n,) from 0; empty unless all gaps are multiples of one."""
    n = distinct.shape[0]
    numbers = np.zeros(n)
    for i in range(1, n):
        in_steps = (distinct[i] - distinct[i - 1]) / usual_gap
        if abs(in_steps - np.rint(in_steps)) > _GAP_TOLERANCE or in_steps < 0.5:
            return numbers[:0]
        numbers[i] = numbers[i - 1] + np.rint(in_steps)
    step = (distinct[n - 1] - distinct[0]) / numbers[n - 1]
    for i in range(n):
        if np.rint((distinct[i] - distinct[0]) / step) != numbers[i]:
            return numbers[:0]
    return numbers


@kernel
def number_points(
    points: FloatArray, first_x: float, step_x: float, first_y: float, step_y: float, width: int
) -> tuple[IntArray, IntArray]:
    """Column and row of each point, int64 (n, 2), and row * width + column, int64 (n,)."""
    n = points.shape[0]
    index, cells = np.empty((n, 2), np.int64), np.empty(n, np.int64)
    for i in range(n):
        column, row = np.rint((points[i, 0] - first_x) / step_x), np.rint((points[i, 1] - first_y) / step_y)
        index[i, 0], index[i, 1] = int(column), int(row)
        cells[i] = index[i, 1] * width + index[i, 0]
    return index, cells


@kernel
def count_adjacent(cells: IntArray, width: int) -> int:
    """How many have a next one in the row, or in the column, whichever are fewer; ``cells`` in ascending order."""
    n = cells.shape[0]
    fewest = n
    for step in (1, width):
        n_adjacent, other = 0, 0
        for i in range(n):
            while other < n and cells[other] < cells[i] + step:
                other += 1
            if other < n and cells[other] == cells[i] + step:
                n_adjacent += 1
        fewest = min(fewest, n_adjacent)
    return int(fewest)
