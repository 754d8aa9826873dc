"""Plain Lloyd against scikit-learn: the same start, iterated until it rests. Inertia has to agree, time is compared.

    .venv/bin/python benchmarks/lloyd.py FILE --target-weight 240 [--weight-column population] [--crs EPSG:3121]

Runs alternate between the two, each on one thread; the table shows medians. Exit status 1 if an inertia differs by more
than a millionth.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from sklearn.cluster import KMeans

from kmeans import LloydResult, build_kdtree, lloyd
from kmeans.seeding import equal_weight_runs, greedy_kmeans_plus_plus
from lambdas.clustering.ground import read_ground
from lambdas.contract.parameters import RunParameters, parse_parameters

MAX_ITERATIONS = 1000
AGREEMENT = 1e-6


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--target-weight", type=float, required=True, help="The number of clusters is the total over this.")
@click.option("--weight-column", help="Numeric column; by default every row weighs 1.")
@click.option("--crs", default="auto", show_default=True)
@click.option("--runs", default=5, show_default=True, help="Timed repetitions of each side.")
def main(files: tuple[Path, ...], target_weight: float, weight_column: str | None, crs: str, runs: int) -> None:
    """Compare Lloyd's algorithm with scikit-learn's on the points of FILES."""
    table = Table(title="Lloyd until it rests, seconds (median)")
    for heading in ("file", "start", "n", "k", "iterations", "ours", "scikit-learn", "ratio", "inertia / theirs - 1"):
        table.add_column(heading, justify="left" if heading in ("file", "start") else "right")
    params = parse_parameters({"target_weight": target_weight, "weight_column": weight_column, "crs": crs})
    comparisons = [comparison for file in files for comparison in compare_file(file, params, runs)]
    for comparison in comparisons:
        table.add_row(*comparison.cells)
    Console(width=130).print(table)
    if max(abs(comparison.difference) for comparison in comparisons) > AGREEMENT:
        sys.exit(1)


@dataclass(frozen=True)
class Comparison:
    """One row of the table, and by how much the inertia differs relatively."""

    cells: tuple[str, ...]
    difference: float


def compare_file(file: Path, params: RunParameters, runs: int) -> Iterator[Comparison]:
    """Both kinds of start on the points of one file."""
    ground = read_ground(str(file), file.name, params)
    points, weights = ground.points, ground.weights
    tree = build_kdtree(points, weights)
    k = max(1, int(weights.sum() / params.target_weight))
    for name, start in (("runs", equal_weight_runs(tree, k)), ("k-means++", greedy_kmeans_plus_plus(tree, k, 0))):
        yield compare(file.name, name, points, weights, start + tree.origin, runs)


def compare(file: str, name: str, points: np.ndarray, weights: np.ndarray, start: np.ndarray, runs: int) -> Comparison:
    """Iterate from ``start`` with both implementations, in turn."""
    fit = KMeans(len(start), init=start, n_init=1, max_iter=MAX_ITERATIONS, tol=0, algorithm="lloyd")

    def ours() -> LloydResult:
        return lloyd(build_kdtree(points, weights), start, max_iterations=MAX_ITERATIONS, tolerance=0)

    def theirs() -> KMeans:
        return fit.fit(points, sample_weight=weights)

    mine, other = ours(), theirs()
    seconds = [(clock(ours), clock(theirs)) for _ in range(runs)]
    difference = mine.inertia / other.inertia_ - 1
    cells = (
        file,
        name,
        f"{len(points):,}",
        f"{len(start):,}",
        f"{mine.n_iterations} / {other.n_iter_}",
        f"{statistics.median(our for our, _ in seconds):.4f}",
        f"{statistics.median(their for _, their in seconds):.4f}",
        f"{statistics.median(their / our for our, their in seconds):.0f}x",
        f"{difference:+.1e}",
    )
    return Comparison(cells, difference)


def clock(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
