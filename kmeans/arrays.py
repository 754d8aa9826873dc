"""Types of arrays, and the checks of the arrays that a caller hands over."""

from typing import Any

import numpy as np
import numpy.typing as npt

from kmeans.errors import LARGEST_COORDINATE, InvalidArray, InvalidPoint, InvalidWeight

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

# With a larger total, products with squared coordinates could overflow.
_LARGEST_TOTAL = 1e15


def float_array(name: str, values: npt.ArrayLike) -> FloatArray:
    """``values`` as a contiguous float64 array; ``name`` is for the message of an error.

    >>> float_array("weights", [1, 2])
    array([1., 2.])

    Raises:
        InvalidArray: the values are not real numbers, or some of them are masked.
    """
    return _checked(name, values, "real numbers", "fiub").astype(np.float64, order="C", copy=False)


def int_array(name: str, values: npt.ArrayLike) -> IntArray:
    """``values`` as a contiguous int64 array; ``name`` is for the message of an error.

    >>> int_array("groups", [1, 2])
    array([1, 2])

    Raises:
        InvalidArray: the values are not whole numbers, or some of them are masked.
    """
    return _checked(name, values, "whole numbers", "iu").astype(np.int64, order="C", copy=False)


def plane_array(name: str, values: npt.ArrayLike) -> FloatArray:
    """``values`` as a contiguous float64 array (n, 2).

    >>> plane_array("points", [[0, 0], [3, 4]]).shape
    (2, 2)

    Raises:
        InvalidArray: the shape is not (n, 2), the values are not real numbers, or some are masked.
    """
    array = float_array(name, values)
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidArray(name, f"the shape has to be (n, 2), not {array.shape}")
    return array


def checked_points(points: npt.ArrayLike, name: str = "points") -> FloatArray:
    """Coordinates as the kernels need them, float64 (n, 2).

    >>> checked_points([[0, 0], [3, 4]]).shape
    (2, 2)

    Raises:
        InvalidArray: the shape is not (n, 2), the values are not real numbers, or some are masked.
        InvalidPoint: a coordinate is not finite or beyond 1e12 m; names the first such row.
    """
    points = plane_array(name, points)
    row = first_unsound_row(points)
    if row is not None:
        raise InvalidPoint(row, (float(points[row, 0]), float(points[row, 1])))
    return points


def first_unsound_row(points: FloatArray) -> int | None:
    """The first row of coordinates (n, 2) that are not finite or beyond 1e12 m; None if there is none."""
    # False also where a coordinate is not a number.
    if points.min(initial=0.0) >= -LARGEST_COORDINATE and points.max(initial=0.0) <= LARGEST_COORDINATE:
        return None
    return int(np.argmin((np.abs(points) <= LARGEST_COORDINATE).all(axis=1)))


def checked_weights(weights: npt.ArrayLike | None, n_points: int) -> FloatArray:
    """Weights as the kernels need them, float64 (n_points,); None gives every point the weight 1.

    >>> checked_weights(None, 2)
    array([1., 1.])

    Raises:
        InvalidArray: the shape is not (n_points,), the values are not real numbers, or some are masked.
        InvalidWeight: a weight is negative or not finite, or the total is above 1e15; names the first such row, or that
            of the largest weight.
    """
    if weights is None:
        return np.ones(n_points)
    weights = float_array("weights", weights)
    if weights.shape != (n_points,):
        raise InvalidArray("weights", f"{n_points} points need as many weights, not an array of shape {weights.shape}")
    valid = np.isfinite(weights) & (weights >= 0)
    if not valid.all():
        row = int(np.argmin(valid))
        raise InvalidWeight(row, float(weights[row]))
    with np.errstate(over="ignore"):
        total = weights.sum()
    if total > _LARGEST_TOTAL:
        row = int(np.argmax(weights))
        raise InvalidWeight(row, float(weights[row]))
    return weights


def _checked(name: str, values: npt.ArrayLike, wanted: str, kinds: str) -> npt.NDArray[Any]:
    if np.ma.is_masked(values):
        raise InvalidArray(name, "some entries are masked; fill them or leave their rows out")
    array = np.asarray(values)
    if array.dtype.kind == "c":
        raise InvalidArray(name, "Complex data not supported")
    if array.dtype.kind not in kinds:
        raise InvalidArray(name, f"the values have to be {wanted}, not of the type {array.dtype}")
    return array
