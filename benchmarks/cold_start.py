"""From nothing to ready: the clustering function, its first file, the command line, and the first system's imports.

    make .first_system/.complete .image/.complete
    .venv/bin/python -m benchmarks.cold_start

The function runs in an environment with exactly the packages of its image, from a baked cache; the first system's
libraries (geopandas, scikit-learn, optuna, awswrangler) in one of their own. Compiled Python files are there on both
sides. Every time is that of a fresh process, in turn.
"""

import shutil
import statistics
import subprocess
import time
from functools import partial
from pathlib import Path

import click

from benchmarks.measuring import PROJECT, WORK, cluster_command, record, run, show
from benchmarks.whole_file import generated

_CLOCK = "import time; started = time.perf_counter(); {}; print(time.perf_counter() - started)"
_HANDLER = "import lambdas.clustering.handler"
_FIRST_SYSTEM = "import geopandas, sklearn.cluster, optuna, awswrangler"
_FIRST_FILE = """
import time
import lambdas.clustering.handler
from sampling_units.job import Sinks, cluster_file
from sampling_units.parameters import parse_parameters
params = parse_parameters({{"target_weight": 240, "weight_column": "population"}})
started = time.perf_counter()
cluster_file({path!r}, "cells.parquet", "", params, Sinks({out!r} + "/clustered", {out!r} + "/frame"))
print(time.perf_counter() - started)
"""


@click.command()
@click.option("--repetitions", default=7, show_default=True)
def main(repetitions: int) -> None:
    """Time fresh processes."""
    image, first_system = (PROJECT / name / "bin" / "python" for name in (".image", ".first_system"))
    if not (image.exists() and first_system.exists()):
        raise click.ClickException("run `make .first_system/.complete .image/.complete` first")
    # Without tests, as the image is, and never found by the other side.
    root = WORK / "task"
    shutil.rmtree(root, ignore_errors=True)
    for package in ("kmeans", "lambdas"):
        shutil.copytree(PROJECT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    baked = {"BAKED_NUMBA_CACHE": str(root / ".numba_cache"), "ARROW_DEFAULT_MEMORY_POOL": "system"}
    in_image = partial(run, cwd=root, PYTHONPATH=str(root), **baked)
    origin = in_image([image, "-c", "import lambdas; print(lambdas.__file__)"]).strip()
    if not Path(origin).is_relative_to(root):
        raise click.ClickException(f"{origin} was imported instead of the copy in {root}")
    subprocess.run([image, "-m", "compileall", "-q", root, image.parent.parent / "lib"], check=False)
    subprocess.run([first_system, "-m", "compileall", "-q", first_system.parent.parent / "lib"], check=False)
    in_image([image, "-m", "lambdas.clustering.compiled_cache"])
    small = generated(((800, 3),))[0]
    file = _FIRST_FILE.format(path=str(small), out=str(WORK))
    sides = {
        "import of the handler": lambda: float(in_image([image, "-c", _CLOCK.format(_HANDLER)])),
        "first file after it": lambda: float(in_image([image, "-c", file])),
        "imports of the first system": lambda: float(run([first_system, "-c", _CLOCK.format(_FIRST_SYSTEM)])),
        "kmeans cluster, one small file": lambda: command_seconds(small),
    }
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repetitions + 1):
        for name, side in sides.items():
            found = side()
            if turn:
                times[name].append(found)
    rows = [{"what": name, "seconds": statistics.median(found)} for name, found in times.items()]
    ratio = statistics.median(
        theirs / ours
        for theirs, ours in zip(times["imports of the first system"], times["import of the handler"], strict=True)
    )
    show("Fresh processes, median seconds", rows)
    click.echo(f"the handler is imported {ratio:.1f} times as fast as the first system's libraries")
    record("cold_start", repetitions, rows, first_system_over_handler=ratio)


def command_seconds(path: Path) -> float:
    """The whole command, interpreter included."""
    out = WORK / "cold_out"
    shutil.rmtree(out, ignore_errors=True)
    started = time.perf_counter()
    run(cluster_command(path, out))
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
