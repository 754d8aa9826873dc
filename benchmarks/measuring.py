"""What every benchmark needs: timing in turn, peak memory of a fresh process, and a record with the machine on it."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).parent.parent
RESULTS = PROJECT / "benchmarks" / "results"
# Where generated input and outputs go.
WORK = PROJECT / "build" / "benchmarks"
_PACKAGES = ("numpy", "numba", "pyarrow", "pyproj", "shapely", "scikit-learn", "faiss-cpu")


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def alternate(
    sides: Mapping[str, Callable[[], object]], repetitions: int, *, warm_up: bool = True
) -> dict[str, list[float]]:
    """Seconds of each side, called in turn, so that a slow moment of the machine meets all of them."""
    for call in sides.values() if warm_up else ():
        call()
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(repetitions):
        for name, call in sides.items():
            times[name].append(seconds(call))
    return times


def median_ratio(times: Mapping[str, Sequence[float]], side: str, over: str) -> float:
    """Median of the ratios of the turns."""
    return statistics.median(a / b for a, b in zip(times[side], times[over], strict=True))


def run(command: Sequence[str | Path], *, cwd: Path = PROJECT, **environment: str) -> str:
    """Run a command and return what it printed; its errors are shown.

    With ``-c`` and ``-m`` Python imports from ``cwd`` before it looks at PYTHONPATH.
    """
    return subprocess.run(
        command, check=True, text=True, stdout=subprocess.PIPE, cwd=cwd, env=os.environ | environment
    ).stdout


def cluster_command(source: Path, out: Path) -> list[str | Path]:
    """The command line that clusters generated cells."""
    options = ["--weight-column", "population", "--target-weight", "240", "--force", "--json"]
    return [Path(sys.executable).with_name("kmeans"), "cluster", source, "--out", out, *options]


class Measured(NamedTuple):
    """Of a command in a fresh process; the peak of its resident memory has the shared libraries in it."""

    seconds: float
    peak_megabytes: float
    output: str


def measured(command: Sequence[object], **environment: str) -> Measured:
    """Run a command; its errors are shown."""
    code = (
        "import json, resource, subprocess, sys, time; began = time.perf_counter(); "
        "output = subprocess.run(sys.argv[1:], check=True, text=True, stdout=subprocess.PIPE).stdout; "
        "seconds, used = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(json.dumps([seconds, used.ru_maxrss * 1024 / 1e6, output]))"
    )
    # From a small process: a child begins with the pages of the one that it was forked from.
    return Measured(*json.loads(run([sys.executable, "-c", code, *map(str, command)], **environment)))


def record(name: str, repetitions: int, rows: Sequence[Mapping[str, Any]], **more: Any) -> None:
    """Write ``benchmarks/results/<name>.json``."""
    content = {
        "benchmark": name,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"processor": _processor(), "cores": os.cpu_count(), "system": platform.system()},
        "versions": {"python": platform.python_version()} | {package: version(package) for package in _PACKAGES},
        "repetitions": repetitions,
        **more,
        "rows": list(rows),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=2) + "\n")
    Console(stderr=True).print(f"written: {path.relative_to(PROJECT)}")


def show(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; the first column is text."""
    table = Table(title=title)
    for number, heading in enumerate(rows[0]):
        table.add_column(heading.replace("_", " "), justify="right" if number else "left")
    for row in rows:
        table.add_row(*(_shown(value) for value in row.values()))
    Console(width=170 if not sys.stdout.isatty() else None).print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.4g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
