"""A smooth map of the plane, approximated inside a box by one polynomial in two variables for each coordinate.

The polynomials interpolate at Chebyshev nodes and keep only the terms that the accuracy needs. What the coordinates
mean is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.chebyshev import cheb2poly

from kmeans.arrays import FloatArray

# Nodes on each side of the box: enough for a country. Terms that a smaller box does not need are dropped afterwards.
_N_NODES = 13
_ANGLES = np.pi * (np.arange(_N_NODES) + 0.5) / _N_NODES
_NODES = np.cos(_ANGLES)
# Values at the nodes -> coefficients of the Chebyshev polynomials (discrete orthogonality).
_ANALYSIS = np.cos(np.outer(np.arange(_N_NODES), _ANGLES)) * np.where(np.arange(_N_NODES) > 0, 2, 1)[:, None] / _N_NODES
# Row i: the Chebyshev polynomial of degree i as coefficients of powers, lowest first.
_POWERS = np.array([np.pad(cheb2poly(row[: i + 1]), (0, _N_NODES - 1 - i)) for i, row in enumerate(np.eye(_N_NODES))])
# An even number, evenly spaced, edges included: no check point lies on a node.
_CHECKS = np.linspace(-1, 1, 16)
# Largest coefficient that is dropped, in tolerances: coefficients shrink fast, a few of this size are left out.
_NEGLIGIBLE = 0.02
# Rounding must not put the edges of the box outside it.
_EDGE = 1 + 1e-9
# Points worked on at once, so that the intermediate results stay in the processor's cache.
_BLOCK = 16_384

# Coefficients by the power of the second coordinate, then by the power of the first.
_Terms = list[list[float]]


@dataclass(frozen=True, eq=False)
class BoxPolynomial:
    """Approximates a map of the plane inside a box.

    Attributes:
        centre, half_width: of the box, float64 (2,).
        period: of the first coordinate if it is an angle: coordinates a full turn apart are the same.
        terms: a polynomial in coordinates that are -1 and 1 at the edges, for each coordinate of the image.
    """

    centre: FloatArray
    half_width: FloatArray
    period: float | None
    terms: tuple[_Terms, _Terms]

    def __call__(self, points: FloatArray) -> FloatArray:
        """Images of the points, float64 (n, 2) -> (n, 2), NaN for points outside the box.

        The image of a point does not depend on the points around it, to the last bit: there are elementwise operations
        only. A matrix product would sum in another order in another batch.
        """
        images = np.empty((len(points), 2))
        for start in range(0, len(points), _BLOCK):
            block = slice(start, start + _BLOCK)
            self._map_block(points[block], images[block])
        return images

    def _map_block(self, points: FloatArray, images: FloatArray) -> None:
        x = points[:, 0] - self.centre[0]
        if self.period is not None:
            x -= self.period * np.rint(x / self.period)
        x /= self.half_width[0]
        y = (points[:, 1] - self.centre[1]) / self.half_width[1]
        outside = (np.abs(x) > _EDGE) | (np.abs(y) > _EDGE)
        if outside.any():
            # High powers of what is far away would overflow.
            x[outside] = y[outside] = 0.0
        for axis, terms in enumerate(self.terms):
            images[:, axis] = _horner(terms, x, y)
        images[outside] = np.nan


def fit_box(
    function: Callable[[FloatArray], FloatArray],
    lower: FloatArray,
    upper: FloatArray,
    period: float | None,
    tolerance: float,
) -> BoxPolynomial | None:
    """Approximate ``function`` between two corners, or None if it is not smooth enough there.

    Args:
        function: float64 (m, 2) -> (m, 2), the exact map; not finite where there is none.
        lower, upper: corners of the box, float64 (2,), with ``lower < upper``.
        period: see ``BoxPolynomial``.
        tolerance: largest deviation in each coordinate of the image, at 256 points that are no nodes.
    """
    centre, half_width = (lower + upper) / 2, (upper - lower) / 2
    values = function(centre + half_width * _grid(_NODES)).reshape(_N_NODES, _N_NODES, 2)
    if not np.isfinite(values).all():
        return None
    easting, northing = (
        _significant_terms(_ANALYSIS @ values[:, :, axis] @ _ANALYSIS.T, _NEGLIGIBLE * tolerance) for axis in (0, 1)
    )
    polynomial = BoxPolynomial(centre, half_width, period, (easting, northing))
    checks = centre + half_width * _grid(_CHECKS)
    exact = function(checks)
    # False also for NaN.
    return polynomial if np.abs(polynomial(checks) - exact).max() <= tolerance else None


def _grid(ticks: FloatArray) -> FloatArray:
    """All pairs of ticks, float64 (n * n, 2), the second coordinate running fastest."""
    return np.column_stack([np.repeat(ticks, len(ticks)), np.tile(ticks, len(ticks))])


def _significant_terms(coefficients: FloatArray, negligible: float) -> _Terms:
    """Terms in powers from coefficients [i, j] of Chebyshev polynomials, without what is small and of high degree."""
    significant = np.abs(coefficients) > negligible
    degrees = np.arange(_N_NODES)[:, None]
    degree = np.where(significant, degrees, -1).max(axis=0)
    # A Chebyshev polynomial in y holds the lower powers of y too: these get every power of x that a higher one has.
    degree = np.maximum.accumulate(degree[::-1])[::-1]
    powers = _POWERS.T @ np.where(degrees <= degree, coefficients, 0.0) @ _POWERS
    return [powers[: degree[j] + 1, j].tolist() for j in range(_N_NODES) if degree[j] >= 0]


def _horner(terms: _Terms, x: FloatArray, y: FloatArray) -> FloatArray:
    """Value of a polynomial, float64 (n,)."""
    total, inner = np.zeros_like(x), np.empty_like(x)
    for row in reversed(terms):
        inner.fill(row[-1])
        for coefficient in row[-2::-1]:
            np.multiply(inner, x, out=inner)
            np.add(inner, coefficient, out=inner)
        np.multiply(total, y, out=total)
        np.add(total, inner, out=total)
    return total
