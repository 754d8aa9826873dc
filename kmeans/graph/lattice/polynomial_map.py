"""Lattices as maps from numbers of columns and rows to coordinates."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray

# Points that a map is fitted to.
_FITTED_POINTS = 1024
# Points that are computed at once.
BLOCK = 262_144
# Of coefficients, relative to the extent: 4e-8 of a step over 10,000 cells.
_KEPT_BITS = 38


@dataclass(frozen=True)
class PolynomialMap:
    """A map of the plane: ``coefficients[i, j]`` of u^i v^j, float64 (d, d, 2), with u and v scaled to [-1, 1]."""

    centre: FloatArray
    scale: FloatArray
    coefficients: FloatArray

    def __call__(self, points: npt.NDArray[Any]) -> FloatArray:
        """float64 (n, 2) -> (n, 2); elementwise operations only, so that equal points have identical images."""
        images = np.empty((len(points), 2))
        for start in range(0, len(points), BLOCK):
            u, v = ((points[start : start + BLOCK] - self.centre) / self.scale).T
            for axis in (0, 1):
                images[start : start + BLOCK, axis] = _horner(
                    v, [_horner(u, c) for c in self.coefficients[..., axis].T]
                )
        return images


@dataclass(frozen=True)
class Lattice:
    """Cells of a lattice.

    Attributes:
        index: int64 (n, 2), column and row of each point, from 0; repeated points share theirs.
        steps: float64 (2, 2), offset to the next column and to the next row, at the middle of the lattice. The first is
            the one nearer to the direction of x; the second is to its left.
        is_aligned: whether x depends on the column only and y on the row only, to the last bit.
    """

    index: IntArray
    steps: FloatArray
    is_aligned: bool
    _to_coordinates: PolynomialMap

    def corner(self, index: IntArray) -> FloatArray:
        """Coordinates, float64 (m, 2), of the corner that the cell ``index`` shares with the cell before it.

        The cell (i, j) has the corners (i, j), (i + 1, j), (i + 1, j + 1) and (i, j + 1). The same corner always has
        the same coordinates, to the last bit.

        Args:
            index: int64 (m, 2), column and row.
        """
        return self._to_coordinates(index - 0.5)


def _horner(x: FloatArray, coefficients: Iterable[Any]) -> Any:
    """Value of a polynomial; numpy's function takes longer for the few corners of a small file."""
    *lower, value = coefficients
    for coefficient in reversed(lower):
        value = value * x + coefficient
    return value


def steps_of(to_coordinates: PolynomialMap) -> FloatArray:
    """Offsets to the next column and row at the middle, float64 (2, 2)."""
    steps: FloatArray = (
        np.array([to_coordinates.coefficients[1, 0], to_coordinates.coefficients[0, 1]]) / to_coordinates.scale[:, None]
    )
    return steps


def elongation(steps: FloatArray) -> float:
    """Condition number of the steps, (2, 2): the ratio of the axes of the ellipse into which they turn a circle."""
    squares, area = float((steps**2).sum()), abs(float(steps[0, 0] * steps[1, 1] - steps[0, 1] * steps[1, 0]))
    return math.inf if area == 0 else (squares + math.sqrt(max(squares**2 - 4 * area**2, 0.0))) / (2 * area)


def rounded(coefficients: npt.NDArray[Any], extent: float) -> FloatArray:
    """Coefficients of a fit to images of this extent, without their last bits, which differ between processors."""
    _, exponent = math.frexp(extent or 1.0)
    quantum = math.ldexp(1.0, exponent - 1 - _KEPT_BITS)
    return np.asarray(np.rint(coefficients / quantum) * quantum)


def spread(rows: IntArray) -> IntArray:
    """At most ``_FITTED_POINTS`` of the rows, always the same ones; every hundredth could be those of one column."""
    if len(rows) <= _FITTED_POINTS:
        return rows
    return rows[np.random.default_rng(0).integers(0, len(rows), _FITTED_POINTS)]
