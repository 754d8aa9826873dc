"""Plain Lloyd against scikit-learn (lloyd and elkan) and faiss: same points, same start, same number of iterations.

    .venv/bin/python -m benchmarks.engine

One thread each. Ours includes building the tree. With --quick only the two cases of the acceptance are run.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

from collections.abc import Callable
from typing import Any

import click
import faiss
import numpy as np
from sklearn.cluster import KMeans

from benchmarks.measuring import alternate, median_ratio, record, show
from kmeans import LloydResult, build_kdtree, lloyd

# Distances that all sides together may compute in one call; beyond it there are fewer iterations.
_BUDGET = 5e9
# The first cases are timed in turn however long they take.
_ACCEPTANCE = 2
# Bytes of the bounds of Elkan's algorithm that are too many.
_ELKAN_BYTES = 2e9
# Relative difference of two inertias up to which the work was the same.
AGREEMENT = 1e-6


@click.command()
@click.option("--repetitions", default=5, show_default=True)
@click.option("--quick", is_flag=True, help="Only 100,000 points with 200 and 1,000 clusters, until they rest.")
def main(repetitions: int, quick: bool) -> None:
    """Compare Lloyd's algorithm with other implementations on uniform points of weight 1 to 3."""
    cases = [(100_000, 200, 300), (100_000, 1000, 300)]
    if not quick:
        for n in (10_000, 100_000, 1_000_000):
            for points_per_cluster in (500, 100, 30):
                k = n // points_per_cluster
                cases.append((n, k, int(min(20, max(1, _BUDGET // (n * k))))))
    rows = []
    for n, k, iterations in cases:
        is_quick = len(rows) < _ACCEPTANCE or n * k * iterations <= _BUDGET
        rows.append(compare(n, k, iterations, repetitions if is_quick else 1))
        show("Lloyd, milliseconds a call (median); ratios over ours", rows[-1:])
    show("Lloyd, milliseconds a call (median); ratios over ours", rows)
    if not quick:
        record("engine", repetitions, rows)


def compare(n: int, k: int, iterations: int, repetitions: int) -> dict[str, Any]:
    """One case: all sides start from the same points and do as many iterations as ours until nothing changes.

    Those are at most ``iterations``.
    """
    rng = np.random.default_rng(n + k)
    points, weights = rng.uniform(0, 10_000, (n, 2)), rng.uniform(1, 3, n)
    start = points[rng.choice(n, k, replace=False)]

    def ours() -> LloydResult:
        return lloyd(build_kdtree(points, weights), start, max_iterations=iterations, tolerance=0)

    mine = ours()
    sides: dict[str, Callable[[], object]] = {"ours": ours}
    algorithms = ["lloyd"] + (["elkan"] if n * k * 8 <= _ELKAN_BYTES else [])
    for algorithm in algorithms:
        fit = KMeans(k, init=start, n_init=1, max_iter=mine.n_iterations, tol=0, algorithm=algorithm)
        sides[algorithm] = lambda fit=fit: fit.fit(points, sample_weight=weights)
    in_single = points.astype(np.float32), weights.astype(np.float32), start.astype(np.float32)

    def theirs() -> object:
        # It never stops early.
        fit = faiss.Kmeans(2, k, niter=mine.n_iterations, max_points_per_centroid=n, min_points_per_centroid=1)
        return fit.train(in_single[0], weights=in_single[1], init_centroids=in_single[2])

    faiss.omp_set_num_threads(1)
    sides["faiss"] = theirs
    difference = abs(mine.inertia / sides["lloyd"]().inertia_ - 1)  # type: ignore[attr-defined]
    if difference > AGREEMENT:
        raise click.ClickException(
            f"n = {n:,}, k = {k:,}: the inertias of ours and scikit-learn differ by {difference:.1e}, "
            f"more than {AGREEMENT:.0e}: they did not do the same, so their times cannot be compared"
        )
    times = alternate(sides, repetitions, warm_up=repetitions > 1)
    return {
        "case": f"n = {n:,}, k = {k:,}",
        "n": n,
        "k": k,
        "iterations": mine.n_iterations,
        "ours": float(np.median(times["ours"]) * 1e3),
        **{name: median_ratio(times, name, "ours") if name in times else None for name in ("lloyd", "elkan", "faiss")},
        "inertia": difference,
        "turns": repetitions,
    }


if __name__ == "__main__":
    main()
