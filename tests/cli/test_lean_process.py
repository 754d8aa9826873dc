"""What a process of our own does not load, wherever it happens to be installed."""

import os
import subprocess
import sys

from tests.support.geoparquet_files import cells, file_bytes, point_geometry
from tests.support.project import PROJECT

LOADED = """
import sys
from cli.lean_process import start_lean
start_lean()
from cli.main import main
main(sys.argv[1:], standalone_mode=False)
unused = {"boto3", "cffi", "cli.aws.command", "concurrent.futures.process", "pandas", "scipy", "yaml"}
print(sorted(unused & set(sys.modules)), "numba" in sys.modules)
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


def test_clustering_does_without_what_others_would_load(tmp_path):
    coordinates, population = cells(100)
    path = tmp_path / "cells.parquet"
    path.write_bytes(file_bytes({"population": population, "geometry": point_geometry(coordinates)}))
    command = [sys.executable, "-c", LOADED, "cluster", path, "--weight-column", "population"]
    environment = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    done = subprocess.run(
        [*command, "--target-weight", "60", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env=environment,
    )
    assert done.stdout.splitlines()[-2:] == ["[] True", "system"]


def test_a_chosen_allocator_stays():
    code = "import os; from cli.lean_process import start_lean; start_lean(); "
    code += "print(os.environ['ARROW_DEFAULT_MEMORY_POOL'])"
    environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT, env=environment)
    assert done.stdout.strip() == "mimalloc"
