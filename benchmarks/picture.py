"""Draws the picture of the README: population cells of a generated district, and the sampling units made of them.

.venv/bin/python benchmarks/picture.py docs/pictures/clusters.png
"""

import click
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import LogNorm

import kmeans

SPACING = 92.0
TARGET = 240.0


def district(rng: np.random.Generator, columns: int = 150, rows: int = 110) -> tuple[np.ndarray, np.ndarray]:
    """Cells of a district with towns, villages and a river, and the people in each."""
    x, y = np.meshgrid(np.arange(columns) * SPACING, np.arange(rows) * SPACING)
    points = np.column_stack([x.ravel(), y.ravel()])
    extent = points.max(axis=0)
    river = np.abs(points[:, 1] - extent[1] * (0.45 + 0.12 * np.sin(points[:, 0] / extent[0] * 7))) < 1.5 * SPACING
    outside = np.linalg.norm((points / extent - 0.5) * [1.0, 1.1], axis=1) > 0.5 + 0.05 * np.sin(points[:, 0] / 700)
    points = points[~(river | outside)]
    people = rng.lognormal(-2.2, 0.9, len(points))
    for size, reach in ((9.0, 6), (5.0, 5), (4.0, 4), *[(2.0, 2)] * 12):
        distance = np.linalg.norm(points - points[rng.integers(len(points))], axis=1)
        people += size * rng.lognormal(0, 0.4, len(points)) * np.exp(-distance / (reach * SPACING))
    return points, people


def draw_cells(axes: plt.Axes, points: np.ndarray, **colours: object) -> PolyCollection:
    half = SPACING / 2
    corners = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
    cells = PolyCollection(points[:, None, :] + corners, linewidths=0, antialiaseds=False, **colours)
    axes.add_collection(cells)
    axes.autoscale_view()
    axes.set_aspect("equal")
    axes.set_axis_off()
    return cells


@click.command()
@click.argument("target", type=click.Path(dir_okay=False))
def main(target: str) -> None:
    """Draw the picture into the file TARGET."""
    points, people = district(np.random.default_rng(4))
    found = kmeans.cluster(points, people, kmeans.Parameters(TARGET))
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.4), layout="constrained")
    cells = draw_cells(left, points, array=people, norm=LogNorm(), cmap="viridis")
    figure.colorbar(cells, ax=left, label="people per cell", shrink=0.8)
    left.set_title(f"{len(points):,} population cells, {people.sum():,.0f} people")
    shuffled = np.random.default_rng(0).permutation(found.n_clusters)
    colours = plt.get_cmap("turbo")(shuffled / found.n_clusters)
    draw_cells(right, points, facecolors=colours[found.labels])
    low, high = found.weight.min(), found.weight.max()
    right.set_title(f"{found.n_clusters} connected sampling units of {low:.0f} to {high:.0f} people")
    figure.savefig(target, dpi=110)


if __name__ == "__main__":
    main()
