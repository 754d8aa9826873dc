"""Reductions over arrays of few columns, (n, 2) or (n, 4), which numpy's own reductions along an axis do slowly.

Measured on a file of 69,226 cells, read to written: with ``np.isfinite(values).all(axis=1)`` and ``min(axis=0)``
instead, the file takes 3 % longer (10 ms of 300 ms, against 0.4 ms here). For small files there is no difference.
"""

import numpy as np
import numpy.typing as npt


def finite_rows(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which rows have finite values only, bool (n,).

    >>> finite_rows(np.array([[0.0, 1.0], [np.nan, 1.0]])).tolist()
    [True, False]
    """
    is_finite = np.isfinite(values)
    if is_finite.all():
        return np.ones(len(values), bool)
    finite = is_finite[:, 0].copy()
    for column in is_finite.T[1:]:
        finite &= column
    return finite


def extent(boxes: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lower and upper corner around boxes, (n, 4) as xmin, ymin, xmax, ymax, or points, (n, 2); n is not 0.

    >>> lower, upper = extent(np.array([[0.0, 5.0], [2.0, 1.0]]))
    >>> lower.tolist(), upper.tolist()
    ([0.0, 1.0], [2.0, 5.0])
    """
    return np.array([column.min() for column in boxes[:, :2].T]), np.array([column.max() for column in boxes[:, -2:].T])
