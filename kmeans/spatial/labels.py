"""The rows of each label, as lists in compressed sparse rows."""

import numpy as np

from kmeans.arrays import IntArray
from kmeans.jit import kernel


@kernel
def rows_by_label(labels: IntArray, n_labels: int) -> tuple[IntArray, IntArray]:
    """The rows of each label as lists: those of j are ``rows[indptr[j]:indptr[j + 1]]``, in ascending order.

    >>> indptr, rows = rows_by_label(np.array([1, 0, 1]), 2)
    >>> indptr.tolist(), rows.tolist()
    ([0, 1, 3], [1, 0, 2])

    Args:
        labels: int64 (n,), from 0 to n_labels - 1.
        n_labels: number of lists.

    Returns:
        ``indptr``, int64 (n_labels + 1,), and ``rows``, int64 (n,).
    """
    indptr = np.zeros(n_labels + 1, np.int64)
    for i in range(labels.shape[0]):
        indptr[labels[i] + 1] += 1
    for j in range(n_labels):
        indptr[j + 1] += indptr[j]
    position = indptr[:-1].copy()
    rows = np.empty(labels.shape[0], np.int64)
    for i in range(labels.shape[0]):
        rows[position[labels[i]]] = i
        position[labels[i]] += 1
    return indptr, rows
