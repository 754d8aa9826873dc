"""Recognises points that are the centres of the cells of a lattice, and numbers them by column and row.

The lattice may have holes, islands and repeated points, be rotated, and be bent a little by a projection: its map from
numbers to coordinates is the simplest polynomial that fits. Oblique lattices, such as hexagons, are not recognised.
"""

import numpy as np
from numpy.polynomial.polynomial import polyvander2d

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.lattice import limits
from kmeans.graph.lattice.aligned import find_aligned
from kmeans.graph.lattice.polynomial_map import (
    BLOCK,
    Lattice,
    PolynomialMap,
    elongation,
    rounded,
    spread,
    steps_of,
)

# The tolerance while the map is extrapolated to points that it was not fitted to, in steps.
_EXTRAPOLATED_TOLERANCE = 0.35
# Error of an extrapolated map that is negligible, in steps: rounding of coordinates has this effect.
_ROUNDING = 1e-6
# Largest cosine of the angle between the two steps.
_MAX_COSINE = 0.2
# A few points in about one line say nothing about the other direction; lower for the higher degrees, whose powers are
# always nearly in one line.
_THIN = (0.1, 1e-3)
# In steps. If coordinates are rounded, the first steps and the first point are up to 4 % wrong.
_FIRST_WINDOW = 1.5
_GROWTH = (4.0, 2.0, 1.4, 1.1)
# By 5 % in a direction that no lattice is likely to have, and that does not halve the angle between its axes.
_STRETCH = np.eye(2) + 0.05 * np.outer([0.88, 0.48], [0.88, 0.48])
# Where the steps are looked for in a large file.
_N_PATCHES, _PATCH_SIZE = 4, 2000


def find_lattice(points: FloatArray) -> Lattice | None:
    """The lattice whose cells have the given centres, or None if there is no such lattice.

    At least four points are needed, and two of them in each direction.

    >>> found = find_lattice(np.array([[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]]))
    >>> found.index.tolist(), found.is_aligned
    ([[0, 0], [1, 0], [0, 1], [1, 1]], True)

    Args:
        points: float64 (n, 2), finite, in degrees or metres.
    """
    aligned = find_aligned(points)
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


