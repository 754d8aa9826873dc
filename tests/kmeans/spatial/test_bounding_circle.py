import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from kmeans.spatial.bounding_circle import bounding_circle, cluster_radii
from tests.support import references

coordinate = st.one_of(st.integers(-4, 4).map(float), st.floats(-1e3, 1e3))


@pytest.mark.small
@given(st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=12))
def test_circle_is_the_smallest(points):
    points = np.array(points)
    x, y, radius = bounding_circle(points[:, 0].copy(), points[:, 1].copy())
    assert (np.linalg.norm(points - [x, y], axis=1) <= radius * (1 + 1e-9) + 1e-9).all()
    assert radius == pytest.approx(references.bounding_radius(points), rel=1e-6, abs=1e-6)


def test_radii_of_many_clusters_equal_shapelys():
    rng = np.random.default_rng(0)
    points, labels = rng.normal(0, 1000, (5000, 2)), rng.integers(0, 40, 5000)
    radii = cluster_radii(points[:, 0].copy(), points[:, 1].copy(), labels, 41)
    expected = [shapely.minimum_bounding_radius(shapely.multipoints(points[labels == j])) for j in range(40)]
    np.testing.assert_allclose(radii[:40], expected, rtol=1e-9)
    assert radii[40] == 0


@pytest.mark.parametrize("scale", [1e-6, 1e-3, 0.1, 1, 1e3])
def test_small_circles_far_from_the_origin_keep_their_digits(scale):
    rng = np.random.default_rng(0)
    for _ in range(200):
        points = rng.normal(0, scale, (6, 2)) + np.array([5e5, 7e6])
        radius = cluster_radii(points[:, 0].copy(), points[:, 1].copy(), np.zeros(6, np.int64), 1)[0]
        # The coordinates themselves are only good to a nanometre there.
        assert radius == pytest.approx(references.bounding_radius(points - points[0]), rel=1e-6, abs=1e-8)


def test_many_points_on_one_circle_end():
    angle = np.linspace(0, 2 * np.pi, 1000)
    _, _, radius = bounding_circle(np.cos(angle) * 1e5 + 7e6, np.sin(angle) * 1e5)
    assert radius == pytest.approx(1e5, rel=1e-9)
