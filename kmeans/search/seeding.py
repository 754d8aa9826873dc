"""Starting centroids: equal-weight runs of the tree order, and greedy k-means++ on the tree."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray, checked_points, checked_weights
from kmeans.errors import InvalidParameter
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree, build_kdtree

StateArray = npt.NDArray[np.uint64]
Seeding = Literal["k-means++", "runs"]


def initial_centroids(
    points: npt.ArrayLike,
    n_clusters: int,
    weights: npt.ArrayLike | None = None,
    *,
    seeding: Seeding = "k-means++",
    random_state: int = 0,
) -> FloatArray:
    """Centroids from which ``lloyd`` can start, float64 (n_clusters, 2), in metres.

    >>> points = [[0.0, 0.0], [0.0, 1.0], [50.0, 0.0], [50.0, 1.0]]
    >>> initial_centroids(points, 2, seeding="runs").tolist()
    [[0.0, 0.5], [50.0, 0.5]]

    Args:
        points: float64 (n, 2), coordinates in metres; n is at least 1.
        n_clusters: number of centroids; with fewer points some coincide.
        weights: float64 (n,), at least 0; None gives every point the weight 1.
        seeding: "k-means++" is the greedy variant of Arthur and Vassilvitskii (2007); "runs" are the means of
            consecutive runs along the kd-tree, which is many times faster and nearly as good where points lie evenly.
        random_state: seed of "k-means++".

    Raises:
        InvalidArray, InvalidPoint, InvalidWeight: as in ``cluster``; there is no point.
        InvalidParameter: ``n_clusters`` is below 1, or another parameter is out of its domain.
    """
    points = checked_points(points)
    tree = build_kdtree(points, checked_weights(weights, len(points)))
    return seeds_of_tree(tree, n_clusters, seeding, random_state) + tree.origin


def seeds_of_tree(tree: KdTree, n_clusters: int, seeding: Seeding, random_state: int) -> FloatArray:
    """``initial_centroids`` of the points of a tree, in the tree's coordinates."""
    if n_clusters < 1:
        raise InvalidParameter("n_clusters", n_clusters, "has to be a whole number of at least 1")
    if not 0 <= random_state < 2**63:
        raise InvalidParameter("random_state", random_state, "has to lie between 0 and 2**63 - 1")
    if seeding not in get_args(Seeding):
        raise InvalidParameter("seeding", seeding, f"has to be one of {', '.join(get_args(Seeding))}")
    if seeding == "runs":
        return equal_weight_runs(tree, n_clusters)
    return greedy_kmeans_plus_plus(tree, n_clusters, random_state)


