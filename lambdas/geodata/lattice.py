"""Recognises points that are the centres of the cells of a lattice, and numbers them by column and row.

The lattice may have holes, islands and repeated points, be rotated, and be bent a little by a projection: its map from
numbers to coordinates is the simplest polynomial that fits. Oblique lattices, such as hexagons, are not recognised.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.polynomial.polynomial import polyval, polyval2d, polyvander2d

from kmeans.arrays import FloatArray, IntArray

# Largest distance of a point from its place, in steps. Four decimals of a degree put the centre of a cell of 92 m up to
# 0.06 steps off, 32-bit floats one of 30 m up to 0.03. Scattered points pass by chance once in 25 each.
_TOLERANCE = 0.1
# The same while the map is still extrapolated to points that it was not fitted to.
_EXTRAPOLATED_TOLERANCE = 0.35
# A map that fits better only by this factor, or by this part of a step, is no reason for more coefficients.
_HARDLY_BETTER = 1.2
_NEGLIGIBLE = 1e-6
# The same of a map that is extrapolated: no more than rounding does to coordinates.
_ROUNDING = 1e-6
# Along an axis: deviation of a gap from a multiple of the step, and lines beyond which no step is sure.
_GAP_TOLERANCE, _MOST_LINES = 0.1, 1_000_000
# Share of the cells that have a next one along an axis.
_LEAST_ADJACENT = 0.1
# Of the lengths of the two steps.
_MAX_RATIO = 1e4
# Largest cosine of the angle between the two steps.
_MAX_COSINE = 0.2
# Ten degrees of longitude in UTM need the fourth degree to be within a hundredth of a step of 90 m.
_MAX_DEGREE = 5
# Points for each coefficient, and steps along an axis for each power above the first: fewer would leave the map
# between and beyond the points to chance.
_POINTS_PER_TERM, _STEPS_PER_POWER = 10, 8
_FITTED_POINTS = 1024
# A few points in about one line say nothing about the way across it; lower for the higher degrees, whose powers are
# nearly in one line by nature.
_THIN = (0.1, 1e-3)
# In steps: the steps are up to 4 % off at first if coordinates are rounded, and so is the first point.
_FIRST_WINDOW = 1.5
_GROWTH = (4.0, 2.0, 1.4, 1.1)
# By 5 % in a direction that no lattice is likely to have, and that does not halve the angle between its axes.
_STRETCH = np.eye(2) + 0.05 * np.outer([0.88, 0.48], [0.88, 0.48])
# Where the steps are looked for in a large file.
_N_PATCHES, _PATCH_SIZE = 4, 2000
_BLOCK = 262_144
# Of coefficients, relative to the extent: 4e-8 of a step over 10,000 cells.
_KEPT_BITS = 38


@dataclass(frozen=True)
class _PolynomialMap:
    """A map of the plane: ``coefficients[i, j]`` of u^i v^j, float64 (d, d, 2), with u and v scaled to [-1, 1]."""

    centre: FloatArray
    scale: FloatArray
    coefficients: FloatArray

    def __call__(self, places: npt.NDArray[Any]) -> FloatArray:
        """float64 (n, 2) -> (n, 2); elementwise operations only, so that equal places have images of equal bits."""
        images = np.empty((len(places), 2))
        for start in range(0, len(places), _BLOCK):
            u, v = ((places[start : start + _BLOCK] - self.centre) / self.scale).T
            for axis in (0, 1):
                images[start : start + _BLOCK, axis] = polyval2d(u, v, self.coefficients[..., axis])
        return images


@dataclass(frozen=True)
class Lattice:
    """Cells of a lattice.

    Attributes:
        index: int64 (n, 2), column and row of each point, from 0; repeated points share theirs.
        steps: float64 (2, 2), way to the next column and to the next row, at the middle of the lattice. The first is
            the one nearer to the direction of x; the second is to its left.
        is_aligned: whether x depends on the column only and y on the row only, to the last bit.
    """

    index: IntArray
    steps: FloatArray
    is_aligned: bool
    _place: _PolynomialMap

    def corner(self, index: IntArray) -> FloatArray:
        """Coordinates, float64 (m, 2), of the corner that the cell ``index`` shares with the cell before it.

        The cell (i, j) has the corners (i, j), (i + 1, j), (i + 1, j + 1) and (i, j + 1). The same corner always has
        the same coordinates, to the last bit.

        Args:
            index: int64 (m, 2), column and row.
        """
        return self._place(index - 0.5)


def find_lattice(points: FloatArray) -> Lattice | None:
    """The lattice whose cells have the given centres, or None if there is no such lattice.

    At least four points are needed, and two of them in each direction.

    Args:
        points: float64 (n, 2), finite, in degrees or metres.
    """
    aligned = _find_aligned(points)
    if aligned is not None:
        return aligned
    steps = _steps(points)
    if steps is None:
        return None
    index = _number(points, steps)
    if index is None:
        return None
    index -= index.min(axis=0)
    return _fitted(points, index)


def _find_aligned(points: FloatArray) -> Lattice | None:
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
    sample = _spread(cells)
    if min(np.isin(sample + step, cells).mean() for step in (1, width)) < _LEAST_ADJACENT:
        return None
    size = max(len(line.coefficients) for line in lines)
    coefficients = np.zeros((size, size, 2))
    coefficients[: len(lines[0].coefficients), 0, 0] = lines[0].coefficients
    coefficients[0, : len(lines[1].coefficients), 1] = lines[1].coefficients
    centre = np.array([line.last / 2 for line in lines])
    place = _PolynomialMap(centre, np.maximum(centre, 1.0), coefficients)
    steps = _steps_of(place)
    if np.linalg.cond(steps) > _MAX_RATIO:
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
    even = _rounded(np.array([(distinct[0] + distinct[-1]) / 2, step * half]), distinct)
    if float(np.abs(even[0] + even[1] * scaled - distinct).max()) < _NEGLIGIBLE * step:
        return _Line(float(distinct[0]), step, int(numbers[-1]), even)
    rows = _spread(np.arange(len(numbers)))
    fits: list[tuple[float, FloatArray]] = []
    for degree in range(1, min(_MAX_DEGREE, max(1, int(numbers[-1]) // _STEPS_PER_POWER)) + 1):
        if degree > 1 and _POINTS_PER_TERM * (degree + 1) > len(rows):
            break
        terms = np.vander(scaled[rows], degree + 1, increasing=True)
        coefficients = _rounded(np.linalg.lstsq(terms, distinct[rows], rcond=None)[0], distinct)
        fits.append((float(np.abs(polyval(scaled, coefficients) - distinct).max()) / step, coefficients))
        if fits[-1][0] < _NEGLIGIBLE:
            break
    enough = _HARDLY_BETTER * min(deviation for deviation, _ in fits) + _NEGLIGIBLE
    deviation, coefficients = next(fit for fit in fits if fit[0] <= enough)
    return _Line(float(distinct[0]), step, int(numbers[-1]), coefficients) if deviation <= _TOLERANCE else None


def _steps(points: FloatArray) -> FloatArray | None:
    """The two steps, columns first, from the points around a few places; None if there are none or oblique ones."""
    from kmeans.kdtree import build_kdtree  # Compiled: not needed by the aligned lattices of most files.
    from kmeans.neighbour_graph import lattice_steps

    sample = points
    if len(points) > _N_PATCHES * _PATCH_SIZE:
        patches = []
        for anchor in points[:: len(points) // _N_PATCHES][:_N_PATCHES]:
            distance = _larger(points - anchor)
            patches.append(points[np.argpartition(distance, _PATCH_SIZE)[:_PATCH_SIZE]])
        sample = np.concatenate(patches)
    # Complex numbers are sorted like pairs.
    places = np.unique(np.ascontiguousarray(sample).view(np.complex128)).view(np.float64).reshape(-1, 2)
    if len(places) < 4:
        return None
    steps = lattice_steps(build_kdtree(places, np.ones(len(places))))
    if steps is None:
        # In a square lattice rounding may decide which of two steps is the shorter one.
        steps = lattice_steps(build_kdtree(places @ _STRETCH, np.ones(len(places))))
        if steps is None:
            return None
        steps = steps @ np.linalg.inv(_STRETCH)
    first, second = steps
    # Where there are many holes the next point may be a diagonal neighbour.
    second = second - np.rint(first @ second / (first @ first)) * first
    lengths = np.hypot(*first), np.hypot(*second)
    if not abs(first @ second) < _MAX_COSINE * lengths[0] * lengths[1]:
        return None
    if abs(first[0]) * lengths[1] < abs(second[0]) * lengths[0]:
        first, second = second, first
    first = first if first[0] > 0 else -first
    is_left = first[0] * second[1] > first[1] * second[0]
    return np.array([first, second if is_left else -second])


def _number(points: FloatArray, steps: FloatArray) -> IntArray | None:
    """Column and row of each point relative to the first one, int64 (n, 2), or None if one is off the lattice.

    Points are numbered in growing windows around the first one: a tiny error of the steps, or a bend of the lattice,
    adds up over thousands of cells, but not from one window to the next when the map is fitted again in between.
    """
    # In steps from the first point: about the wanted numbers.
    places = (points - points[0]) @ np.linalg.inv(steps)
    distance = _larger(places)
    end = float(distance.max())
    index = np.zeros(points.shape, np.int64)
    correction = _PolynomialMap(np.zeros(2), np.ones(2), np.zeros((1, 1, 2)))
    done, window = -1.0, _FIRST_WINDOW
    while done < end:
        for factor in (1.0,) if done < 0 else _GROWTH:
            window = max(done, _FIRST_WINDOW) * factor
            rows = np.flatnonzero((distance > done) & (distance <= window))
            if _number_rows(rows, places, correction, index):
                break
        else:
            return None
        done = window
        rows = _spread(np.flatnonzero(distance <= window))
        # Fitting what the steps lack, not the whole, leaves them alone in a direction in which there are no points yet.
        correction = _simplest_fit(places[rows], index[rows] - places[rows])
    return index


def _number_rows(rows: IntArray, places: FloatArray, correction: _PolynomialMap, index: IntArray) -> bool:
    """Fill ``index`` in place for the given rows; False if one of them is nowhere near a place of the lattice."""
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        numbers = places[block]
        numbers += correction(numbers)
        nearest = np.rint(numbers)
        if (np.abs(numbers - nearest) > _EXTRAPOLATED_TOLERANCE).any():
            return False
        index[block] = nearest
    return True


def _simplest_fit(places: FloatArray, images: FloatArray) -> _PolynomialMap:
    """The polynomial of the lowest degree that fits about as well as any other."""
    fits = []
    for degree in range(1, _MAX_DEGREE + 1):
        powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
        if degree > 1 and _POINTS_PER_TERM * len(powers) > len(places):
            break
        fit = _fit(places, images, (powers, powers), _THIN[degree > 1])
        fits.append((np.sqrt(np.mean((fit(places) - images) ** 2)), fit))
        if fits[-1][0] < _ROUNDING:
            break
    return next(fit for error, fit in fits if error <= _HARDLY_BETTER * fits[-1][0])


def _fit(
    places: FloatArray, images: FloatArray, powers: tuple[list[tuple[int, int]], ...], thin: float | None = None
) -> _PolynomialMap:
    """Least-squares fit with the powers (i, j) for each coordinate of the images.

    Directions in which the places extend by less than the share ``thin`` of their largest extent get no slope.
    """
    lower, upper = places.min(axis=0), places.max(axis=0)
    centre, scale = (lower + upper) / 2, np.maximum((upper - lower) / 2, 1.0)
    size = max(max(pair) for axis in powers for pair in axis) + 1
    u, v = ((places - centre) / scale).T
    terms = polyvander2d(u, v, [size - 1, size - 1]).reshape(-1, size, size)
    coefficients = np.zeros((size, size, 2))
    for axis, pairs in enumerate(powers):
        i, j = np.array(pairs).T
        solution = np.linalg.lstsq(terms[:, i, j], images[:, axis], rcond=thin)[0]
        coefficients[i, j, axis] = _rounded(solution, images[:, axis])
    return _PolynomialMap(centre, scale, coefficients)


def _rounded(coefficients: npt.NDArray[Any], images: npt.NDArray[Any]) -> FloatArray:
    """The last bits of a fit differ from processor to processor, outputs must not."""
    quantum = np.exp2(np.floor(np.log2(np.ptp(images) or 1.0)) - _KEPT_BITS)
    return np.asarray(np.rint(coefficients / quantum) * quantum)


def _fitted(points: FloatArray, index: IntArray) -> Lattice | None:
    """The lattice with the simplest map from numbers to coordinates, or None if a point is too far from its place."""
    rows = _spread(np.arange(len(points)))
    places, targets = index[rows].astype(np.float64), points[rows]
    spans = index.max(axis=0)
    candidates: list[tuple[float, bool, _PolynomialMap]] = []
    for degree in range(1, _MAX_DEGREE + 1):
        highest = np.minimum(degree, np.maximum(1, spans // _STEPS_PER_POWER)).tolist()
        free = [(i, j) for i in range(highest[0] + 1) for j in range(highest[1] + 1) if i + j <= degree]
        if degree > 1 and _POINTS_PER_TERM * len(free) > len(rows):
            break
        x_only, y_only = [(i, 0) for i in range(highest[0] + 1)], [(0, j) for j in range(highest[1] + 1)]
        for is_aligned, powers in ((True, (x_only, y_only)), (False, (free, free))):
            place = _fit(places, targets, powers)
            candidates.append((_deviation(place, places, targets), is_aligned, place))
        least = min(deviation for deviation, _, _ in candidates)
        if least < _NEGLIGIBLE:
            break
    enough = _HARDLY_BETTER * least + _NEGLIGIBLE
    _, is_aligned, place = next(found for found in candidates if found[0] <= enough)
    if _deviation(place, index, points) > _TOLERANCE:
        return None
    return Lattice(index, _steps_of(place), is_aligned, place)


def _deviation(place: _PolynomialMap, index: FloatArray | IntArray, points: FloatArray) -> float:
    """Largest distance of a point from its place along either axis, in steps; infinite if the steps are parallel."""
    steps = _steps_of(place)
    if np.linalg.cond(steps) > _MAX_RATIO:
        return np.inf
    worst, to_steps = 0.0, np.linalg.inv(steps)
    for start in range(0, len(points), _BLOCK):
        block = slice(start, start + _BLOCK)
        worst = max(worst, float(np.abs((points[block] - place(index[block])) @ to_steps).max()))
    return worst


def _steps_of(place: _PolynomialMap) -> FloatArray:
    """Ways to the next column and row at the middle, float64 (2, 2)."""
    steps: FloatArray = np.array([place.coefficients[1, 0], place.coefficients[0, 1]]) / place.scale[:, None]
    return steps


def _larger(offsets: FloatArray) -> FloatArray:
    """The larger coordinate of each offset (n, 2), without signs; numpy's maximum along so short an axis is slow."""
    larger: FloatArray = np.maximum(np.abs(offsets[:, 0]), np.abs(offsets[:, 1]))
    return larger


def _spread(rows: IntArray) -> IntArray:
    """At most ``_FITTED_POINTS`` of the rows, always the same ones; every hundredth could be those of one column."""
    if len(rows) <= _FITTED_POINTS:
        return rows
    return rows[np.random.default_rng(0).integers(0, len(rows), _FITTED_POINTS)]
