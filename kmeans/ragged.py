"""Lists of unequal length, kept behind each other in one array: list i is ``values[first[i]:first[i + 1]]``."""

import numpy as np

from kmeans.arrays import IntArray


def select(first: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """The lists of some rows, behind each other.

    Args:
        first: int64 (n + 1,), as above.
        rows: int64 (r,), from 0 to n - 1.

    Returns:
        ``first`` of the selected lists, int64 (r + 1,), and where their values stand in the whole array, int64.
    """
    counts = first[rows + 1] - first[rows]
    selected = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(counts, out=selected[1:])
    positions = np.arange(selected[-1]) + np.repeat(first[rows] - selected[:-1], counts)
    return selected, positions
