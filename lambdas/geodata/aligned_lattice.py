"""Recognises lattices whose rows and columns run along the axes: most files have one, and sorting is all it takes."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.polynomial import polyval

from kmeans.arrays import FloatArray
from lambdas.geodata.lattice_map import (
    HARDLY_BETTER,
    MAX_DEGREE,
    MAX_RATIO,
    NEGLIGIBLE,
    POINTS_PER_TERM,
    STEPS_PER_POWER,
    TOLERANCE,
    Lattice,
    PolynomialMap,
    elongation,
    rounded,
    spread,
    steps_of,
)

# Along an axis: deviation of a gap from a multiple of the step, and lines beyond which no step is sure.
_GAP_TOLERANCE, _MOST_LINES = 0.1, 1_000_000
# Share of the cells that have a next one along an axis.
_LEAST_ADJACENT = 0.1


def find_aligned(points: FloatArray) -> Lattice | None:
    """The lattice whose rows and columns run along the axes, or None if there is surely no such.

    Most files have one of this kind, and sorting each coordinate is all that it takes.
    """
    if len(points) < 4:
        return None
    index = np.empty(points.shape, np.int64)
    lines = []
    for axis in (0, 1):
        values = np.ascontiguousarray(points[:, axis])
        line = _fit_line(values)
        if line is None:
            return None
        index[:, axis] = np.rint((values - line.first) / line.step)
        lines.append(line)
    # Cells next to each other have to be usual: on a checkerboard or between shifted rows there is nobody.
    width = lines[0].last + 2
    cells = index[:, 1] * width + index[:, 0]
    sample = spread(cells)
    has_next = np.isin(np.concatenate([sample + 1, sample + width]), cells)
    if has_next.reshape(2, -1).mean(axis=1).min() < _LEAST_ADJACENT:
        return None
    size = max(len(line.coefficients) for line in lines)
    coefficients = np.zeros((size, size, 2))
    coefficients[: len(lines[0].coefficients), 0, 0] = lines[0].coefficients
    coefficients[0, : len(lines[1].coefficients), 1] = lines[1].coefficients
    centre = np.array([line.last / 2 for line in lines])
    place = PolynomialMap(centre, np.maximum(centre, 1.0), coefficients)
    steps = steps_of(place)
    if elongation(steps) > MAX_RATIO:
        return None
    return Lattice(index, steps, True, place)


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
    ordered = np.sort(values)
    distinct = ordered[np.append(True, ordered[1:] != ordered[:-1])]
    if not 2 <= len(distinct) <= _MOST_LINES:
        return None
    gaps = np.diff(distinct)
    in_steps = gaps / np.sort(gaps)[len(gaps) // 2]
    if (np.abs(in_steps - np.rint(in_steps)) > _GAP_TOLERANCE).any() or (in_steps < 0.5).any():
        return None
    numbers = np.append(0.0, np.cumsum(np.rint(in_steps)))
    step = float((distinct[-1] - distinct[0]) / numbers[-1])
    if (np.rint((distinct - distinct[0]) / step) != numbers).any():
        return None
    half = max(numbers[-1] / 2, 1.0)
    scaled = (numbers - numbers[-1] / 2) / half
    # Mostly they are as regular as can be, and nothing has to be fitted.
    even = rounded(np.array([(distinct[0] + distinct[-1]) / 2, step * half]), distinct)
    if float(np.abs(even[0] + even[1] * scaled - distinct).max()) < NEGLIGIBLE * step:
        return _Line(float(distinct[0]), step, int(numbers[-1]), even)
    rows = spread(np.arange(len(numbers)))
    fits: list[tuple[float, FloatArray]] = []
    for degree in range(1, min(MAX_DEGREE, max(1, int(numbers[-1]) // STEPS_PER_POWER)) + 1):
        if degree > 1 and POINTS_PER_TERM * (degree + 1) > len(rows):
            break
        terms = np.vander(scaled[rows], degree + 1, increasing=True)
        coefficients = rounded(np.linalg.lstsq(terms, distinct[rows], rcond=None)[0], distinct)
        fits.append((float(np.abs(polyval(scaled, coefficients) - distinct).max()) / step, coefficients))
        if fits[-1][0] < NEGLIGIBLE:
            break
    enough = HARDLY_BETTER * min(deviation for deviation, _ in fits) + NEGLIGIBLE
    deviation, coefficients = next(fit for fit in fits if fit[0] <= enough)
    return _Line(float(distinct[0]), step, int(numbers[-1]), coefficients) if deviation <= TOLERANCE else None
