"""How time and memory grow with the number of points n and of clusters k: exponents fitted to powers of both.

.venv/bin/python -m benchmarks.growth
"""

import statistics
import sys
from typing import Any

import click
import numpy as np

import kmeans
from benchmarks.inputs import cells
from benchmarks.measuring import record, run, seconds, show

_SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
_POINTS_PER_CLUSTER = (30, 100, 300, 1000)
_METRES = np.array([108_000.0, 111_000.0])
_PEAK = """
import sys
from benchmarks.growth import example
import kmeans
def status(name):
    line = next(line for line in open("/proc/self/status") if line.startswith(name))
    return int(line.split()[1]) * 1024
kmeans.warm_up()
points, weights, lattice_index, params = example(int(sys.argv[1]), int(sys.argv[2]))
before = status("VmRSS")
with open("/proc/self/clear_refs", "w") as file:
    file.write("5")  # Making the input took more than it takes: the peak begins anew.
kmeans.cluster(points, weights, params, cells=lattice_index)
print(status("VmHWM") - before)
"""


@click.command()
@click.option("--repetitions", default=5, show_default=True)
def main(repetitions: int) -> None:
    """Cluster generated lattices of growing size, at a fixed number of points for each cluster, and the other way."""
    by_n = [measure(n, n // 100, repetitions) for n in _SIZES]
    by_k = [measure(100_000, 100_000 // share, repetitions) for share in _POINTS_PER_CLUSTER]
    rows = by_n + by_k
    show("Clustering, one thread", rows)
    exponents = {
        "time_in_n": exponent(by_n, "n", "seconds"),
        # What a small input takes was there before.
        "memory_in_n": exponent([row for row in by_n if row["megabytes"] > 1], "n", "megabytes"),
        "time_in_k": exponent(by_k, "k", "seconds"),
        "memory_in_k": exponent(by_k, "k", "megabytes"),
    }
    show("Exponents", [exponents])
    record("growth", repetitions, rows, exponents=exponents)


def example(n: int, k: int) -> tuple[Any, Any, Any, kmeans.Parameters]:
    """Points in metres, weights, columns and rows, and parameters for about k clusters."""
    degrees, people = cells(n, float(n), (0.0, 0.0), seed=n)
    lattice_index = np.rint((degrees - degrees.min(axis=0)) * 1200).astype(np.int64)
    return degrees * _METRES, people, lattice_index, kmeans.Parameters(n / k)


def measure(n: int, k: int, repetitions: int) -> dict[str, Any]:
    points, weights, lattice_index, params = example(n, k)

    def call() -> kmeans.Clustering:
        return kmeans.cluster(points, weights, params, cells=lattice_index)

    found = call()
    return {
        "case": f"n = {n:,}, n/k = {n // k:,}",
        "n": n,
        "k": found.n_clusters,
        "seconds": statistics.median(seconds(call) for _ in range(repetitions)),
        "megabytes": int(run([sys.executable, "-c", _PEAK, str(n), str(k)])) / 1e6,
        "in_range": float(found.in_range.mean()),
    }


def exponent(rows: list[dict[str, Any]], of: str, what: str) -> float:
    """Slope of the logarithms."""
    return float(np.polyfit(*(np.log([row[key] for row in rows]) for key in (of, what)), 1)[0])


if __name__ == "__main__":
    main()
