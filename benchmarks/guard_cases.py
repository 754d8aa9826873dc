"""What the regression guard times, in a process of its own: a line with a case's name in, its seconds out.

The guard runs this file in two versions of the project; see ``benchmarks/guard.py``. Each case imports what it needs by
itself, so that what an earlier version lacks takes away no other case.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow

import kmeans

Call = Callable[[], object]
# What is raised where a module, a function or a parameter is not there yet.
MISSING = (ImportError, AttributeError, TypeError)
_HANDLER = "lambdas.clustering.handler"


def write_inputs(folder: Path) -> None:
    """Write what the cases read. The guard does so once: both versions get the same bytes."""
    from benchmarks.inputs import cells, write_cells

    centre = (121.0, 14.5)
    degrees, people = cells(20_000, 9600.0, centre, seed=1)
    places = np.rint((degrees - degrees.min(axis=0)) * 1200).astype(np.int64)
    np.savez(folder / "lattice.npz", places=places, people=people)
    write_cells(folder / "large.parquet", *cells(13_691, 6000.0, centre, seed=2), code="L", is_urban=True)
    for number in range(10):
        path = folder / f"small_{number}.parquet"
        write_cells(path, *cells(100 * (number + 1), 2600.0, centre, seed=number), code="S", is_urban=True)
    roofs = np.array(centre) + villages(2000) / 111_000
    write_cells(folder / "rooftops.parquet", roofs, np.ones(len(roofs)), code="R", is_urban=False)


def villages(n: int) -> np.ndarray:
    """Places around some villages: float64 (n, 2), metres."""
    rng = np.random.default_rng(0)
    middles = rng.uniform(0, 20_000, (60, 2))
    return middles[rng.integers(60, size=n)] + rng.normal(0, 300, (n, 2))


def start_up(folder: Path) -> Call:
    """Import the function in a fresh process; like this one it finds the version that it is started in."""
    if find_spec(_HANDLER) is None:
        raise ImportError(_HANDLER)
    return lambda: subprocess.run([sys.executable, "-c", f"import {_HANDLER}"], check=True)


def lattice(folder: Path) -> Call:
    found = np.load(folder / "lattice.npz")
    places, people = found["places"], found["people"]
    return lambda: kmeans.cluster(places * 92.0, people, kmeans.Parameters(240.0), cells=places)


def rooftops(folder: Path) -> Call:
    points = villages(3000)
    return lambda: kmeans.cluster(points, None, kmeans.Parameters(30.0))


def plain_lloyd(folder: Path) -> Call:
    rng = np.random.default_rng(0)
    points, weights, start = rng.uniform(0, 1e4, (50_000, 2)), np.ones(50_000), rng.uniform(0, 1e4, (200, 2))
    return lambda: kmeans.lloyd(kmeans.build_kdtree(points, weights), start, max_iterations=20, tolerance=0)


def files(names: Sequence[str], target_weight: float) -> Callable[[Path], Call]:
    """Cluster these files, read to written."""

    def prepare(folder: Path) -> Call:
        try:
            from sampling_units.job import Sinks, cluster_file
            from sampling_units.parameters import parse_parameters
        except ModuleNotFoundError:
            # Where they were up to commit 10891fe.
            from lambdas.clustering.file_job import Sinks, cluster_file
            from lambdas.contract.parameters import parse_parameters

        pyarrow.set_cpu_count(1)
        params = parse_parameters({"target_weight": target_weight, "weight_column": "population"})
        sinks = Sinks(str(folder / "clustered"), str(folder / "frame"))
        return lambda: [cluster_file(str(folder / name), name, "", params, sinks) for name in names]

    return prepare


# Calls of some tens of milliseconds each, by name. Polygons of rooftops are Voronoi cells, made by GEOS.
CASES: dict[str, Callable[[Path], Call]] = {
    "start-up": start_up,
    "cells": lattice,
    "rooftops": rooftops,
    "lloyd": plain_lloyd,
    "one file": files(["large.parquet"], 240.0),
    "ten small files": files([f"small_{number}.parquet" for number in range(10)], 240.0),
    "rooftop file": files(["rooftops.parquet"], 30.0),
}


def main(folder: Path) -> None:
    # An editable install would lend modules of the present version to an earlier one that lacks them.
    sys.meta_path[:] = [it for it in sys.meta_path if not getattr(it, "__module__", "").startswith("__editable__")]
    calls: dict[str, Call] = {}
    missing: dict[str, str] = {}
    for case, prepare in CASES.items():
        try:
            call = prepare(folder)
            call()  # The first call compiles.
        except MISSING as error:
            missing[case] = f"{type(error).__name__}: {error}"
        else:
            calls[case] = call
    # The first line says which version this is, and what it can and cannot do.
    print(json.dumps({"origin": kmeans.__file__, "cases": list(calls), "missing": missing}), flush=True)
    for line in sys.stdin:
        started = time.perf_counter()
        calls[line.strip()]()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
