"""What the command loads, and what it sets for itself before pyarrow is loaded."""

import os
import subprocess
import sys

import pytest

from tests.support.geoparquet_files import cells, file_bytes, point_geometry
from tests.support.project import PROJECT

RUN = """
import sys
from sampling_units.cli.main import run
try:
    run()
except SystemExit as ended:
    assert not ended.code, ended.code
needless = {"boto3", "sampling_units.cli.aws.command", "concurrent.futures.process", "geopandas", "pyogrio"}
print(sorted(needless & set(sys.modules)), "numba" in sys.modules)
import pyarrow
print(pyarrow.default_memory_pool().backend_name)
"""


@pytest.mark.parametrize(("chosen", "used"), [({}, "system"), ({"ARROW_DEFAULT_MEMORY_POOL": "mimalloc"}, "mimalloc")])
def test_clustering_loads_nothing_of_other_commands_and_uses_the_allocator_of_the_system(tmp_path, chosen, used):
    coordinates, population = cells(100)
    path = tmp_path / "cells.parquet"
    path.write_bytes(file_bytes({"population": population, "geometry": point_geometry(coordinates)}))
    command = [sys.executable, "-c", RUN, "cluster", path, "--weight-column", "population"]
    environment = {name: value for name, value in os.environ.items() if name != "ARROW_DEFAULT_MEMORY_POOL"}
    done = subprocess.run(
        [*command, "--target-weight", "60", "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
        env=environment | chosen,
    )
    assert done.stdout.splitlines()[-2:] == ["[] True", used]
