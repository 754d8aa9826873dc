"""Points at the ends of what coordinates can be: no crash, no endless search, no value that is none, promises kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kmeans import Footprints, Parameters, Status, cluster
from tests.support.extremes import FAR, MOST_EFFORT, block, checked, effort, extreme_points, extreme_weights
from tests.support.geography import count_pieces, lattice_edges


class TestPlaces:
    def test_millimetres_at_ten_thousand_kilometres(self):
        places = block(60, 50)
        found = checked(places * 1e-3 + FAR, None, Parameters(40))
        assert set(found.status) == {Status.OK}
        assert (count_pieces(3000, lattice_edges(places), found.labels) == 1).all()
        scattered = np.random.default_rng(0).integers(0, 1000, (3000, 2)) * 1e-3 + FAR
        assert set(checked(scattered, None, Parameters(40)).status) == {Status.OK}

    def test_all_points_in_one_place(self):
        def work(n):
            found = checked(np.full((n, 2), 1e7 / 3), None, Parameters(30, min_weight=2))
            assert found.in_range.all()
            assert (found.centroid == 1e7 / 3).all()
            assert (found.radius == 0).all()

        assert effort(work, 2, 1000, 30_000) < MOST_EFFORT

    @pytest.mark.parametrize(
        ("n", "n_places"), [(30_000, 5), (30_000, 300), pytest.param(1_000_000, 3, marks=pytest.mark.slow)]
    )
    def test_many_points_in_few_places(self, n, n_places):
        rng = np.random.default_rng(1)
        places = rng.uniform(0, 1e4, (n_places, 2))

        def work(n):
            found = checked(places[rng.integers(0, n_places, n)], None, Parameters(30))
            assert set(found.status) == {Status.OK}

        assert effort(work, 1000, n) < MOST_EFFORT

    def test_one_place_of_many_points_among_places_of_one(self):
        rng = np.random.default_rng(1)

        def work(n):
            points = np.vstack([np.full((n, 2), 5e3), rng.uniform(0, 1e4, (50, 2))])
            assert set(checked(points, None, Parameters(30)).status) == {Status.OK}

        assert effort(work, 1000, 30_000) < MOST_EFFORT

    @pytest.mark.parametrize("direction", [(1, 0), (0, 1), (1, 2), (0.6, 0.8)])
    def test_points_on_a_line(self, direction):
        rng = np.random.default_rng(2)

        def work(n):
            along = rng.uniform(0, 1e5, n)
            found = checked(along[:, None] * direction + FAR, None, Parameters(30))
            assert set(found.status) == {Status.OK}
            if 0 in direction:
                in_turn = found.labels[np.argsort(along)]
                assert np.count_nonzero(np.diff(in_turn)) == found.n_clusters - 1

        assert effort(work, 500, 30_000) < MOST_EFFORT

    def test_two_towns_ten_thousand_kilometres_apart(self):
        rng = np.random.default_rng(3)
        town = rng.uniform(0, 1, (600, 2))
        found = checked(np.vstack([town, town[:300] + 1e7]), None, Parameters(30))
        assert found.in_range.all()
        # A bridge of the triangulation joins them: one cluster at most is wider than a town.
        assert (found.radius > 1).sum() <= 1

    @pytest.mark.parametrize("span", [(-9, 7), (-300, 0), (-320, -310)], ids=str)
    def test_distances_of_many_orders_of_magnitude_make_no_islands(self, span):
        rng = np.random.default_rng(4)
        distance = 10.0 ** rng.uniform(*span, (400, 1))
        for direction in ([0.6, 0.8], rng.normal(size=(400, 2))):
            assert set(checked(distance * direction, None, Parameters(20)).status) == {Status.OK}

    @pytest.mark.parametrize("spacing", [1e-12, 1e-155, 1e-170, 5e-324, 1e10])
    def test_lattices_of_any_spacing(self, spacing):
        found = checked(block(20, 20) * spacing, None, Parameters(20))
        assert set(found.status) == {Status.OK}

    def test_a_crowd_between_the_cells_of_a_lattice(self):
        """Were all of the crowd each other's neighbours, there would be 400 million pairs."""
        rng = np.random.default_rng(5)

        def work(n):
            points = np.vstack([block(n // 160, 100) * 100, rng.uniform(0, 50, (n, 2))])
            assert set(checked(points, None, Parameters(200)).status) == {Status.OK}

        assert effort(work, 1000, 20_000) < MOST_EFFORT


class TestCells:
    @pytest.mark.parametrize("at", [(2**31, 2**31), (2**62, 2**62), (2**63 - 40, 0), (2**63 - 40, 2**63 - 40)], ids=str)
    def test_columns_and_rows_may_be_large(self, at):
        cells = block(40, 40).astype(np.int64)
        near = checked(cells * 100.0, None, Parameters(40), cells=cells)
        far = checked(cells * 100.0, None, Parameters(40), cells=cells + np.array(at, np.int64))
        np.testing.assert_array_equal(near.labels, far.labels)

    def test_cells_apart_are_no_neighbours_however_far(self):
        cells = block(5, 5).astype(np.int64)
        for factor in (2, 2**60):
            found = checked(cells * 100.0, None, Parameters(2), cells=cells * factor)
            assert set(found.status) == {Status.COMPONENT_BELOW_MIN}

    @pytest.mark.parametrize("number", [0, 2**63 - 1])
    def test_all_points_in_one_cell(self, number):
        cells = np.full((400, 2), number)
        assert set(checked(block(20, 20), None, Parameters(20), cells=cells).status) == {Status.OK}

    @pytest.mark.parametrize("number", [-1, -(2**63)])
    def test_columns_and_rows_below_zero_are_refused(self, number):
        cells = block(5, 5).astype(np.int64)
        cells[7, 1] = number
        with pytest.raises(ValueError, match="count from 0"):
            cluster(block(5, 5), None, Parameters(5), cells=cells)


class TestOutlines:
    @pytest.mark.parametrize("size", [0.0, 1e-300, 1e-3, 1e12])
    def test_corners_of_any_distance(self, size):
        points = block(20, 20) * 100
        corners = points.repeat(4, axis=0) + np.tile([[-1, -1], [1, -1], [1, 1], [-1, 1]], (400, 1)) * size
        footprints = Footprints(np.arange(401) * 4, np.clip(corners, -1e12, 1e12))
        found = checked(points, None, Parameters(20, radius=1e3), footprints=footprints)
        assert (found.radius >= size).all()
        apart = checked(points, None, Parameters(20, max_radius=100.0), footprints=footprints)
        assert size < 100 or apart.status.tolist() == [Status.POINT_ABOVE_MAX_RADIUS] * 400

    def test_needles_and_fans(self):
        """Corners nearly on a line, and nearly on a circle, where many triples carry nearly the same circle."""
        points = block(20, 20) * 100
        turn = np.linspace(0, 2 * np.pi, 30)
        for shape in (
            np.column_stack([np.linspace(-1e9, 1e9, 30), turn * 1e-9]),
            np.column_stack([np.cos(turn), np.sin(turn)]) * 1e7,
        ):
            footprints = Footprints(np.arange(401) * 30, (points[:, None] + shape).reshape(-1, 2))
            found = checked(points, None, Parameters(20), footprints=footprints)
            np.testing.assert_allclose(found.radius, np.hypot(*shape.T).max(), rtol=1e-3)


@given(
    st.integers(0, 100_000),
    st.integers(2, 200),
    st.sampled_from(["even", *extreme_weights(np.random.default_rng(0), 2)]),
)
def test_no_extreme_breaks_a_promise(seed, n, kind):
    rng = np.random.default_rng(seed)
    points = extreme_points(rng, n)
    weights = (extreme_weights(rng, n) | {"even": np.ones(n)})[kind]
    target = (weights.sum() or 1.0) / rng.integers(1, 30) or 5e-324
    found = checked(points, weights, Parameters(target, radius=rng.choice([None, 1.0]), bridge=bool(rng.integers(2))))
    # They are one ground: whatever stands alone is too heavy.
    assert Status.COMPONENT_BELOW_MIN not in found.status
