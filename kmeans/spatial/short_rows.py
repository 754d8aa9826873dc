"""Reductions over arrays (n, 2) or (n, 4): along so short an axis, or across it, numpy takes ten times as long."""

import numpy as np
import numpy.typing as npt


def finite_rows(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which rows have finite values only, bool (n,)."""
    is_finite = np.isfinite(values)
    if is_finite.all():
        return np.ones(len(values), bool)
    finite = is_finite[:, 0].copy()
    for column in is_finite.T[1:]:
        finite &= column
    return finite


def rows_within(values: npt.NDArray[np.float64], limit: float) -> npt.NDArray[np.bool_]:
    """Which rows (n, 2) have values from ``-limit`` to ``limit`` only, and none that is no number, bool (n,)."""
    if len(values) == 0 or (values.min() >= -limit and values.max() <= limit):
        return np.ones(len(values), bool)
    return (np.abs(values[:, 0]) <= limit) & (np.abs(values[:, 1]) <= limit)


def extent(boxes: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Lower and upper corner around boxes, (n, 4) as xmin, ymin, xmax, ymax, or points, (n, 2); n is not 0."""
    return np.array([column.min() for column in boxes[:, :2].T]), np.array([column.max() for column in boxes[:, -2:].T])