@kernel
def equal_weight_runs(tree: KdTree, k: int) -> FloatArray:
    """Centroids of ``k`` consecutive runs of the tree order; on lattices within 0.3 % of k-means++, and much faster.

    The runs share the square roots of the weights equally: that follows the density of an optimal clustering closer
    than weights (too many centroids in towns) or counts (too few) do.

    Returns:
        float64 (k, 2) in the tree's coordinates. With fewer points than k some centroids coincide.
    """
    n = tree.x.shape[0]
    total = np.sqrt(tree.weight).sum()
    moments = np.zeros((k, 3))
    centroids = np.empty((k, 2))
    reached = 0.0
    for i in range(n):
        mass = np.sqrt(tree.weight[i])
        j = min(k - 1, int((reached + mass / 2) * k / total)) if total > 0 else i * k // n
        reached += mass
        weight = tree.weight[i] if total > 0 else 1.0
        moments[j, 0] += weight
        moments[j, 1] += weight * tree.x[i]
        moments[j, 2] += weight * tree.y[i]
    for j in range(k):
        if moments[j, 0] > 0:
            centroids[j, 0], centroids[j, 1] = moments[j, 1] / moments[j, 0], moments[j, 2] / moments[j, 0]
        else:  # A run without weight starts on a point; Lloyd relocates it.
            i = min(n - 1, j * n // k)
            centroids[j, 0], centroids[j, 1] = tree.x[i], tree.y[i]
    return centroids


@kernel
def run_labels(tree: KdTree, k: int) -> IntArray:
    """Labels int64 (n,) of ``k`` consecutive runs of the tree order of equal weight, none of them without a point.

    Needs at least k points.
    """
    n = tree.x.shape[0]
    labels = np.empty(n, np.int64)
    total = tree.weight.sum()
    reached = 0.0
    label = 0
    n_points = 0
    for i in range(n):
        wanted = min(k - 1, int((reached + tree.weight[i] / 2) * k / total)) if total > 0 else i * k // n
        # One label further at a time, and on time for every remaining label to get a point.
        if n_points > 0 and (wanted > label or n - i <= k - 1 - label):
            label += 1
            n_points = 0
        labels[i] = label
        n_points += 1
        reached += tree.weight[i]
    return labels


def greedy_kmeans_plus_plus(tree: KdTree, k: int, random_state: int) -> FloatArray:
    """Greedy k-means++ (Arthur and Vassilvitskii 2007): of a few points drawn with probability proportional to weight
    times squared distance, keep the one that lowers the inertia most, ``k`` times.

    Returns:
        float64 (k, 2) in the tree's coordinates.
    """
    n_candidates = 2 + int(np.log(k))  # scikit-learn's choice.
    state = np.array([random_state], np.uint64)
    return _kmeans_plus_plus(tree, k, n_candidates, state)


@kernel
def uniform(state: StateArray) -> float:
    """Next number in [0, 1) of the SplitMix64 sequence (Steele, Lea and Flood 2014); advances ``state`` uint64 (1,)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    z = state[0]
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) / 9007199254740992.0


@kernel
def _kmeans_plus_plus(tree: KdTree, k: int, n_candidates: int, state: StateArray) -> FloatArray:
    n, n_nodes = tree.x.shape[0], tree.first.shape[0]
    squared = np.full(n, np.inf)  # Squared distance to the nearest centroid so far.
    potential = tree.moments[:, 0].copy()  # Per node: what the next draw is proportional to; first the weight alone.
    farthest = np.full(n_nodes, np.inf)  # Per node: the largest of its squared distances.
    centroids = np.empty((k, 2))
    inner = np.empty(n_nodes, np.int64)
    for j in range(k):
        chosen, best_gain = 0, -1.0
        for _ in range(n_candidates if j > 0 else 1):
            i = _draw(tree, squared, potential, uniform(state), j > 0)
            gain = _gain(tree, squared, farthest, i) if j > 0 else 0.0
            if gain > best_gain:
                chosen, best_gain = i, gain
        centroids[j, 0], centroids[j, 1] = tree.x[chosen], tree.y[chosen]
        _include(tree, squared, potential, farthest, inner, chosen)
    return centroids


@kernel
def _draw(tree: KdTree, squared: FloatArray, potential: FloatArray, u: float, by_distance: bool) -> int:
    """Position of the point at which the running sum of weight (times squared distance) passes the share ``u``."""
    left_over = u * potential[0]
    node = 0
    while tree.after[node] != node + 1:
        node += 1
        if left_over >= potential[node]:
            left_over -= potential[node]
            node = tree.after[node]
    i = tree.first[node]
    while i < tree.last[node] - 1:
        left_over -= tree.weight[i] * squared[i] if by_distance else tree.weight[i]
        if left_over < 0:
            break
        i += 1
    return int(i)


@kernel
def _box_distance(tree: KdTree, node: int, x: float, y: float) -> float:
    """Squared distance from (x, y) to the bounding box of a node."""
    dx = max(tree.bounds[node, 0] - x, x - tree.bounds[node, 1], 0.0)
    dy = max(tree.bounds[node, 2] - y, y - tree.bounds[node, 3], 0.0)
    return float(dx * dx + dy * dy)


@kernel
def _gain(tree: KdTree, squared: FloatArray, farthest: FloatArray, candidate: int) -> float:
    """By how much the inertia falls when a centroid is put on the point ``candidate``."""
    x, y = tree.x[candidate], tree.y[candidate]
    gain = 0.0
    node = 0
    while node < tree.first.shape[0]:
        if _box_distance(tree, node, x, y) >= farthest[node]:
            node = tree.after[node]
            continue
        if tree.after[node] == node + 1:
            for i in range(tree.first[node], tree.last[node]):
                d = (tree.x[i] - x) ** 2 + (tree.y[i] - y) ** 2
                if d < squared[i]:
                    gain += tree.weight[i] * (squared[i] - d)
        node += 1
    return gain


@kernel
def _include(
    tree: KdTree, squared: FloatArray, potential: FloatArray, farthest: FloatArray, inner: IntArray, chosen: int
) -> None:
    """Update the distances after a centroid was put on the point ``chosen``, where they can change at all."""
    x, y = tree.x[chosen], tree.y[chosen]
    n_inner = 0
    node = 0
    while node < tree.first.shape[0]:
        if _box_distance(tree, node, x, y) >= farthest[node]:
            node = tree.after[node]
            continue
        if tree.after[node] == node + 1:
            potential[node] = farthest[node] = 0.0
            for i in range(tree.first[node], tree.last[node]):
                squared[i] = min(squared[i], (tree.x[i] - x) ** 2 + (tree.y[i] - y) ** 2)
                potential[node] += tree.weight[i] * squared[i]
                farthest[node] = max(farthest[node], squared[i])
        else:
            inner[n_inner] = node
            n_inner += 1
        node += 1
    for q in range(n_inner - 1, -1, -1):
        node = inner[q]
        left, right = node + 1, tree.after[node + 1]
        potential[node] = potential[left] + potential[right]
        farthest[node] = max(farthest[left], farthest[right])
