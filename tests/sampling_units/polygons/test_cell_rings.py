import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling_units.polygons.cell_rings import trace_rings


def trace(picture, keeps_all=False):
    """Rings of a picture of labels, the first line at the bottom; -1 is no cell."""
    rows, columns = np.nonzero(picture >= 0)
    width = picture.shape[1] + 2
    return trace_rings((rows + 1) * width + columns + 1, picture[rows, columns], width, keeps_all=keeps_all)


def area(corners):
    x, y = corners.T
    return (x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2


@pytest.mark.small
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 7), st.integers(1, 3), st.booleans())
def test_rings_enclose_the_cells_of_their_region(seed, height, width, k, keeps_all):
    picture = np.random.default_rng(seed).integers(-1, k, (height, width))
    rings = trace(picture, keeps_all)
    areas = np.array([area(rings.corners[a:b]) for a, b in zip(rings.indptr[:-1], rings.indptr[1:], strict=True)])
    np.testing.assert_array_equal(areas < 0, rings.is_hole)
    # One exterior a region, and the cells of a label are those of its regions.
    np.testing.assert_array_equal(np.bincount(rings.region[~rings.is_hole], minlength=len(rings.label)), 1)
    by_region = np.bincount(rings.region, areas, len(rings.label)) if len(areas) else np.empty(0)
    for label in range(k):
        assert by_region[rings.label == label].sum() == np.count_nonzero(picture == label)
    for begin, end in zip(rings.indptr[:-1], rings.indptr[1:], strict=True):
        assert len(np.unique(rings.corners[begin:end], axis=0)) == end - begin


@pytest.mark.small
def test_corners_are_kept_where_a_ring_turns_or_another_border_ends():
    picture = np.array([[0, 0], [1, 2]])
    rings = trace(picture)
    first = rings.corners[rings.indptr[0] : rings.indptr[1]] - 1
    assert sorted(map(tuple, first.tolist())) == [(0, 0), (0, 1), (1, 1), (2, 0), (2, 1)]
    every = trace(picture, keeps_all=True)
    assert every.indptr[1] == 6
