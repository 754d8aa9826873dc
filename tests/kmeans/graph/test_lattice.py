"""Lattices are recognised whatever was done to their coordinates, and nothing else is."""

import numpy as np
import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans.graph.lattice.recognition import find_lattice

UTM = pyproj.Transformer.from_crs(4326, 32651, always_xy=True)
MANILA = np.array([121.0, 14.0])


def cells(columns, rows):
    """Column and row of every cell, row after row."""
    column, row = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.column_stack([column.ravel(), row.ravel()])


def scattered_cells(columns, rows, share, seed=0):
    """A share of the cells, shuffled."""
    everything = cells(columns, rows)
    rng = np.random.default_rng(seed)
    return everything[rng.permutation(len(everything))[: int(share * len(everything))]]


def numbered(points, index):
    """The lattice of the points, after a look at whether its numbers are those of ``index``."""
    lattice = find_lattice(points)
    assert lattice is not None
    assert lattice.index.dtype == np.int64
    np.testing.assert_array_equal(lattice.index, index - index.min(axis=0))
    return lattice


def centres(lattice):
    """Middles of the four corners of every cell."""
    return sum(lattice.corner(lattice.index + step) for step in ([0, 0], [1, 0], [0, 1], [1, 1])) / 4


@pytest.mark.parametrize("share", [1.0, 0.85, 0.5])
@pytest.mark.parametrize("spacing", [(92, 92), (92, 46), (30, 100)])
@pytest.mark.parametrize("angle", [0.0, 0.3, -0.7])
def test_holes_spacing_and_angle(share, spacing, angle):
    index = scattered_cells(25, 30, share)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = index * spacing @ turn + [3e5, 1.6e6]
    lattice = numbered(points, index)
    assert lattice.is_aligned == (angle == 0)
    np.testing.assert_allclose(lattice.steps, np.diag(spacing) @ turn, atol=1e-6)
    np.testing.assert_allclose(centres(lattice), points, atol=1e-6)


def test_repeated_points_share_a_cell():
    index = np.repeat(cells(6, 5), 3, axis=0)
    numbered(index / 1200 + MANILA, index)


def test_islands_far_apart_are_on_one_lattice():
    island = cells(20, 15)
    index = np.concatenate([island, island + np.array([4000, 10]), island[:1] + np.array([700, 9000])])
    numbered(index / 1200 + [121, 5], index)


def test_islands_on_a_bent_lattice():
    island = cells(40, 30)
    index = np.concatenate([island, island + np.array([800, 10]), island + np.array([30, -900])])
    lattice = numbered(np.column_stack(UTM.transform(*(index / 1200 + MANILA).T)), index)
    assert not lattice.is_aligned


@pytest.mark.parametrize("step", [1 / 1200, 1 / 3600])
@pytest.mark.parametrize("west", [-179.5, 5.0, 121.0])
def test_coordinates_in_32_bits(step, west):
    index = scattered_cells(500, 40, 0.5)
    points = (index * step + [west, 14]).astype(np.float32).astype(np.float64)
    lattice = numbered(points, index)
    assert lattice.is_aligned
    # The error of the step must not add up: rounding is at most 0.03 steps anywhere.
    np.testing.assert_allclose(centres(lattice), index * step + [west, 14], atol=0.01 * step)


# Cases in which windows have to grow slowly.
@pytest.mark.parametrize(("share", "seed"), [(0.4, 22), (0.4, 23), (0.5, 11), (0.6, 14)])
def test_coordinates_with_four_decimals(share, seed):
    index = scattered_cells(120, 80, share, seed)
    assert numbered(np.round(index / 1200 + MANILA, 4), index).is_aligned


@pytest.mark.parametrize(("share", "seed"), [(0.4, 93), (0.4, 106), (0.5, 170)])
def test_the_first_few_points_may_be_on_one_line(share, seed):
    index = scattered_cells(60, 50, share, seed)
    numbered(index / 1200 + MANILA, index)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (92.0, 60.0)])
def test_the_next_row_may_start_at_the_diagonal_neighbour(spacing):
    index = np.concatenate([cells(2, 1) + np.array([2 * row, row]) for row in range(15)])
    numbered(index * spacing, index)


def test_few_cells_that_hang_together():
    rng = np.random.default_rng(0)
    n_found = 0
    for _ in range(100):
        taken = {(0, 0)}
        while len(taken) < 20:
            column, row = sorted(taken)[rng.integers(len(taken))]
            step = [(0, 1), (1, 0), (0, -1), (-1, 0)][rng.integers(4)]
            taken.add((column + step[0], row + step[1]))
        index = np.array(sorted(taken))
        lattice = find_lattice(index / 1200 + MANILA)
        n_found += lattice is not None and np.array_equal(lattice.index, index - index.min(axis=0))
    assert n_found == 100


def test_the_sample_of_a_large_file_is_not_all_one_column():
    # Every 100th cell would be.
    index = cells(100, 1024)
    numbered(index / 1200 + MANILA, index)


