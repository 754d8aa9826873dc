import signal
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numba
import numpy as np
import pytest

from kmeans import (
    Footprints,
    InvalidParameter,
    InvalidPoint,
    InvalidWeight,
    Parameters,
    Status,
    cluster,
    cluster_groups,
    diagnose,
)
from kmeans import groups as group_module
from kmeans.clustering import NO_CLUSTERS
from kmeans.jit import kernel
from kmeans.spatial import hilbert
from tests.support.populations import buildings, lattice

PER_CLUSTER = ("centroid", "weight", "n_points", "pieces", "radius", "status", "in_range", "reason_value")


def groups_in_turn(rng, sizes):
    """Groups of lattices and buildings, rows mixed: points, weights, footprints, groups."""
    points, groups = [], []
    for number, size in enumerate(sizes):
        some = lattice(rng, size, 20)[0] if number % 2 else buildings(rng, 20 * size)[0]
        points.append(some)
        groups.append(np.full(len(some), number))
    points, groups = np.concatenate(points), np.concatenate(groups)
    order = rng.permutation(len(points))
    points, groups = points[order], groups[order]
    corners = points[:, None] + rng.uniform(-40, 40, (len(points), 3, 2))
    return (
        points,
        rng.uniform(0.5, 1.5, len(points)),
        Footprints(3 * np.arange(len(points) + 1), corners.reshape(-1, 2)),
        groups,
    )


@pytest.mark.parametrize("n_threads", [1, 3])
def test_each_group_is_clustered_as_if_it_were_alone(n_threads):
    points, weights, footprints, groups = groups_in_turn(np.random.default_rng(0), [20, 12, 0, 30, 4])
    params = [Parameters(20 + 5 * number, radius=200 + 50 * number) for number in range(6)]
    found = cluster_groups(points, weights, groups, params, footprints, n_threads=n_threads)
    assert np.isin(found.group, [0, 1, 3, 4]).all()
    assert (np.diff(found.group) >= 0).all()
    for number in (0, 1, 3, 4):
        rows = np.flatnonzero(groups == number)
        alone = cluster(points[rows], weights[rows], params[number], footprints.of_rows(rows))
        own = found.group == number
        np.testing.assert_array_equal(found.labels[rows], alone.labels + np.argmax(own))
        for name in PER_CLUSTER:
            np.testing.assert_array_equal(getattr(found, name)[own], getattr(alone, name), err_msg=name)
    assert found.inertia == pytest.approx(np.sum(weights * ((points - found.centroid[found.labels]) ** 2).sum(axis=1)))


def test_any_number_of_threads_gives_the_same_bytes():
    points, weights, footprints, groups = groups_in_turn(np.random.default_rng(1), [15, 25, 11, 3, 40, 20, 12])
    params = Parameters(25, radius=300, bridge=True)
    single = cluster_groups(points, weights, groups, params, footprints)
    for n_threads in (2, 8):
        several = cluster_groups(points, weights, groups, params, footprints, n_threads=n_threads)
        for field in fields(single):
            expected, found = (np.asarray(getattr(each, field.name)) for each in (single, several))
            assert found.tobytes() == expected.tobytes(), field.name


@pytest.mark.small
def test_one_group_is_the_whole_and_its_number_is_kept():
    points = np.column_stack([np.arange(12.0), np.zeros(12)])
    found = cluster_groups(points, None, np.full(12, 4), Parameters(3))
    whole = cluster(points, None, Parameters(3))
    np.testing.assert_array_equal(found.labels, whole.labels)
    assert (found.group == 4).all()
    assert (whole.group == 0).all()


@pytest.mark.parametrize("params", [Parameters(3), [Parameters(3)], []])
def test_no_rows_give_no_clusters(params):
    found = cluster_groups(np.empty((0, 2)), None, np.empty(0, np.int64), params)
    assert found.n_clusters == 0
    for field in fields(found):
        expected = np.asarray(getattr(NO_CLUSTERS, field.name))
        assert np.asarray(getattr(found, field.name)).dtype == expected.dtype, field.name


def test_a_fixed_number_is_that_of_each_group():
    points, weights = lattice(np.random.default_rng(2), 20, 20)
    groups = (points[:, 0] > 900).astype(np.int64)
    found = cluster_groups(points, weights, groups, Parameters(1, n_clusters=3))
    np.testing.assert_array_equal(np.bincount(found.group), [3, 3])


