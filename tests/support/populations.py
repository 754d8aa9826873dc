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


def district(rng, n_cells):
    """A lattice with an irregular outline, holes, often a river and islands; spacing 1, weights with a heavy tail.

    The quantiles of the weights are those of a real country: 5 % 0.036, 50 % 0.112, 95 % 0.93, 99 % 2.24 people a cell.
    """
    side = int(np.sqrt(n_cells * 1.5)) + 4
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    points = np.column_stack([x.ravel(), y.ravel()]).astype(float)
    inside = np.zeros(len(points), bool)
    for centre in rng.uniform(0.2, 0.8, (rng.integers(1, 4), 2)) * side:
        away = points - centre
        angle = np.arctan2(away[:, 1], away[:, 0])
        inside |= np.hypot(*away.T) < rng.uniform(0.2, 0.5) * side * (1 + 0.2 * np.sin(3 * angle))
    if rng.random() < 0.5:
        direction = rng.uniform(0, np.pi)
        across = (points - side / 2) @ [np.cos(direction), np.sin(direction)] + 2 * np.sin(points[:, 0] / 7)
        inside &= np.abs(across) > rng.integers(1, 3)
    for centre in rng.uniform(0, side, (rng.integers(0, 4), 2)):
        inside |= np.hypot(*(points - centre).T) < rng.uniform(0.5, 4)
    points = points[inside & (rng.random(len(points)) > rng.uniform(0, 0.15))]
    town = points[rng.integers(len(points))]
    rank = np.argsort(np.argsort(-np.hypot(*(points - town).T) / side + 0.15 * rng.normal(size=len(points))))
    logarithms = np.log([0.02, 0.036, 0.112, 0.93, 2.24, 6.0])
    weights = np.exp(np.interp(rank / len(points), [0, 0.05, 0.5, 0.95, 0.99, 1], logarithms))
    return points, weights


def patches(rng, n_cells):
    """A lattice with holes; density varies from patch to patch of 12 cells and from cell to cell, spacing 1."""
    side = int(np.sqrt(n_cells / 0.9))
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    points = np.column_stack([x.ravel(), y.ravel()]).astype(float)
    points = points[rng.random(len(points)) < 0.9]
    patch = rng.normal(size=(side // 12 + 1, side // 12 + 1))
    column, row = (points // 12).astype(int).T
    return points, np.exp(np.log(0.112) + 0.8 * patch[row, column] + 0.7 * rng.normal(size=len(points)))
