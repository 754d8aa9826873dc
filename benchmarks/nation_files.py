"""Times files one after another, read to written, in a process like those of a local run: see `nation`.

    python -m benchmarks.nation_files LIST REPETITIONS

LIST is a file with the paths in JSON. Prints the median seconds of each.
"""

import os

os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # As the command does it, before pyarrow is loaded.

import json
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow

from benchmarks.measuring import WORK
from sampling_units.cli.cluster.local_run import warm_up
from sampling_units.job import Sinks, cluster_file
from sampling_units.parameters import RunParameters, parse_parameters

_OPTIONS = {"target_weight": 240.0, "weight_column": "population"}


def main(paths: list[Path], repetitions: int) -> None:
    pyarrow.set_cpu_count(1)
    warm_up()
    params = parse_parameters(_OPTIONS)
    sinks = Sinks(str(WORK / "clustered"), str(WORK / "frame"))
    # The first time is for what is loaded when it is needed.
    times = [[_seconds(path, params, sinks) for path in paths] for _ in range(repetitions + 1)][1:]
    print(json.dumps(np.median(times, axis=0).tolist()))


def _seconds(path: Path, params: RunParameters, sinks: Sinks) -> float:
    for sink in (sinks.clustered, sinks.frame):  # In use every output is a new file.
        Path(sink).unlink(missing_ok=True)
    started = time.perf_counter()
    cluster_file(str(path), path.name, "", params, sinks)
    return time.perf_counter() - started


if __name__ == "__main__":
    main([Path(path) for path in json.loads(Path(sys.argv[1]).read_text())], int(sys.argv[2]))
