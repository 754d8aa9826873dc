"""What a process of our own does not load or keep, wherever it happens to be installed."""

import os
import subprocess
import sys

import pytest

from tests.support.geoparquet_files import cells, file_bytes, point_geometry
from tests.support.project import PROJECT

LOADED = """
import sys
from sampling_units.cli.lean_process import start_lean
start_lean()
from sampling_units.cli.main import main
main(sys.argv[1:], standalone_mode=False)
unused = {"boto3", "cffi", "sampling_units.cli.aws.command", "concurrent.futures.process", "pandas", "scipy", "yaml"}
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
    code = "import os; from sampling_units.cli.lean_process import start_lean; start_lean(); "
    code += "print(os.environ['ARROW_DEFAULT_MEMORY_POOL'])"
    environment = os.environ | {"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT, env=environment)
    assert done.stdout.strip() == "mimalloc"


RESIDENT = """
import re
from pathlib import Path
import kmeans
from sampling_units.cli.lean_process import give_back_compiler
def resident():
    mappings = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.M)
    return sum(int(re.search(r"Rss: +(\\d+)", m)[1]) for m in mappings if "libllvmlite.so" in m.partition("\\n")[0])
kmeans.warm_up()
before = resident()
give_back_compiler()
print(before, resident())
from numba import njit
print(njit(lambda a: a + 1)(41))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there can one look")
def test_the_code_of_the_compiler_is_given_back_and_comes_again():
    done = subprocess.run([sys.executable, "-c", RESIDENT], capture_output=True, text=True, check=True, cwd=PROJECT)
    sizes, answer = done.stdout.splitlines()
    before, after = map(int, sizes.split())
    assert after < before / 2
    assert answer == "42"


LEFT_IN_CYCLES = """
import weakref
from sampling_units.cli.lean_process import start_lean
start_lean()
from sampling_units.cli.cluster.local_run import warm_up
warm_up()
class Cycle:
    def __init__(self):
        self.itself = self
left = [weakref.ref(Cycle()) for _ in range(2000)]
print(sum(cycle() is not None for cycle in left))
"""


def test_what_files_leave_behind_is_collected_before_it_is_much():
    done = subprocess.run(
        [sys.executable, "-c", LEFT_IN_CYCLES], capture_output=True, text=True, check=True, cwd=PROJECT
    )
    assert int(done.stdout) < 1500
