"""What the package promises of its clusters, checked without its own code: range, connectedness, reasons."""

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from kmeans import Parameters, Status, cluster, diagnose
from tests.support import references
from tests.support.geography import count_pieces, delaunay_edges, lattice_edges
from tests.support.populations import buildings, district

TARGET = 240.0
EXPLAINED = {Status.COMPONENT_BELOW_MIN, Status.TOTAL_BELOW_MIN, Status.NO_FEASIBLE_K, Status.POINT_ABOVE_MAX}


def block(columns, rows, at=(0, 0)):
    x, y = np.meshgrid(np.arange(columns) + at[0], np.arange(rows) + at[1])
    return np.column_stack([x.ravel(), y.ravel()]).astype(float)


@pytest.mark.parametrize("seed", range(40))
def test_a_nation_keeps_every_promise(seed):
    """Each district: every cluster in the range or explained, every cluster in one piece."""
    rng = np.random.default_rng(seed)
    points, weights = district(rng, int(np.exp(rng.uniform(np.log(200), np.log(4000)))))
    weights *= np.exp(rng.uniform(np.log(100), np.log(6000))) / weights.sum()
    params = Parameters(TARGET, radius=rng.choice([None, 1000.0]))
    found = cluster(points * 92 + [5e5, 1.6e6], weights, params)
    edges = lattice_edges(points)
    assert (count_pieces(len(points), edges, found.labels) == 1).all()
    assert (found.pieces == 1).all()
    for j in range(found.n_clusters):
        is_inside = 180 * (1 - 1e-9) <= found.weight[j] <= 300 * (1 + 1e-9)
        assert found.in_range[j] == is_inside
        assert (found.status[j] in EXPLAINED) == (not is_inside), found.status[j]
    check_reasons(points, weights, edges, found)


def check_reasons(points, weights, edges, found):
    """Each reason is true of the component that the cluster is in."""
    component = components(len(points), edges)
    total = np.bincount(component, weights)
    for j, status in enumerate(found.status):
        own = component[found.labels == j][0]
        if status == Status.TOTAL_BELOW_MIN:
            assert weights.sum() < 180
        elif status == Status.COMPONENT_BELOW_MIN:
            assert total[own] < 180
            others = points[component != own]
            nearest = min(np.hypot(*(others - p).T).min() for p in points[component == own])
            assert found.reason_value[j] == pytest.approx(92 * nearest)
        elif status == Status.NO_FEASIBLE_K:
            assert np.ceil(total[own] / 300) > np.floor(total[own] / 180)
        elif status == Status.POINT_ABOVE_MAX:
            assert weights[found.labels == j].max() > 300


def components(n, edges):
    labels = np.zeros(n, np.int64)
    neighbours = [[] for _ in range(n)]
    for a, b in edges:
        neighbours[a].append(b)
        neighbours[b].append(a)
    labels = np.full(n, -1)
    for start, number in zip(range(n), itertools.count()):
        if labels[start] >= 0:
            continue
        stack, labels[start] = [start], number
        while stack:
            for other in neighbours[stack.pop()]:
                if labels[other] < 0:
                    labels[other] = number
                    stack.append(other)
    return np.unique(labels, return_inverse=True)[1]


