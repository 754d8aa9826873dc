"""Input at the ends of what numbers can be, and what has to be true of any clustering of it."""

import time
from functools import cache

import numpy as np

from kmeans import Parameters, Status, cluster
from tests.support.populations import buildings

INSIDE = {Status.OK, Status.RADIUS_ABOVE_TARGET, Status.BRIDGED}
FAR = np.array([1e7, -1e7])
# No extreme takes three times as long as ordinary points do; whatever is quadratic takes hundreds of times as long.
MOST_EFFORT = 10


def block(columns, rows):
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    return np.column_stack([x.ravel(), y.ravel()]).astype(float)


def checked(points, weights, params, **options):
    """The clustering, after all that has to be true of any has been found true of it."""
    found = cluster(points, weights, params, **options)
    weights = np.ones(len(points)) if weights is None else weights
    k, labels = found.n_clusters, found.labels
    assert labels.shape == (len(points),)
    np.testing.assert_array_equal(np.bincount(labels, minlength=k), found.n_points)
    assert len(found.n_points) == k
    assert (found.n_points > 0).all()
    assert np.isfinite(found.centroid).all()
    assert np.isfinite(found.weight).all()
    assert np.isfinite(found.radius).all()
    assert np.isfinite(found.inertia)
    np.testing.assert_allclose(found.weight, np.bincount(labels, weights, k), rtol=1e-9)
    low, high = params.weight_range
    is_inside = (found.weight >= low * (1 - 1e-9)) & (found.weight <= high * (1 + 1e-9))
    np.testing.assert_array_equal(found.in_range, is_inside)
    for status, inside in zip(found.status, is_inside, strict=True):
        assert status == Status.POINT_ABOVE_MAX_RADIUS or inside or status not in INSIDE
    assert (found.pieces == 1).all() or params.bridge
    if k:
        check_places(found, points, options.get("footprints"))
    return found


def check_places(found, points, footprints):
    """Centroids are among their points, and radii fit the bounding boxes of these."""
    lower, upper = np.full((found.n_clusters, 2), np.inf), np.full((found.n_clusters, 2), -np.inf)
    np.minimum.at(lower, found.labels, points)
    np.maximum.at(upper, found.labels, points)
    rounding = 1e-15 * np.abs(points).max() + 1e-150  # Squares of shorter ways are nothing.
    assert (found.centroid >= lower - rounding).all()
    assert (found.centroid <= upper + rounding).all()
    sides = upper - lower
    assert (found.radius >= sides.max(axis=1) / 2 * (1 - 1e-9) - rounding).all()
    assert footprints is not None or (found.radius <= np.hypot(*sides.T) / 2 * (1 + 1e-9) + rounding).all()


def effort(work, *inputs):
    """Time of the processor for the last of the inputs, in clusterings of as many ordinary points.

    What comes before is small and gets everything compiled.
    """
    *small, last = inputs
    for chosen in small:
        work(chosen)
    return _seconds(work, last) / _ordinary_seconds(last if isinstance(last, int) else len(last))


@cache
def _ordinary_seconds(n):
    params = Parameters(30)
    cluster(*buildings(np.random.default_rng(0), 1000), params)
    return _seconds(cluster, *buildings(np.random.default_rng(0), n), params)


def _seconds(work, *arguments):
    begun = time.process_time()
    work(*arguments)
    return time.process_time() - begun


def extreme_weights(rng, n):
    return {
        "wide": 10.0 ** rng.uniform(-12, 12, n),
        "giant": np.append(np.full(n - 1, 1e-12), 1e12),
        "subnormal": rng.integers(0, 5, n) * 5e-324,
        "tiny": rng.uniform(0, 1e-310, n),
        "largest": np.full(n, 1e15 / n * (1 - 1e-9)),
        "zero": np.zeros(n),
    }


def extreme_points(rng, n):
    line, circle = np.arange(n)[:, None], np.arange(n) * 2 * np.pi / n
    kinds = [
        block(n, 1) @ [[0.6, 0.8], [0, 0]] * 1e-3,
        10.0 ** rng.uniform(-9, 5, (n, 1)) * [0.6, 0.8],
        line * [0.6, 0.8] + rng.normal(0, 10 ** rng.uniform(-12, 0), (n, 2)),
        rng.lognormal(0, 4, (n, 2)) * rng.choice([-1, 1], (n, 2)),
        np.where(rng.random((n, 1)) < 0.5, 0, 1e7) + rng.normal(0, 10 ** rng.uniform(-6, 1), (n, 2)),
        np.column_stack([np.cos(circle), np.sin(circle)]) * 10 ** rng.uniform(-3, 6),
        rng.integers(0, 5, (n, 2)) * 1e-3,
        np.vstack([rng.normal(0, 1e-6, (n - 1, 2)), [[1e7, 3.0]]]),
        np.vstack([np.column_stack([np.arange(n - 1), np.zeros(n - 1)]), [[n / 2, 1e3]]]),
    ]
    return kinds[rng.integers(len(kinds))] + FAR * rng.choice([0, 1])
