"""How many clusters: the numbers that the weight range allows, and the objective that picks one of them."""

import heapq
import math

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.parameters import Parameters

_NO_LIMIT = 2**62
# Divided by less, weights and radii would be infinite.
_LEAST = 1e-250


def feasible_counts(total_weight: float, low: float, high: float) -> tuple[int, int]:
    """Smallest and largest number of clusters whose mean weight is inside the range; no number when first > second.

    >>> feasible_counts(1000.0, 180.0, 300.0), feasible_counts(330.0, 180.0, 300.0)
    ((4, 5), (2, 1))
    """
    fewest = max(1, math.ceil(total_weight / high * (1 - 1e-12)))
    # Against a minimum near zero the quotient may be infinite.
    most = math.floor(min(total_weight / low * (1 + 1e-12), _NO_LIMIT)) if low > 0 else _NO_LIMIT
    return fewest, most


def nearest_count(total_weight: float, low: float, high: float) -> int:
    """The number of clusters that misses the range by least in all, for a total that falls into a gap.

    >>> nearest_count(310.0, 180.0, 300.0), nearest_count(350.0, 180.0, 300.0)
    (1, 2)
    """
    fewer = max(1, math.floor(total_weight / high))
    return fewer if total_weight - fewer * high <= (fewer + 1) * low - total_weight else fewer + 1


def objective(weights: FloatArray, radii: FloatArray, params: Parameters) -> float:
    """Mean misfit of the clusters, lower is better.

    ``a * mean(|W_j - T| / T) + (1 - a) * mean(max(0, r_j - R) / R)`` with weights W_j, target T, radii r_j, desired
    radius R and ``a = weight_importance``. Without a radius only the first term counts.

    >>> params = Parameters(target_weight=100.0, radius=500.0)
    >>> objective(np.array([80.0, 120.0]), np.array([400.0, 600.0]), params)
    0.15000000000000002
    """
    misfit = float(np.mean(np.abs(weights - params.target_weight)) / max(params.target_weight, _LEAST))
    radius = params.wanted_radius
    if radius is None:
        return misfit
    excess = float(np.mean(np.maximum(0.0, radii - radius)) / max(radius, _LEAST))
    return params.weight_importance * misfit + (1 - params.weight_importance) * excess


def predicted_objective(weights: FloatArray, radii: FloatArray, n_clusters: int, params: Parameters) -> float:
    """The objective to expect with another number of clusters: weights shrink like 1 / k, radii like its root."""
    factor = len(weights) / n_clusters
    return objective(weights * factor, radii * math.sqrt(factor), params)


def promising_counts(weights: FloatArray, radii: FloatArray, fewest: int, most: int, params: Parameters) -> list[int]:
    """Numbers from ``fewest`` to ``most`` worth computing after the one that ``weights`` and ``radii`` belong to.

    The best by prediction, and its neighbours at a twentieth of the interval: predictions err a little.
    """
    counts = np.unique(np.linspace(fewest, most, 101).round().astype(np.int64))
    predicted = [predicted_objective(weights, radii, int(k), params) for k in counts]
    best = int(counts[int(np.argmin(predicted))])
    step = max(1, round((most - fewest) / 20))
    return sorted({k for k in (best - step, best, best + step) if fewest <= k <= most} - {len(weights)})


def share_out(n_clusters: int, weight: FloatArray, n_points: IntArray) -> list[int]:
    """Numbers of clusters of the components: at least one each, the others one by one to the largest mean weight.

    No component gets more clusters than it has points.

    >>> share_out(5, np.array([300.0, 100.0]), np.array([90, 90]))
    [4, 1]
    """
    counts = [1] * len(weight)
    # By falling mean weight, then by number.
    queue = [(-float(total), number) for number, total in enumerate(weight)]
    heapq.heapify(queue)
    for _ in range(min(n_clusters, int(n_points.sum())) - len(weight)):
        while counts[queue[0][1]] == n_points[queue[0][1]]:
            heapq.heappop(queue)
        number = queue[0][1]
        counts[number] += 1
        heapq.heapreplace(queue, (-float(weight[number]) / counts[number], number))
    return counts
