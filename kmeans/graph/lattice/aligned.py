"""Recognises lattices whose rows and columns run along the axes: most files have one, and sorting is all it takes."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval

from kmeans.arrays import FloatArray
from kmeans.graph.lattice import limits
from kmeans.graph.lattice.polynomial_map import (
    Lattice,
    PolynomialMap,
    elongation,
    rounded,
    spread,
    steps_of,
)

# With more lines along an axis the step is uncertain.
_MOST_LINES = 1_000_000
# Share of the cells that have a next one along an axis.
_LEAST_ADJACENT = 0.1


def find_aligned(points: FloatArray) -> Lattice | None:
    """The lattice whose rows and columns run along the axes, or None if there is none.

    Most files have such a lattice, and sorting each coordinate is enough to find it.
    """
    if len(points) < 4:
        return None
    from kmeans.graph.lattice.numbering import count_adjacent, number_points  # Compiled.

    lines = []
    for axis in (0, 1):
        line = _fit_line(points[:, axis])
        if line is None:
            return None
        lines.append(line)
    columns, rows = lines
    width = columns.last + 2
    index, cells = number_points(points, columns.first, columns.step, rows.first, rows.step, width)
    # Most cells have to have an adjacent one: on a checkerboard, or where rows are shifted, none has.
    if count_adjacent(np.sort(cells), width) < _LEAST_ADJACENT * len(points):
        return None
    size = max(len(line.coefficients) for line in lines)
    coefficients = np.zeros((size, size, 2))
    coefficients[: len(columns.coefficients), 0, 0] = columns.coefficients
    coefficients[0, : len(rows.coefficients), 1] = rows.coefficients
    centre = np.array([columns.last / 2, rows.last / 2])
    to_coordinates = PolynomialMap(centre, np.maximum(centre, 1.0), coefficients)
    steps = steps_of(to_coordinates)
    if elongation(steps) > limits.MAX_RATIO:
        return None
    return Lattice(index, steps, True, to_coordinates)


@dataclass(frozen=True)
class _Line:
    """Coordinates of the columns, or rows: ``coefficients`` of powers of the number, scaled to [-1, 1]; 0 to ``last``.

    ``first`` and ``step`` are good enough to number values, not to place them.
    """

    first: float
    step: float
    last: int
    coefficients: FloatArray


def _fit_line(values: FloatArray) -> _Line | None:
    """The line on which all values have numbers, or None unless all gaps between them are multiples of one."""
    from kmeans.graph.lattice.numbering import distinct_values, number_lines

    distinct, gaps = distinct_values(np.sort(values))
    if not 2 <= len(distinct) <= _MOST_LINES:
        return None
    numbers = number_lines(distinct, np.sort(gaps)[len(gaps) // 2])
    if len(numbers) == 0:
        return None
    first, extent, last = float(distinct[0]), float(distinct[-1] - distinct[0]), float(numbers[-1])
    step, half = extent / last, max(last / 2, 1.0)
    scaled = (numbers - last / 2) / half
    # Most lattices are perfectly regular, and nothing has to be fitted.
    even = rounded(np.array([(distinct[0] + distinct[-1]) / 2, step * half]), extent)
    if float(np.abs(even[0] + even[1] * scaled - distinct).max()) < limits.NEGLIGIBLE * step:
        return _Line(first, step, int(last), even)
    rows = spread(np.arange(len(numbers)))
    fits: list[tuple[float, FloatArray]] = []
    for degree in range(1, min(limits.MAX_DEGREE, max(1, int(last) // limits.STEPS_PER_POWER)) + 1):
        if degree > 1 and limits.POINTS_PER_TERM * (degree + 1) > len(rows):
            break
        terms = np.vander(scaled[rows], degree + 1, increasing=True)
        coefficients = rounded(np.linalg.lstsq(terms, distinct[rows], rcond=None)[0], extent)
        fits.append((float(np.abs(polyval(scaled, coefficients) - distinct).max()) / step, coefficients))
        if fits[-1][0] < limits.NEGLIGIBLE:
            break
    enough = limits.HARDLY_BETTER * min(deviation for deviation, _ in fits) + limits.NEGLIGIBLE
    deviation, coefficients = next(fit for fit in fits if fit[0] <= enough)
    return _Line(first, step, int(last), coefficients) if deviation <= limits.TOLERANCE else None
