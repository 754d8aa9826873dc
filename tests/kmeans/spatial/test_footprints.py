"""Radii that cover whole geometries, against shapely."""

import itertools
from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from kmeans import Footprints, InvalidPoint, Parameters, Status, cluster, diagnose
from kmeans.search import cluster_count, component_search
from kmeans.spatial import csr
from tests.support.populations import buildings, district


def block(columns, rows, at=(0, 0)):
    x, y = np.meshgrid(np.arange(columns) + at[0], np.arange(rows) + at[1])
    return np.column_stack([x.ravel(), y.ravel()]).astype(float)


def squares(points, side):
    """Footprints of squares around the points; ``side`` is one number or one for each point."""
    half = np.broadcast_to(side, len(points))[:, None, None] / 2
    corners = points[:, None, :] + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    return Footprints(4 * np.arange(len(points) + 1), corners.reshape(-1, 2))


def points_as_outlines(points):
    return Footprints(np.arange(len(points) + 1), points)


def radii_by_shapely(footprints, labels):
    row = np.repeat(labels, np.diff(footprints.indptr))
    clusters = [shapely.multipoints(footprints.corners[row == j]) for j in range(labels.max() + 1)]
    return shapely.minimum_bounding_radius(clusters)


def assert_equal(found, expected):
    for field in fields(found):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(expected, field.name), err_msg=field.name)


@pytest.mark.parametrize(
    "wishes",
    [{}, {"radius": 900.0}, {"radius": 900.0, "bridge": True}, {"max_radius": 500.0}],
    ids=["weight only", "radius", "bridged", "largest radius"],
)
@pytest.mark.parametrize("seed", range(3))
def test_outlines_that_are_the_points_change_nothing(seed, wishes):
    points, weights = district(np.random.default_rng(seed), 800)
    points = points * 92 + [5e5, 1.6e6]
    weights[: len(weights) // 100] *= 1000  # Points too heavy alone are a way of their own through the code.
    params = Parameters(weights.sum() / 20, **wishes)
    assert_equal(cluster(points, weights, params, points_as_outlines(points)), cluster(points, weights, params))


def test_outlines_that_are_the_points_have_the_same_radii_to_the_last_digit(monkeypatch):
    """Otherwise rounding would choose between divisions that are equally good."""
    rng = np.random.default_rng(0)
    points = np.vstack([buildings(rng, 300)[0] + [5e5, 1.6e6], block(5, 5, at=(1e6 / 3, 1e7 / 3)) * 100])
    seen = []

    def objective(weights, radii, params):
        seen.append(radii)
        return cluster_count.objective(weights, radii, params)

    monkeypatch.setattr(component_search, "objective", objective)
    for footprints in (None, points_as_outlines(points)):
        cluster(points, None, Parameters(30, radius=100), footprints)
    half = len(seen) // 2
    assert half > 2
    for without, with_outlines in zip(seen[:half], seen[half:], strict=True):
        np.testing.assert_array_equal(without, with_outlines)


@pytest.mark.small
def test_outlines_that_are_the_points_change_nothing_in_plain_python():
    points, weights = np.vstack([block(5, 5), block(2, 2, at=(9, 0))]), np.ones(29)
    params = Parameters(8, radius=1.0, max_radius=2.0)
    assert_equal(cluster(points, weights, params, points_as_outlines(points)), cluster(points, weights, params))


def test_the_radius_is_that_of_all_corners():
    rng = np.random.default_rng(0)
    points, weights = buildings(rng, 600)
    first = np.concatenate([[0], np.cumsum(rng.integers(1, 9, 600))])
    footprints = Footprints(first, np.repeat(points, np.diff(first), axis=0) + rng.normal(0, 40, (first[-1], 2)))
    found = cluster(points, weights, Parameters(30, radius=300), footprints)
    np.testing.assert_allclose(found.radius, radii_by_shapely(footprints, found.labels), rtol=1e-9)
    assert (found.status == Status.RADIUS_ABOVE_TARGET).tolist() == (found.radius > 300).tolist()


def test_the_number_of_clusters_is_chosen_for_the_whole_geometries():
    points = block(30, 30) * 100.0
    params = Parameters(60, min_weight=15, max_weight=120, radius=450, weight_importance=0.1)
    wide = cluster(points, None, params, squares(points, 300.0))
    assert wide.n_clusters > cluster(points, None, params).n_clusters
    assert wide.radius.max() < 600


def test_clusters_do_not_depend_on_the_order_of_rows_in_one_place():
    rng = np.random.default_rng(1)
    points = np.repeat(block(12, 12) * 50.0, 3, axis=0)
    footprints = squares(points, np.tile([1.0, 30.0, 400.0], 144))
    params = Parameters(20, radius=100, max_radius=150)
    order = rng.permutation(len(points))
    straight = cluster(points, None, params, footprints)
    shuffled = cluster(points[order], None, params, footprints.of_rows(order))
    np.testing.assert_array_equal(straight.labels[order], shuffled.labels)


class TestLargestRadius:
    """What cannot be cut further ends the cutting, and says why."""

    def test_is_kept_by_all_corners(self):
        points = block(20, 20) * 100.0
        footprints = squares(points, 100.0)
        found = cluster(points, None, Parameters(100, max_radius=300), footprints)
        assert radii_by_shapely(footprints, found.labels).max() <= 300
        assert set(found.status) <= {Status.OK, Status.RADIUS_LIMITED}
        assert cluster(points, None, Parameters(100, max_radius=300)).n_clusters < found.n_clusters

    @pytest.mark.parametrize(
        ("weight", "status", "is_in_range"),
        [
            (1.0, Status.POINT_ABOVE_MAX_RADIUS, False),
            (30.0, Status.POINT_ABOVE_MAX_RADIUS, True),
            (90.0, Status.POINT_ABOVE_MAX, False),
            (0.0, Status.ZERO_WEIGHT, False),
        ],
    )
    def test_a_geometry_wider_alone_stands_alone(self, weight, status, is_in_range):
        points, weights = block(20, 20) * 100.0, np.ones(400)
        weights[210] = weight
        side = np.full(400, 100.0)
        side[210] = 5000.0
        params = Parameters(30, max_radius=800)
        found = cluster(points, weights, params, squares(points, side))
        own = found.labels[210]
        assert (found.n_points[own], found.status[own], found.in_range[own]) == (1, status, is_in_range)
        assert found.radius[own] == pytest.approx(2500 * np.sqrt(2))
        assert np.delete(found.radius, own).max() <= 800
        # Its neighbours are not cut in ever smaller slices to get at it.
        assert set(np.delete(found.status, own)) <= {Status.OK, Status.RADIUS_LIMITED}
        assert Counter(found.status)[Status.RADIUS_LIMITED] <= 1
        assert found.n_clusters <= 401 / 22.5

    @pytest.mark.small
    def test_is_explained(self):
        points = block(3, 3) * 100.0
        params = Parameters(3, max_radius=50)
        found = cluster(points, None, params, squares(points, 100.0))
        assert list(found.status) == [Status.POINT_ABOVE_MAX_RADIUS] * 9
        (finding,) = diagnose(found, params)
        assert (finding.status, finding.n_clusters, finding.weight) == ("point_above_max_radius", 9, 9)
        assert "wider than the largest allowed radius" in finding.text

    @pytest.mark.small
    def test_geometries_in_one_place_that_are_wide_only_together_are_parted(self):
        points = np.zeros((4, 2))
        # Arms from the common place to the east, north, west and south.
        ends = 100 * np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
        footprints = Footprints(2 * np.arange(5), np.hstack([points, ends]).reshape(-1, 2))
        found = cluster(points, None, Parameters(4, max_radius=80), footprints)
        assert found.radius.max() <= 80
        assert set(found.status) == {Status.RADIUS_LIMITED}

    def test_a_wide_island_too_light_to_stand_alone_is_named_for_its_width(self):
        points = np.vstack([block(10, 10) * 100, [[5000.0, 0.0]]])
        found = cluster(points, None, Parameters(20, max_radius=400), squares(points, np.append(np.ones(100), 2000)))
        assert found.status[found.labels[100]] == Status.POINT_ABOVE_MAX_RADIUS


@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([1.0, 30.0, 500.0]), st.booleans())
def test_the_largest_radius_is_kept_or_its_one_geometry_is_named(seed, n, max_radius, bridge):
    rng = np.random.default_rng(seed)
    points = rng.choice([rng.integers(0, 5, (n, 2)) * 100.0, rng.uniform(0, 1e4, (n, 2)), np.zeros((n, 2))])
    weights = rng.choice([0.0, 1.0, 3.0, 30.0], n)
    counts = rng.integers(1, 6, n)
    corners = np.repeat(points, counts, axis=0) + rng.normal(0, rng.choice([1, 20, 300]), (counts.sum(), 2))
    footprints = Footprints(np.concatenate([[0], np.cumsum(counts)]), corners)
    found = cluster(points, weights, Parameters(5, max_radius=max_radius, bridge=bridge), footprints)
    named = (Status.POINT_ABOVE_MAX_RADIUS, Status.POINT_ABOVE_MAX, Status.ZERO_WEIGHT)
    for radius, n_points, status in zip(found.radius, found.n_points, found.status, strict=True):
        assert radius <= max_radius * (1 + 1e-9) or (n_points == 1 and status in named)
        assert status != Status.POINT_ABOVE_MAX_RADIUS or radius > max_radius