@pytest.mark.parametrize("corner", [(121.0, 14.0), (126.0, 60.0)])
def test_degrees_in_metres_and_metres_in_degrees_are_bent(corner):
    index = scattered_cells(450, 350, 0.6)
    in_metres = np.column_stack(UTM.transform(*(index / 1200 + corner).T))
    in_degrees = np.column_stack(UTM.transform(*(index * 90.0 + UTM.transform(*corner)).T, direction="INVERSE"))
    for points in (in_metres, in_degrees):
        lattice = numbered(points, index)
        assert not lattice.is_aligned
        step = np.hypot(*lattice.steps.T).min()
        np.testing.assert_allclose(centres(lattice), points, atol=0.02 * step)
    # Corners are where the projection puts them.
    lattice = find_lattice(in_metres)
    exact = np.column_stack(UTM.transform(*((lattice.index - 0.5) / 1200 + corner).T))
    np.testing.assert_allclose(lattice.corner(lattice.index), exact, atol=2.0)


def test_a_bent_strip_of_two_rows():
    # What rows do beyond the first power cannot be told from two of them.
    index = cells(1000, 2)
    lattice = numbered(np.column_stack(UTM.transform(*(index / 1200 + MANILA).T)), index)
    exact = np.column_stack(UTM.transform(*((lattice.index - 0.5) / 1200 + MANILA).T))
    np.testing.assert_allclose(lattice.corner(lattice.index), exact, atol=2.0)


def test_mercator_in_degrees_keeps_its_axes():
    index = scattered_cells(300, 300, 0.6)
    mercator = pyproj.Transformer.from_crs(3857, 4326, always_xy=True)
    points = np.column_stack(mercator.transform(*(index * 90.0 + [1.3e7, 1.6e6]).T))
    assert numbered(points, index).is_aligned


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_corners_of_an_aligned_lattice_depend_on_one_number_each_to_the_last_bit(share):
    index = scattered_cells(70, 50, share)
    lattice = find_lattice(index / 1200 + MANILA)
    x, y = lattice.corner(cells(71, 51)).reshape(51, 71, 2).transpose(2, 0, 1)
    assert (x == x[:1]).all()
    assert (y == y[:, :1]).all()
    np.testing.assert_allclose(np.diff(x[0]), 1 / 1200, rtol=1e-6)
    np.testing.assert_allclose(np.diff(y[:, 0]), 1 / 1200, rtol=1e-6)


def test_a_corner_has_the_same_bits_in_any_company():
    index = scattered_cells(90, 90, 0.5)
    lattice = find_lattice(np.column_stack(UTM.transform(*(index / 1200 + MANILA).T)))
    together = lattice.corner(cells(91, 91))
    alone = np.concatenate([lattice.corner(number[None]) for number in cells(91, 91)])
    assert (together == alone).all()


def hexagons(n):
    index = cells(n, n).astype(float)
    return np.column_stack([index[:, 0] + index[:, 1] % 2 / 2, index[:, 1] * 0.75**0.5])


def one_astray():
    points = cells(30, 30) / 1200.0
    points[450, 0] += 0.2 / 1200
    return points


@pytest.mark.parametrize(
    "points",
    [
        np.empty((0, 2)),
        np.zeros((1, 2)),
        np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]),
        np.zeros((40, 2)),
        np.column_stack([np.arange(40.0), np.zeros(40)]),
        np.random.default_rng(0).uniform(0, 1000, (40, 2)),
        np.random.default_rng(0).uniform(0, 1000, (9000, 2)),
        hexagons(30),
        cells(30, 30) @ np.array([[1.0, 0.0], [0.3, 1.0]]),
        one_astray(),
    ],
    ids=["none", "one", "three", "one place", "line", "few", "many", "hexagons", "oblique", "one astray"],
)
def test_anything_else_is_no_lattice(points):
    assert find_lattice(points) is None


def test_a_checkerboard_is_a_lattice_at_45_degrees():
    column, row = np.meshgrid(np.arange(20), np.arange(20))
    is_black = (column + row) % 2 == 0
    lattice = find_lattice(np.column_stack([column[is_black], row[is_black]]) / 1200 + MANILA)
    assert not lattice.is_aligned
    np.testing.assert_allclose(np.abs(lattice.steps) * 1200, 1)


@pytest.mark.parametrize(
    "points", [[[2, 2], [0, 0], [1, 1], [1, 3]], [[3, 2], [2, 1], [1, 0], [0, 1]], [[2, 0], [1, 3], [1, 1], [0, 2]]]
)
def test_four_points_on_a_lattice_at_45_degrees(points):
    lattice = find_lattice(np.array(points, np.float64))
    assert not lattice.is_aligned
    np.testing.assert_allclose(np.abs(lattice.steps), 1)


@given(st.integers(0, 10**6), st.integers(4, 14), st.sampled_from([0.0, 1e-6, 1e-3, 0.05]), st.sampled_from([1, 2, 8]))
def test_whatever_the_points_each_is_near_its_cell(seed, n, noise, extent):
    rng = np.random.default_rng(seed)
    points = rng.integers(0, [8, extent], (n, 2)) + rng.normal(0, 1, (n, 2)) * noise
    if seed % 3 == 0:
        points[:-1, 1] = points[:-1, 0]
    lattice = find_lattice(points)
    if lattice is not None:
        assert np.abs((points - centres(lattice)) @ np.linalg.inv(lattice.steps)).max() <= 0.1 + 1e-9
        assert len(np.unique(lattice.index[:, 0])) > 1
        assert len(np.unique(lattice.index[:, 1])) > 1
