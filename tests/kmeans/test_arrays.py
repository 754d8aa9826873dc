"""Arrays that would be taken for others are refused by every public function."""

import numpy as np
import pytest

from kmeans import (
    BalancedKMeans,
    Footprints,
    InvalidArray,
    InvalidPoint,
    InvalidWeight,
    Parameters,
    build_kdtree,
    cluster,
    cluster_groups,
    initial_centroids,
    lloyd,
)

MASKED = np.ma.array(np.zeros((4, 2)), mask=[[False, True]] * 4)
WRONG_POINTS = {
    "three columns": (np.zeros((4, 3)), r"\(n, 2\), not \(4, 3\)"),
    "flat": (np.zeros(8), r"\(n, 2\), not \(8,\)"),
    "one number": (np.float64(3.0), r"\(n, 2\), not \(\)"),
    "three dimensions": (np.zeros((2, 2, 2)), r"\(n, 2\), not \(2, 2, 2\)"),
    "masked": (MASKED, "masked"),
    "objects": (np.zeros((4, 2), object), "real numbers, not of the type object"),
    "complex": (np.zeros((4, 2), complex), "Complex data not supported"),
    "text": (np.full((4, 2), "1.0"), "real numbers"),
    "dates": (np.zeros((4, 2), "datetime64[s]"), "real numbers"),
}
FUNCTIONS = {
    "cluster": lambda points, weights: cluster(points, weights, Parameters(2.0)),
    "cluster_groups": lambda points, weights: cluster_groups(points, weights, [0, 0, 1, 1], Parameters(2.0)),
    "BalancedKMeans": lambda points, weights: BalancedKMeans(target_weight=2.0).fit(points, sample_weight=weights),
    "build_kdtree": lambda points, weights: build_kdtree(points, np.ones(4) if weights is None else weights),
    "lloyd": lambda points, weights: lloyd(points, 2, weights),
    "initial_centroids": lambda points, weights: initial_centroids(points, 2, weights),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
@pytest.mark.parametrize(("points", "message"), WRONG_POINTS.values(), ids=list(WRONG_POINTS))
def test_wrong_points_are_refused(function, points, message):
    with pytest.raises(InvalidArray, match=message) as caught:
        function(points, None)
    assert caught.value.name == "points"


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=list(FUNCTIONS))
@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones(3), "as many weights"),
        (np.ones((4, 1)), "as many weights"),
        (np.float64(1.0), "as many weights"),
        (np.ma.array(np.ones(4), mask=[False, True, False, False]), "masked"),
        (np.ones(4, object), "real numbers"),
        (np.ones(4, complex), "Complex data not supported"),
    ],
    ids=["too few", "column", "one number", "masked", "objects", "complex"],
)
def test_wrong_weights_are_refused(function, weights, message):
    with pytest.raises(InvalidArray, match=message) as caught:
        function(np.arange(8.0).reshape(4, 2), weights)
    assert caught.value.name == "weights"


def test_masked_arrays_without_masked_entries_lists_and_whole_numbers_are_arrays():
    points = np.arange(8.0).reshape(4, 2)
    expected = cluster(points, np.ones(4), Parameters(2.0)).labels
    for same in (np.ma.array(points), points.tolist(), points.astype(np.int16), np.asfortranarray(points)):
        np.testing.assert_array_equal(cluster(same, [True] * 4, Parameters(2.0)).labels, expected)


def test_other_arrays_are_refused():
    points = np.arange(8.0).reshape(4, 2)
    with pytest.raises(InvalidArray, match="cells: the values have to be whole numbers"):
        cluster(points, None, Parameters(2.0), cells=points + 0.5)
    with pytest.raises(InvalidArray, match="groups: the values have to be whole numbers"):
        cluster_groups(points, None, [0.0, 0.0, 1.0, 1.5], Parameters(2.0))
    with pytest.raises(InvalidArray, match=r"footprints\.corners"):
        cluster(points, None, Parameters(2.0), Footprints(np.arange(5), points.astype(object)))
    with pytest.raises(InvalidArray, match="centroids: the shape"):
        lloyd(points, np.zeros((2, 3)))


def test_sound_shapes_with_unsound_values_name_the_row():
    points = np.zeros((5, 2))
    points[3, 1] = np.nan
    with pytest.raises(InvalidPoint, match="row 3"):
        lloyd(points, 2)
    with pytest.raises(InvalidWeight, match="row 2"):
        initial_centroids(np.zeros((5, 2)), 2, [1, 1, -1, 1, 1])
