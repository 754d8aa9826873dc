"""Counts kept promises on generated districts: holes, rivers, islands, heavy-tailed weights.

.venv/bin/python benchmarks/promises.py --files 300
.venv/bin/python benchmarks/promises.py --files 1 --cells 1000000 --per-cluster 500 --patches
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import click
import numpy as np

import kmeans
from kmeans.search.seeding import greedy_kmeans_plus_plus
from tests.support.geography import count_pieces, lattice_edges
from tests.support.populations import district, patches

UNEXPLAINED = (kmeans.Status.BELOW_MIN, kmeans.Status.ABOVE_MAX)


@click.command()
@click.option("--files", default=300, show_default=True, help="Districts.")
@click.option("--cells", type=int, help="Size of the outline in cells; by default 200 to 5,000, drawn at random.")
@click.option("--per-cluster", type=float, help="Cells a cluster on average; by default the target is 240 people.")
@click.option("--patches", "has_patches", is_flag=True, help="Density varies in patches, not with one town.")
@click.option("--bridge", is_flag=True, help="Join islands that are too light.")
@click.option("--seed", default=0, show_default=True)
def main(files: int, cells: int | None, per_cluster: float | None, has_patches: bool, bridge: bool, seed: int) -> None:
    """Cluster generated districts and print what became of the promises."""
    counts = dict.fromkeys(("cells", "clusters", "in range", "explained", "unexplained", "in one piece", "bridged"), 0)
    ratios, seconds = [], 0.0
    for number in range(files):
        rng = np.random.default_rng([seed, number])
        generate = patches if has_patches else district
        points, weights = generate(rng, cells or int(np.exp(rng.uniform(np.log(200), np.log(5000)))))
        if per_cluster is None:
            weights *= np.exp(rng.uniform(np.log(100), np.log(6000))) / weights.sum()
        target = 240.0 if per_cluster is None else weights.sum() / (len(points) / per_cluster)
        metres = points * 92.0
        started = time.perf_counter()
        found = kmeans.cluster(metres, weights, kmeans.Parameters(target, bridge=bridge))
        seconds += time.perf_counter() - started
        pieces = count_pieces(len(points), lattice_edges(points), found.labels)
        is_bridged = found.status == kmeans.Status.BRIDGED
        counts["cells"] += len(points)
        counts["clusters"] += found.n_clusters
        counts["in range"] += int(found.in_range.sum())
        counts["unexplained"] += int(np.isin(found.status, UNEXPLAINED).sum())
        counts["explained"] += int((~found.in_range & ~np.isin(found.status, UNEXPLAINED)).sum())
        counts["in one piece"] += int((pieces == 1).sum())
        counts["bridged"] += int(is_bridged.sum())
        if cells is not None:
            tree = kmeans.build_kdtree(metres, weights)
            starts = (greedy_kmeans_plus_plus(tree, found.n_clusters, start) for start in range(3))
            ratios.append(found.inertia / min(kmeans.lloyd(tree, start + tree.origin).inertia for start in starts))
    for name, count in counts.items():
        click.echo(f"{name:14} {count:,}")
    if ratios:
        click.echo(f"{'inertia':14} {np.mean(ratios):.4f} of the best of three unconstrained Lloyd runs")
    click.echo(f"{'seconds':14} {seconds:.1f}")
    sys.exit(1 if counts["unexplained"] else 0)


if __name__ == "__main__":
    main()
