"""Reductions over arrays (n, 2) or (n, 4): along so short an axis, or across it, numpy takes ten times as long."""

import numpy as np
import numpy.typing as npt


def finite_rows(values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which rows have finite values only, bool (n,)."""
    # Where there is another value the sum is none either; should it only overflow, each row is looked at.
    with np.errstate(over="ignore", invalid="ignore"):
        is_finite = np.isfinite(values.sum())
    if is_finite:
        return np.ones(len(values), bool)
    finite = np.isfinite(values[:, 0])
    for column in values.T[1:]:
        finite &= np.isfinite(column)
    return finite


def rows_within(values: npt.NDArray[np.float64], limit: float) -> npt.NDArray[np.bool_]:
    """Which rows (n, 2) have values from ``-limit`` to ``limit`` only, and none that is no number, bool (n,)."""
    if len(values) == 0 or (values.min() >= -limit and values.max() <= limit):
        return np.ones(len(values), bool)
    return (np.abs(values[:, 0]) <= limit) & (np.abs(values[:, 1]) <= limit)


def extremes(values: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Smallest and largest value of each column; there has to be a row."""
    return np.array([column.min() for column in values.T]), np.array([column.max() for column in values.T])