class TestWrongOutlines:
    points = block(3, 1)

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_a_corner_that_is_no_number_names_its_row(self, bad):
        footprints = squares(self.points, 1.0)
        footprints.corners[4, 1] = bad
        with pytest.raises(InvalidPoint, match="row 1") as caught:
            cluster(self.points, None, Parameters(3), footprints)
        assert caught.value.row == 1

    @pytest.mark.parametrize(
        ("first", "n_corners", "message"),
        [
            ([0, 1, 2], 2, r"shapes \(4,\)"),
            ([0, 1, 2, 3], 4, "runs from 0 to 3"),
            ([1, 2, 3, 4], 4, "runs from 1 to 4"),
            ([0, 2, 2, 3], 3, "row 1"),
            ([0, 3, 2, 4], 4, "row 1"),
        ],
    )
    def test_lists_of_corners_that_do_not_fit_are_refused(self, first, n_corners, message):
        with pytest.raises(ValueError, match=message):
            cluster(self.points, None, Parameters(3), Footprints(np.array(first), np.zeros((n_corners, 2))))

    def test_corners_need_two_coordinates(self):
        with pytest.raises(ValueError, match="shapes"):
            cluster(self.points, None, Parameters(3), Footprints(np.arange(4), np.zeros((3, 3))))


@pytest.mark.small
@given(st.lists(st.integers(0, 4), min_size=1, max_size=12), st.data())
def test_selected_lists_are_those_of_plain_python(lengths, data):
    rows = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=15))
    first = np.concatenate([[0], np.cumsum(lengths)])
    lists = [list(range(begin, end)) for begin, end in itertools.pairwise(first)]
    selected, positions = csr.take(first, np.array(rows, np.int64))
    got = [positions[begin:end].tolist() for begin, end in itertools.pairwise(selected)]
    assert got == [lists[row] for row in rows]