def _steps(points: FloatArray) -> FloatArray | None:
    """The two steps, columns first, from the points around a few of them; None if there are none or oblique ones."""
    from kmeans.graph.lattice.steps import lattice_steps
    from kmeans.spatial.kdtree import build_kdtree  # Not needed by the aligned lattices of most files.

    sample = points
    if len(points) > _N_PATCHES * _PATCH_SIZE:
        patches = []
        for anchor in points[:: len(points) // _N_PATCHES][:_N_PATCHES]:
            distance = _larger(points - anchor)
            patches.append(points[np.argpartition(distance, _PATCH_SIZE)[:_PATCH_SIZE]])
        sample = np.concatenate(patches)
    # Complex numbers are sorted like pairs.
    sites = np.unique(np.ascontiguousarray(sample).view(np.complex128)).view(np.float64).reshape(-1, 2)
    if len(sites) < 4:
        return None
    steps = lattice_steps(build_kdtree(sites, np.ones(len(sites))))
    if steps is None:
        # In a square lattice rounding may decide which of two steps is the shorter one.
        steps = lattice_steps(build_kdtree(sites @ _STRETCH, np.ones(len(sites))))
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
    coordinates = (points - points[0]) @ np.linalg.inv(steps)
    distance = _larger(coordinates)
    end = float(distance.max())
    index = np.zeros(points.shape, np.int64)
    correction = PolynomialMap(np.zeros(2), np.ones(2), np.zeros((1, 1, 2)))
    done, window = -1.0, _FIRST_WINDOW
    while done < end:
        for factor in (1.0,) if done < 0 else _GROWTH:
            window = max(done, _FIRST_WINDOW) * factor
            rows = np.flatnonzero((distance > done) & (distance <= window))
            if _number_rows(rows, coordinates, correction, index):
                break
        else:
            return None
        done = window
        rows = spread(np.flatnonzero(distance <= window))
        # Fitting what the steps lack, not the whole, leaves them alone in a direction in which there are no points yet.
        correction = _simplest_fit(coordinates[rows], index[rows] - coordinates[rows])
    return index


def _number_rows(rows: IntArray, coordinates: FloatArray, correction: PolynomialMap, index: IntArray) -> bool:
    """Fill ``index`` in place for the given rows; False if one of them is not near a site of the lattice."""
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        numbers = coordinates[block]
        numbers += correction(numbers)
        nearest = np.rint(numbers)
        if (np.abs(numbers - nearest) > _EXTRAPOLATED_TOLERANCE).any():
            return False
        index[block] = nearest
    return True


def _simplest_fit(points: FloatArray, images: FloatArray) -> PolynomialMap:
    """The polynomial of the lowest degree that fits about as well as any other."""
    fits = []
    for degree in range(1, limits.MAX_DEGREE + 1):
        powers = [(i, j) for i in range(degree + 1) for j in range(degree + 1 - i)]
        if degree > 1 and limits.POINTS_PER_TERM * len(powers) > len(points):
            break
        fit = _fit(points, images, (powers, powers), _THIN[degree > 1])
        fits.append((np.sqrt(np.mean((fit(points) - images) ** 2)), fit))
        if fits[-1][0] < _ROUNDING:
            break
    return next(fit for error, fit in fits if error <= limits.HARDLY_BETTER * fits[-1][0])


def _fit(
    points: FloatArray, images: FloatArray, powers: tuple[list[tuple[int, int]], ...], thin: float | None = None
) -> PolynomialMap:
    """Least-squares fit with the powers (i, j) for each coordinate of the images.

    Directions in which the points extend by less than the share ``thin`` of their largest extent get no slope.
    """
    lower, upper = points.min(axis=0), points.max(axis=0)
    centre, scale = (lower + upper) / 2, np.maximum((upper - lower) / 2, 1.0)
    size = max(max(pair) for axis in powers for pair in axis) + 1
    u, v = ((points - centre) / scale).T
    terms = polyvander2d(u, v, [size - 1, size - 1]).reshape(-1, size, size)
    coefficients = np.zeros((size, size, 2))
    for axis, pairs in enumerate(powers):
        i, j = np.array(pairs).T
        solution = np.linalg.lstsq(terms[:, i, j], images[:, axis], rcond=thin)[0]
        coefficients[i, j, axis] = rounded(solution, float(np.ptp(images[:, axis])))
    return PolynomialMap(centre, scale, coefficients)


def _fitted(points: FloatArray, index: IntArray) -> Lattice | None:
    """The lattice with the simplest map from numbers to coordinates, or None if a point is too far from its site."""
    rows = spread(np.arange(len(points)))
    numbers, targets = index[rows].astype(np.float64), points[rows]
    spans = index.max(axis=0)
    candidates: list[tuple[float, bool, PolynomialMap]] = []
    for degree in range(1, limits.MAX_DEGREE + 1):
        highest = np.minimum(degree, np.maximum(1, spans // limits.STEPS_PER_POWER)).tolist()
        free = [(i, j) for i in range(highest[0] + 1) for j in range(highest[1] + 1) if i + j <= degree]
        if degree > 1 and limits.POINTS_PER_TERM * len(free) > len(rows):
            break
        x_only, y_only = [(i, 0) for i in range(highest[0] + 1)], [(0, j) for j in range(highest[1] + 1)]
        for is_aligned, powers in ((True, (x_only, y_only)), (False, (free, free))):
            to_coordinates = _fit(numbers, targets, powers)
            candidates.append((_deviation(to_coordinates, numbers, targets), is_aligned, to_coordinates))
        least = min(deviation for deviation, _, _ in candidates)
        if least < limits.NEGLIGIBLE:
            break
    enough = limits.HARDLY_BETTER * least + limits.NEGLIGIBLE
    _, is_aligned, to_coordinates = next(found for found in candidates if found[0] <= enough)
    if _deviation(to_coordinates, index, points) > limits.TOLERANCE:
        return None
    return Lattice(index, steps_of(to_coordinates), is_aligned, to_coordinates)


def _deviation(to_coordinates: PolynomialMap, index: FloatArray | IntArray, points: FloatArray) -> float:
    """Largest distance of a point from its site along either axis, in steps; infinite if the steps are parallel."""
    steps = steps_of(to_coordinates)
    if elongation(steps) > limits.MAX_RATIO:
        return np.inf
    worst, to_steps = 0.0, np.linalg.inv(steps)
    for start in range(0, len(points), BLOCK):
        block = slice(start, start + BLOCK)
        worst = max(worst, float(np.abs((points[block] - to_coordinates(index[block])) @ to_steps).max()))
    return worst


def _larger(offsets: FloatArray) -> FloatArray:
    """The larger coordinate of each offset (n, 2), without signs; numpy's maximum along so short an axis is slow."""
    larger: FloatArray = np.maximum(np.abs(offsets[:, 0]), np.abs(offsets[:, 1]))
    return larger
