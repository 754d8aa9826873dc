"""Generated input: lattices of population cells as on the ground, and scattered buildings."""

import numpy as np


def lattice(rng, columns, rows, spacing=92.0):
    """Cells of a lattice with holes, float64 (n, 2), and heavy-tailed weights around two towns, float64 (n,)."""
    x, y = np.meshgrid(np.arange(columns) * spacing, np.arange(rows) * spacing)
    points = np.column_stack([x.ravel(), y.ravel()])
    points = points[rng.random(len(points)) > 0.1]
    towns = points[rng.integers(len(points), size=2)]
    distance = np.min(np.linalg.norm(points[:, None] - towns[None], axis=2), axis=1)
    weights = rng.lognormal(-2, 0.8, len(points)) * (1 + 10 * np.exp(-distance / (5 * spacing)))
    return points, weights


def buildings(rng, n, extent=5000.0):
    """Buildings in villages of different size: float64 (n, 2), each of weight 1."""
    villages = rng.uniform(0, extent, (max(1, n // 50), 2))
    home = rng.choice(len(villages), n, p=rng.dirichlet(np.ones(len(villages))))
    return villages[home] + rng.normal(0, extent / 60, (n, 2)), np.ones(n)
