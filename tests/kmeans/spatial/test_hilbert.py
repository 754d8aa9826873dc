import numpy as np
import pytest

from kmeans.spatial.hilbert import hilbert_order


@pytest.mark.small
def test_a_square_lattice_is_walked_in_single_steps():
    x, y = np.meshgrid(np.arange(16.0), np.arange(16.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    walked = points[hilbert_order(points)]
    np.testing.assert_array_equal(np.abs(np.diff(walked, axis=0)).sum(axis=1), 1)


def test_order_does_not_depend_on_the_order_of_the_rows():
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 1e5, (500, 2))
    shuffled = rng.permutation(500)
    np.testing.assert_array_equal(points[hilbert_order(points)], points[shuffled][hilbert_order(points[shuffled])])


def test_one_place_is_a_valid_curve():
    assert sorted(hilbert_order(np.zeros((3, 2)))) == [0, 1, 2]
