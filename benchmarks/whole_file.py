"""A whole file, read to written, against a calibrator: 20 iterations of scikit-learn's k-means on the same points.

    .venv/bin/python -m benchmarks.whole_file
    .venv/bin/python -m benchmarks.whole_file cells.parquet --target-weight 240 --crs EPSG:3121

Without a file, generated ones are taken: lattices of 13,691 and 69,000 cells (k = 25 and 72), the first once more with
a desired radius, and 17,000 scattered buildings. The quality of the clusters is printed beside the times, and the peak
memory of a fresh process for 101,519 cells.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import cProfile
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow
from sklearn.cluster import KMeans

import kmeans
from benchmarks.inputs import buildings, cells, write_cells
from benchmarks.measuring import WORK, alternate, cluster_command, measured, median_ratio, record, show
from benchmarks.quality import unconstrained_inertia
from sampling_units.errors import RunError
from sampling_units.job import Sinks, cluster_file
from sampling_units.job_input import read_input
from sampling_units.parameters import RunParameters, parse_parameters

# Functions whose time makes up a stage; what one calls is counted with it.
STAGES = {
    "read": ("__init__:geo_file", "find_coordinates", "read_rows"),
    "project": ("choose_projection", "to_metres:projection"),
    "lattice": ("find_cells",),
    "tree_and_graph": ("build_kdtree:kdtree", "build_neighbour_graph", "find_components"),
    "search": ("_cluster_components",),
    "polygons": ("cluster_polygons",),
    "write": ("write_frame", "write_clustered"),
}


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--target-weight", default=240.0, show_default=True)
@click.option("--weight-column", default="population", show_default=True, help="Give none as an empty text.")
@click.option("--crs", default="auto", show_default=True)
@click.option("--repetitions", default=7, show_default=True)
def main(files: tuple[Path, ...], target_weight: float, weight_column: str, crs: str, repetitions: int) -> None:
    """Time whole files in a warm process, by stages. Without FILES the figures go to benchmarks/results."""
    pyarrow.set_cpu_count(1)
    params = parse_parameters({"target_weight": target_weight, "weight_column": weight_column or None, "crs": crs})
    cases = {path.name: (path, params) for path in files} or generated_cases()
    try:
        rows = [{"file": name, **measure(*case, repetitions)} for name, case in cases.items()]
    except RunError as error:
        raise click.ClickException(str(error)) from error
    show("Whole file, milliseconds (median)", [{key: row[key] for key in row if key not in STAGES} for row in rows])
    show("Stages, milliseconds", [{"file": row["file"]} | {stage: row[stage] for stage in STAGES} for row in rows])
    if files:
        return
    large = generated(((101_519, 106),))[0]
    megabytes = measured(cluster_command(large, WORK / "memory")).peak_megabytes
    click.echo(f"peak memory of `kmeans cluster`, 101,519 cells, fresh process: {megabytes:.0f} MB")
    record("whole_file", repetitions, rows, peak_megabytes=megabytes)


def generated_cases() -> dict[str, tuple[Path, RunParameters]]:
    """The files of the published table, and how they are clustered."""
    people = {"target_weight": 240.0, "weight_column": "population"}
    small, large = generated(((13_691, 25), (69_000, 72)))
    scattered = WORK / "buildings_17000.parquet"
    write_cells(scattered, buildings(17_000, (121.0, 14.5), seed=1), np.ones(17_000), code="B", is_urban=True)
    return {
        "13,691 cells": (small, parse_parameters(people)),
        "the same, radius 1,000 m": (small, parse_parameters({**people, "radius": 1000.0})),
        "69,000 cells": (large, parse_parameters(people)),
        "17,000 buildings": (scattered, parse_parameters({"target_weight": 30.0, "weight_column": None})),
    }


def generated(sizes: tuple[tuple[int, int], ...]) -> list[Path]:
    """Lattices of so many cells, with as many people as so many clusters of 240 have."""
    WORK.mkdir(parents=True, exist_ok=True)
    paths = []
    for n, k in sizes:
        path = WORK / f"lattice_{n}.parquet"
        write_cells(path, *cells(n, k * 240.0, (121.0, 14.5), seed=1), code="L", is_urban=True)
        paths.append(path)
    return paths


def measure(path: Path, params: RunParameters, repetitions: int) -> dict[str, Any]:
    """Ratio, stages and quality of one file."""
    WORK.mkdir(parents=True, exist_ok=True)

    def ours() -> object:
        return cluster_file(str(path), path.name, "", params, Sinks(str(WORK / "clustered"), str(WORK / "frame")))

    job_input = read_input(str(path), path.name, params)
    k = max(2, int(job_input.weights.sum() / job_input.parameters[0].target_weight))
    fit = KMeans(k, init="random", n_init=1, max_iter=20, tol=0, random_state=0, algorithm="lloyd")
    sides: dict[str, Callable[[], object]] = {
        "ours": ours,
        "calibrator": lambda: fit.fit(job_input.points, sample_weight=job_input.weights),
    }
    times = alternate(sides, repetitions)
    cells_of = None if job_input.cells is None else job_input.cells.lattice.index
    found = kmeans.cluster(job_input.points, job_input.weights, job_input.parameters[0], job_input.footprints, cells_of)
    return {
        "rows": len(job_input.points),
        "k": found.n_clusters,
        "ours": float(np.median(times["ours"]) * 1e3),
        "calibrator": float(np.median(times["calibrator"]) * 1e3),
        "ratio": median_ratio(times, "ours", "calibrator"),
        "in_range": float(found.in_range.mean()),
        "inertia_over_unconstrained": found.inertia
        / unconstrained_inertia(job_input.points, job_input.weights, found.n_clusters),
        **stages(ours, repetitions),
    }


def stages(call: Callable[[], object], repetitions: int) -> dict[str, float]:
    """Milliseconds of each stage, as the profiler sees them: some percent more than without it."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(repetitions):
        call()
    profile.disable()
    cumulated: dict[str, float] = {}
    for (file, _, name), (_, _, _, total, _) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        for key in (name, f"{name}:{Path(file).stem}"):
            cumulated[key] = cumulated.get(key, 0.0) + total
    return {stage: sum(cumulated.get(key, 0.0) for key in keys) / repetitions * 1e3 for stage, keys in STAGES.items()}


if __name__ == "__main__":
    main()
