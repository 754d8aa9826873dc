"""Lists of unequal length in compressed sparse rows: list i is ``values[indptr[i]:indptr[i + 1]]``."""

import numpy as np

from kmeans.arrays import IntArray


def take(indptr: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """The lists of some rows, one after the other.

    >>> indptr, positions = take(np.array([0, 2, 2, 5]), np.array([2, 0]))
    >>> indptr.tolist(), positions.tolist()
    ([0, 3, 5], [2, 3, 4, 0, 1])

    Args:
        indptr: int64 (n + 1,), as above.
        rows: int64 (r,), from 0 to n - 1.

    Returns:
        ``indptr`` of the taken lists, int64 (r + 1,), and the positions of their values in the whole array, int64.
    """
    counts = indptr[rows + 1] - indptr[rows]
    taken = np.zeros(len(rows) + 1, np.int64)
    np.cumsum(counts, out=taken[1:])
    positions = np.arange(taken[-1]) + np.repeat(indptr[rows] - taken[:-1], counts)
    return taken, positions