@pytest.mark.parametrize("tolerance", [0.25, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_buildings_are_in_the_range_and_connected(seed, tolerance):
    points, weights = buildings(np.random.default_rng(seed), 1500)
    params = Parameters(30, min_weight=30 * (1 - tolerance), max_weight=30 * (1 + tolerance))
    found = cluster(points, weights, params)
    assert found.in_range.all()
    assert (count_pieces(len(points), delaunay_edges(points), found.labels) == 1).all()


@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([1.0, 5.0, 100.0]), st.booleans())
def test_any_points_are_partitioned_and_explained(seed, n, target, bridge):
    rng = np.random.default_rng(seed)
    kinds = [rng.integers(0, 5, (n, 2)).astype(float), rng.uniform(0, 1e4, (n, 2)), np.zeros((n, 2))]
    points = kinds[rng.integers(3)]
    weights = rng.choice([0.0, 1e-9, 1.0, 3.0, 30.0, 1e6], n)
    params = Parameters(target, radius=rng.choice([None, 10.0]), bridge=bridge)
    found = cluster(points, weights, params)
    assert found.labels.shape == (n,)
    assert (np.bincount(found.labels, minlength=found.n_clusters) == found.n_points).all()
    np.testing.assert_allclose(found.weight, np.bincount(found.labels, weights))
    low, high = params.weight_range
    assert (found.pieces >= 1).all()
    assert bridge or (found.pieces == 1).all()
    inside = (found.weight >= low * (1 - 1e-9)) & (found.weight <= high * (1 + 1e-9))
    np.testing.assert_array_equal(found.in_range, inside)
    in_range_codes = {Status.OK, Status.RADIUS_ABOVE_TARGET, Status.BRIDGED}
    for status, is_inside in zip(found.status, inside, strict=True):
        assert (status in in_range_codes) <= is_inside


def test_the_optimum_of_tiny_instances_is_nearly_reached():
    """Against every partition into two connected halves in the range."""
    for seed in range(12):
        rng = np.random.default_rng(seed)
        points = block(4, 3) + rng.normal(0, 1e-9, (12, 2))
        weights = rng.uniform(0.5, 1.5, 12)
        target = weights.sum() / 2
        low, high = 0.85 * target, 1.15 * target
        edges = lattice_edges(np.round(points))
        best = np.inf
        for bits in range(1, 2**11):
            labels = np.array([bits >> i & 1 for i in range(12)])
            halves = np.bincount(labels, weights, 2)
            if halves.min() < low or halves.max() > high or count_pieces(12, edges, labels).max() > 1:
                continue
            centroids = np.array(
                [np.average(points[labels == j], axis=0, weights=weights[labels == j]) for j in (0, 1)]
            )
            best = min(best, references.inertia(points, weights, centroids, labels))
        found = cluster(points, weights, Parameters(target, min_weight=low, max_weight=high, n_clusters=2))
        assert found.in_range.all()
        assert found.inertia <= 1.25 * best


def test_no_assignment_to_the_same_centroids_is_much_cheaper():
    """Against the linear programme of the transportation problem (minimum-cost flow), which knows no connectedness."""
    for seed in range(5):
        points, weights = buildings(np.random.default_rng(seed), 240, extent=3000.0)
        found = cluster(points, weights, Parameters(30, min_weight=23, max_weight=37))
        n, k = len(points), found.n_clusters
        squared = ((points[:, None] - found.centroid[None]) ** 2).sum(axis=2)
        loads = np.kron(np.ones((1, n)), np.eye(k))
        cheapest = linprog(
            squared.ravel(),
            A_ub=np.vstack([loads, -loads]),
            b_ub=np.concatenate([np.full(k, 37), np.full(k, -23)]),
            A_eq=np.kron(np.eye(n), np.ones((1, k))),
            b_eq=np.ones(n),
        ).fun
        assert found.in_range.all()
        assert found.inertia <= 1.1 * cheapest


class TestReasons:
    """Each kind of infeasible input has exactly its reason."""

    def test_point_above_max(self):
        points, weights = block(10, 10), np.full(100, 10.0)
        weights[44] = 500
        found = cluster(points, weights, Parameters(100))
        assert Counter(found.status)[Status.POINT_ABOVE_MAX] == 1
        heavy = found.labels[44]
        assert found.weight[heavy] == 500
        assert found.in_range.sum() == found.n_clusters - 1

    @pytest.mark.small
    def test_light_ground_cut_off_by_a_heavy_point_stays_with_it(self):
        points, weights = block(9, 1), np.full(9, 10.0)
        weights[1] = 500
        found = cluster(points, weights, Parameters(70))
        assert Counter(found.status) == {Status.POINT_ABOVE_MAX: 1, Status.OK: 1}
        assert found.labels[0] == found.labels[1]

    def test_component_below_min_and_its_distance(self):
        points = np.vstack([block(10, 10), block(2, 2, at=(15, 0))])
        found = cluster(points * 100, np.full(104, 10.0), Parameters(100))
        (island,) = np.flatnonzero(found.status == Status.COMPONENT_BELOW_MIN)
        assert found.weight[island] == 40
        assert found.reason_value[island] == pytest.approx(600)
        (finding,) = diagnose(found, Parameters(100))
        assert (finding.status, finding.n_clusters, finding.weight) == ("component_below_min", 1, pytest.approx(40))
        assert "600 m" in finding.text
        assert found.in_range.sum() == found.n_clusters - 1
        assert np.isnan(np.delete(found.reason_value, island)).all()

    @pytest.mark.small
    def test_total_below_min(self):
        found = cluster(block(3, 3), np.ones(9), Parameters(100))
        assert list(found.status) == [Status.TOTAL_BELOW_MIN]

    @pytest.mark.parametrize(("total", "n_clusters"), [(310, 1), (350, 2)])
    def test_no_feasible_k(self, total, n_clusters):
        found = cluster(block(10, 10), np.full(100, total / 100), Parameters(240))
        assert list(found.status) == [Status.NO_FEASIBLE_K] * n_clusters
        assert found.reason_value == pytest.approx(total)
        (finding,) = diagnose(found, Parameters(240))
        assert finding.n_clusters == n_clusters
        assert "between 300 (1 clusters at most) and 360 (2 at least)" in finding.text

    @pytest.mark.small
    def test_zero_weight(self):
        found = cluster(block(5, 5), np.zeros(25), Parameters(10))
        assert list(found.status) == [Status.ZERO_WEIGHT]

    def test_cells_without_weight_become_no_clusters(self):
        for seed in range(20):
            rng = np.random.default_rng(seed)
            weights = np.where(rng.random(100) < 0.6, 0.0, rng.uniform(1, 3, 100))
            found = cluster(block(10, 10), weights, Parameters(float(weights[weights > 0].mean())))
            assert (found.weight > 0).all()

    def test_radius_above_target_is_a_note_on_a_cluster_in_the_range(self):
        found = cluster(block(20, 20) * 100, np.ones(400), Parameters(100, radius=10))
        assert set(found.status) == {Status.RADIUS_ABOVE_TARGET}
        assert found.in_range.all()

    def test_bridged(self):
        islands = [block(10, 10), block(2, 2, at=(15, 0)), block(1, 1, at=(20, 0)), block(2, 1, at=(-9, 5))]
        points = np.vstack(islands)
        weights = np.full(len(points), 10.0)
        apart = cluster(points, weights, Parameters(100))
        joined = cluster(points, weights, Parameters(100, bridge=True))
        assert Counter(apart.status)[Status.COMPONENT_BELOW_MIN] == 3
        assert Status.BRIDGED in joined.status
        assert joined.in_range.all()
        # Without the bridged clusters every one is in one piece, and those have a piece more for each bridge at most.
        pieces = count_pieces(len(points), lattice_edges(points), joined.labels)
        np.testing.assert_array_equal(joined.pieces, pieces)
        for j in range(joined.n_clusters):
            assert pieces[j] == 1 or (joined.status[j] == Status.BRIDGED and pieces[j] <= 4)

    def test_a_fixed_number_is_kept_and_its_clusters_marked(self):
        found = cluster(block(10, 10), np.ones(100), Parameters(10, n_clusters=3))
        assert set(found.status) == {Status.ABOVE_MAX}
        found = cluster(block(10, 10), np.ones(100), Parameters(50, n_clusters=20))
        assert (found.n_clusters, set(found.status)) == (20, {Status.BELOW_MIN})

    def test_a_fixed_number_is_shared_between_islands_by_weight(self):
        points = np.vstack([block(10, 10), block(5, 10, at=(30, 0))])
        found = cluster(points, np.ones(150), Parameters(10, n_clusters=6))
        assert found.n_clusters == 6
        assert sorted(Counter(found.labels[:100]).values()) != []
        assert len(np.unique(found.labels[:100])) == 4

    def test_max_radius_goes_first_and_says_so(self):
        points = block(30, 30) * 100.0
        found = cluster(points, np.ones(900), Parameters(225, max_radius=400))
        assert found.radius.max() <= 400
        assert Status.RADIUS_LIMITED in found.status
        assert set(found.status) <= {Status.OK, Status.RADIUS_LIMITED}
        assert (count_pieces(900, lattice_edges(points, 100), found.labels) == 1).all()


@pytest.mark.parametrize(
    ("low", "high"), [(0, None), (None, np.inf), (0, np.inf)], ids=["only a maximum", "only a minimum", "no range"]
)
def test_ends_of_the_range_can_be_left_open(low, high):
    points, weights = district(np.random.default_rng(3), 1500)
    target = weights.sum() / 10
    found = cluster(points, weights, Parameters(target, min_weight=low, max_weight=high))
    assert found.weight.max() <= (high or 1.25 * target)
    unexplained = ~np.isin(found.status, [Status.COMPONENT_BELOW_MIN])
    assert (found.weight[unexplained] >= (0.75 * target if low is None else 0)).all()
    assert found.n_clusters >= 5


@pytest.mark.small
def test_rounding_does_not_put_a_cluster_out_of_the_range():
    found = cluster(block(3, 1), np.full(3, 0.1), Parameters(0.3, min_weight=0.18, max_weight=0.3))
    assert list(found.status) == [Status.OK]
    found = cluster(block(3, 3), np.full(9, 0.1), Parameters(0.3, min_weight=0.3, max_weight=0.3))
    assert list(found.status) == [Status.OK] * 3


@pytest.mark.parametrize("population", ["district", "buildings"])
def test_clusters_do_not_depend_on_the_order_of_the_rows(population):
    rng = np.random.default_rng(8)
    points, weights = district(rng, 1200) if population == "district" else buildings(rng, 1200)
    params = Parameters(weights.sum() / 15, radius=5.0)
    order = rng.permutation(len(points))
    straight, shuffled = cluster(points, weights, params), cluster(points[order], weights[order], params)
    np.testing.assert_array_equal(straight.labels[order], shuffled.labels)


class TestHardInput:
    """Found by trying to break the promises."""

    def test_villages_with_nearly_equal_coordinates_end(self):
        rng = np.random.default_rng(0)
        for jitter in (1e-5, 1e-4, 1e-3):
            places = np.repeat(rng.uniform(0, 1e5, (40, 2)), 20, axis=0)
            found = cluster(places + rng.normal(size=(800, 2)) * jitter, None, Parameters(20))
            assert found.in_range.mean() > 0.9

    def test_two_clumps_far_apart_end(self):
        rng = np.random.default_rng(0)
        clumps = np.concatenate([rng.normal(size=(300, 2)) * 1e-3, rng.normal(size=(300, 2)) * 1e-3 + 1e7])
        assert cluster(clumps, None, Parameters(20)).in_range.all()

    def test_points_off_the_lattice_and_repeated_ones_belong_to_the_ground(self):
        rng = np.random.default_rng(0)
        cells = block(40, 40) * 100
        some = rng.choice(1600, 6, replace=False)
        for extra in (cells[some] + 50, cells[some], np.repeat(cells[some[:2]], 12, axis=0)):
            found = cluster(np.vstack([cells, extra]), None, Parameters(20))
            assert set(found.status) == {Status.OK}

    def test_a_repeated_place_away_from_the_lattice_is_one_island(self):
        points = np.vstack([block(20, 20) * 100, np.full((3, 2), 9e4)])
        found = cluster(points, None, Parameters(20))
        assert Counter(found.status)[Status.COMPONENT_BELOW_MIN] == 1

    def test_points_in_one_place_all_touch_its_neighbours(self):
        angle = np.arange(14) * 2 * np.pi / 14
        ring = np.column_stack([np.cos(angle), 1.1 * np.sin(angle)]) * 1000
        points, weights = np.vstack([np.zeros((2, 2)), ring]), np.concatenate([[13, 13], np.ones(14)])
        found = cluster(points, weights, Parameters(20))
        assert sorted(found.weight) == [20, 20]

    def test_islands_of_a_file_below_the_minimum_are_not_told_to_bridge(self):
        found = cluster(np.vstack([block(5, 5), block(5, 5, at=(50, 0))]), None, Parameters(240))
        assert set(found.status) == {Status.TOTAL_BELOW_MIN}

    def test_a_cluster_in_the_range_never_carries_a_reason_against_it(self):
        found = cluster(block(40, 25), None, Parameters(185, min_weight=180, max_weight=190))
        inside = {Status.OK, Status.RADIUS_ABOVE_TARGET, Status.BRIDGED}
        assert [status in inside for status in found.status] == found.in_range.tolist()

    def test_a_fixed_number_is_not_lost_on_a_small_heavy_island(self):
        points, weights = np.vstack([block(10, 10), block(1, 1, at=(50, 0))]), np.append(np.ones(100), 1000)
        assert cluster(points, weights, Parameters(100, n_clusters=10)).n_clusters == 10
        assert cluster(points, weights, Parameters(100, n_clusters=10**9)).n_clusters == 101
