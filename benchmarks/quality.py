"""Quality of the clusters of any file: range, connectedness, compactness, beside scikit-learn and k-means-constrained.

    .venv/bin/python benchmarks/quality.py FILE --target-weight 240 --weight-column population --crs EPSG:3121

For each tolerance: the share of clusters in the range and in one piece, the inertia over the best of three
unconstrained scikit-learn fits with the same number of clusters, the radii, and the seconds of a warm call. Where every
weight is 1 and the PyPI package k-means-constrained is installed, `--constrained` also compares with it (minutes). The
score of the first system, (R/T) |T - median weight| + |R - median radius|, is printed when a radius is given. Results
are written as JSON and as a Markdown table with --out.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import json
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.spatial import Delaunay, cKDTree
from sklearn.cluster import KMeans

import kmeans
from sampling_units.job_input import read_input
from sampling_units.parameters import parse_parameters

COLUMNS = ("file", "tolerance", "k", "in range", "explained", "connected", "inertia", "radius median / p95", "seconds")


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--target-weight", type=float, required=True)
@click.option("--weight-column", help="Numeric column; by default every row weighs 1.")
@click.option("--crs", default="auto", show_default=True)
@click.option("--radius", type=float, help="Desired radius: the number of clusters is then chosen with it.")
@click.option("--tolerance", "tolerances", multiple=True, type=float, default=(0.25, 0.1, 0.05), show_default=True)
@click.option("--constrained", is_flag=True, help="Compare with k-means-constrained as well; takes minutes.")
@click.option("--out", type=click.Path(path_type=Path), help="Write PATH.json and PATH.md.")
def main(
    files: tuple[Path, ...],
    target_weight: float,
    weight_column: str | None,
    crs: str,
    radius: float | None,
    tolerances: tuple[float, ...],
    constrained: bool,
    out: Path | None,
) -> None:
    """Print the quality of the clusters of FILES at several tolerances of the weight."""
    params = parse_parameters({"target_weight": target_weight, "weight_column": weight_column, "crs": crs})
    results = []
    for file in files:
        job_input = read_input(str(file), file.name, params)
        points, weights = job_input.points, job_input.weights
        lattice_index = None if job_input.cells is None else job_input.cells.lattice.index
        for tolerance in tolerances:
            results.append(
                {"file": file.name}
                | measure(points, weights, lattice_index, target_weight, tolerance, radius, constrained)
            )
    table = Table(title=f"Clusters of {target_weight:g} by weight")
    for heading in (
        COLUMNS + (("score of the first system",) if radius else ()) + (("constrained",) if constrained else ())
    ):
        table.add_column(heading, justify="left" if heading == "file" else "right")
    rows = [cells(result) for result in results]
    for row in rows:
        table.add_row(*row)
    Console(width=150).print(table)
    if out is not None:
        out.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")
        headings = [str(column.header) for column in table.columns]
        lines = [headings, ["---"] * len(headings), *rows]
        out.with_suffix(".md").write_text("".join(f"| {' | '.join(line)} |\n" for line in lines))


def measure(
    points: np.ndarray,
    weights: np.ndarray,
    lattice_index: np.ndarray | None,
    target: float,
    tolerance: float,
    radius: float | None,
    constrained: bool,
) -> dict[str, Any]:
    """Cluster once to compile, once to time, and judge the result without the project's own code."""
    low, high = target * (1 - tolerance), target * (1 + tolerance)
    wanted = kmeans.Parameters(target, min_weight=low, max_weight=high, radius=radius)
    kmeans.cluster(points, weights, wanted, cells=lattice_index)
    started = time.perf_counter()
    found = kmeans.cluster(points, weights, wanted, cells=lattice_index)
    seconds = time.perf_counter() - started
    k = found.n_clusters
    result = {
        "tolerance": tolerance,
        "k": k,
        "in_range": float(np.mean((found.weight >= low * (1 - 1e-9)) & (found.weight <= high * (1 + 1e-9)))),
        "explained": float(
            np.mean([kmeans.Status(s) not in (kmeans.Status.BELOW_MIN, kmeans.Status.ABOVE_MAX) for s in found.status])
        ),
        "connected": float((pieces(points, found.labels) == 1).mean()),
        "inertia_over_k_means": found.inertia / unconstrained_inertia(points, weights, k),
        "radius_median": float(np.median(found.radius)),
        "radius_p95": float(np.quantile(found.radius, 0.95)),
        "seconds": seconds,
    }
    if radius is not None:
        median = abs(target - float(np.median(found.weight)))
        result["first_score"] = radius / target * median + abs(radius - result["radius_median"])
    if constrained:
        result["inertia_over_constrained"] = found.inertia / constrained_inertia(points, k, low, high)
    return result


def unconstrained_inertia(points: np.ndarray, weights: np.ndarray, k: int) -> float:
    """The best of three scikit-learn fits, which know of no range and no neighbours."""
    fits = (KMeans(k, n_init=1, random_state=seed).fit(points, sample_weight=weights) for seed in range(3))
    return min(float(fit.inertia_) for fit in fits)


def constrained_inertia(points: np.ndarray, k: int, low: float, high: float) -> float:
    from k_means_constrained import KMeansConstrained

    fit = KMeansConstrained(k, size_min=int(np.ceil(low)), size_max=int(high), n_init=1, random_state=0)
    return float(fit.fit(points - points.mean(axis=0)).inertia_)


def pieces(points: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Connected pieces of each cluster: cells that touch on a lattice, Delaunay neighbours otherwise."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    nearest = cKDTree(points).query(points, k=2)[0][:, 1]
    step = float(np.median(nearest))
    if np.mean(np.abs(nearest - step) < 0.05 * step) > 0.9:
        edges = cKDTree(points).query_pairs(1.6 * step, output_type="ndarray")
    else:
        simplices = Delaunay(points).simplices
        edges = np.vstack([simplices[:, [0, 1]], simplices[:, [1, 2]], simplices[:, [0, 2]]])
    edges = edges[labels[edges[:, 0]] == labels[edges[:, 1]]]
    graph = coo_matrix((np.ones(len(edges)), edges.T), shape=(len(points), len(points)))
    _, piece = connected_components(graph, directed=False)
    return np.bincount(np.unique(np.column_stack([labels, piece]), axis=0)[:, 0])


def cells(result: dict[str, Any]) -> list[str]:
    row = [
        result["file"],
        f"{result['tolerance']:.0%}",
        f"{result['k']:,}",
        f"{result['in_range']:.1%}",
        f"{result['explained']:.1%}",
        f"{result['connected']:.1%}",
        f"{result['inertia_over_k_means']:.4f}",
        f"{result['radius_median']:,.0f} / {result['radius_p95']:,.0f} m",
        f"{result['seconds']:.3f}",
    ]
    if "first_score" in result:
        row.append(f"{result['first_score']:.0f}")
    if "inertia_over_constrained" in result:
        row.append(f"{result['inertia_over_constrained']:.4f}")
    return row


if __name__ == "__main__":
    main()
