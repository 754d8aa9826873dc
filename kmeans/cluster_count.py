"""How many clusters: the candidates that the weight range allows, and the objective that picks one."""

import math

import numpy as np

from kmeans.kdtree import FloatArray
from kmeans.parameters import Parameters

# Clusterings that are computed and compared when a radius is wanted.
N_CANDIDATES = 9


def feasible_counts(total_weight: float, params: Parameters) -> tuple[int, int]:
    """Smallest and largest number of clusters whose mean weight is inside the range.

    When the total falls into a gap no number is feasible: then both are the number whose mean weight is nearest to
    the target, at least 1.
    """
    low, high = params.weight_range
    fewest = max(1, math.ceil(total_weight / high))
    most = math.floor(total_weight / low) if low > 0 else max(1, round(2 * total_weight / params.target_weight))
    if fewest <= most:
        return fewest, most
    nearest = max(1, round(total_weight / params.target_weight))
    return nearest, nearest


def candidate_counts(total_weight: float, n_points: int, params: Parameters) -> list[int]:
    """Numbers of clusters worth computing, ascending: the ideal one, and others only if a radius is wanted."""
    if params.n_clusters is not None:
        return [min(params.n_clusters, n_points)]
    fewest, most = feasible_counts(total_weight, params)
    ideal = min(max(round(total_weight / params.target_weight), fewest), most)
    if params.radius is None:
        return [min(ideal, n_points)]
    spread = {round(k) for k in np.linspace(fewest, most, N_CANDIDATES)} | {ideal}
    return sorted({min(k, n_points) for k in spread})


def objective(weights: FloatArray, radii: FloatArray, params: Parameters) -> float:
    """Mean misfit of the clusters, lower is better.

    ``a * mean(|W_j - T| / T) + (1 - a) * mean(max(0, r_j - R) / R)`` with weights W_j, target T, radii r_j, desired
    radius R and ``a = weight_importance``. Without a radius only the first term counts.
    """
    misfit = float(np.mean(np.abs(weights - params.target_weight)) / params.target_weight)
    if params.radius is None:
        return misfit
    excess = float(np.mean(np.maximum(0.0, radii - params.radius)) / params.radius)
    return params.weight_importance * misfit + (1 - params.weight_importance) * excess
