"""What the regression guard times, in a process of its own: a line with a case's name in, its seconds out.

The guard runs this module of two versions of the project; see ``benchmarks/guard.py``.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow

import kmeans
from benchmarks.inputs import cells, write_cells
from lambdas.clustering.file_job import Sinks, cluster_file
from lambdas.contract.parameters import parse_parameters


def cases(folder: Path) -> dict[str, Callable[[], object]]:
    """Calls of some tens of milliseconds each, by name."""
    pyarrow.set_cpu_count(1)
    degrees, people = cells(20_000, 9600.0, (121.0, 14.5), seed=1)
    places = np.rint((degrees - degrees.min(axis=0)) * 1200).astype(np.int64)
    rng = np.random.default_rng(0)
    villages = rng.uniform(0, 20_000, (60, 2))
    rooftops = villages[rng.integers(60, size=3000)] + rng.normal(0, 300, (3000, 2))
    uniform, start = rng.uniform(0, 1e4, (50_000, 2)), rng.uniform(0, 1e4, (200, 2))
    params = parse_parameters({"target_weight": 240, "weight_column": "population"})
    sinks = Sinks(str(folder / "clustered"), str(folder / "frame"))
    large = folder / "large.parquet"
    write_cells(large, *cells(13_691, 6000.0, (121.0, 14.5), seed=2), code="L", is_urban=True)
    small = [folder / f"small_{number}.parquet" for number in range(10)]
    for number, path in enumerate(small):
        write_cells(path, *cells(100 * (number + 1), 2600.0, (121.0, 14.5), seed=number), code="S", is_urban=True)
    return {
        "cells": lambda: kmeans.cluster(places * 92.0, people, kmeans.Parameters(240.0), cells=places),
        "rooftops": lambda: kmeans.cluster(rooftops, None, kmeans.Parameters(30.0)),
        "lloyd": lambda: kmeans.lloyd(
            kmeans.build_kdtree(uniform, np.ones(50_000)), start, max_iterations=20, tolerance=0
        ),
        "one file": lambda: cluster_file(str(large), "large.parquet", "", params, sinks),
        "ten small files": lambda: [cluster_file(str(path), path.name, "", params, sinks) for path in small],
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        calls = cases(Path(name))
        for call in calls.values():
            call()
        # The first line says which version this is, and what it can time.
        print(kmeans.__file__, *calls, sep="\t", flush=True)
        for line in sys.stdin:
            started = time.perf_counter()
            calls[line.strip()]()
            print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