def test_totals_in_a_gap_are_explained_by_the_range_of_their_group():
    points = np.column_stack([np.arange(20.0), np.zeros(20)])
    params = [Parameters(240), Parameters(7, min_weight=7, max_weight=8)]
    found = cluster_groups(points, np.repeat([31.0, 0.9], 10), np.repeat([0, 1], 10), params)
    assert set(found.status) == {Status.NO_FEASIBLE_K}
    (finding,) = diagnose(found, params)
    assert "total 9 lies between 8 (1 clusters at most) and 14 (2 at least)" in finding.text
    assert "total 310 lies between 300 (1 clusters at most) and 360 (2 at least)" in finding.text


class TestErrors:
    points, groups = np.zeros((6, 2)), np.array([1, 0, 1, 0, 1, 0])

    def test_rows_are_those_of_the_caller(self):
        wrong = self.points.copy()
        wrong[4, 0] = np.nan
        with pytest.raises(InvalidPoint, match="row 4"):
            cluster_groups(wrong, None, self.groups, Parameters(1))
        with pytest.raises(InvalidWeight, match="row 5"):
            cluster_groups(self.points, np.array([1, 1, 1, 1, 1, -1.0]), self.groups, Parameters(1))
        with pytest.raises(InvalidPoint, match="row 4"):
            cluster_groups(self.points, None, self.groups, Parameters(1), Footprints(np.arange(7), wrong))

    @pytest.mark.parametrize(
        ("groups", "message"),
        [([0, 1], "as many group numbers"), ([0, 0, 0, -1, 0, 0], "row 3"), ([0, 0, 0, 0, 2, 0], "row 4.*2 groups")],
    )
    def test_groups_have_to_fit(self, groups, message):
        with pytest.raises(ValueError, match=message):
            cluster_groups(self.points, None, np.array(groups), [Parameters(1), Parameters(2)])

    def test_without_a_thread_nothing_is_done(self):
        with pytest.raises(InvalidParameter, match="n_threads"):
            cluster_groups(self.points, None, self.groups, Parameters(1), n_threads=0)


class TestStopping:
    """What has not started when something goes wrong never starts."""

    n_groups = 40

    def run(self, monkeypatch, started, happening):
        """Cluster groups of which each takes a moment, with something happening in the second."""

        def slow(points, weights, params, footprints, cells):
            started.append(threading.current_thread())
            if len(started) == 2:
                happening()
            time.sleep(0.05)
            return replace(NO_CLUSTERS, labels=np.zeros(len(points), np.int64))

        monkeypatch.setattr(group_module, "cluster_checked", slow)
        groups = np.repeat(np.arange(self.n_groups), 1000)
        cluster_groups(np.zeros((len(groups), 2)), None, groups, Parameters(1), n_threads=2)

    def test_nothing_goes_wrong(self, monkeypatch):
        started = []
        self.run(monkeypatch, started, lambda: None)
        assert len(started) == self.n_groups
        assert len(set(started)) == 2

    def test_an_error_in_a_group(self, monkeypatch):
        def fail():
            raise MemoryError

        started = []
        with pytest.raises(MemoryError):
            self.run(monkeypatch, started, fail)
        assert len(started) < self.n_groups / 2

    def test_ctrl_c(self, monkeypatch):
        def interrupt():
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

        started = []
        with pytest.raises(KeyboardInterrupt):
            self.run(monkeypatch, started, interrupt)
        assert len(started) < self.n_groups / 2


def test_few_arrays_as_long_as_the_input_are_held(monkeypatch):
    def in_one(points, weights, params, footprints, cells):
        return replace(NO_CLUSTERS, labels=np.zeros(len(points), np.int64))

    n = 300_000
    groups = np.random.default_rng(0).integers(0, 300, n)
    points, weights = np.zeros((n, 2)), np.ones(n)
    monkeypatch.setattr(group_module, "cluster_checked", in_one)
    tracemalloc.start()
    try:
        cluster_groups(points, weights, groups, Parameters(1), n_threads=2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2.8 * 8 * n


def test_threads_may_compile_the_same_kernel_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    fresh = kernel(hilbert._hilbert_keys.py_func)
    points = np.random.default_rng(0).uniform(0, 1, (100, 2))
    barrier = threading.Barrier(4)

    def call(_):
        barrier.wait()
        return fresh(points)

    with ThreadPoolExecutor(4) as executor:
        for keys in executor.map(call, range(4)):
            np.testing.assert_array_equal(keys, hilbert._hilbert_keys(points))
    assert list(tmp_path.rglob("*.nbc"))
