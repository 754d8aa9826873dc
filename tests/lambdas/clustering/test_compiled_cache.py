import os
import re
import shutil
import subprocess
import sys

import pytest

from tests.support.project import PROJECT

# Each compiles all kernels.
pytestmark = pytest.mark.slow

CALL = """
import lambdas.clustering.handler, kmeans, numpy as np
rng = np.random.default_rng(1)
cells = np.column_stack([np.repeat(np.arange(20.0), 20), np.tile(np.arange(20.0), 20)])
cells = np.concatenate([cells, cells[:3] + 50])
for points, known in ((rng.uniform(0, 9, (900, 2)), None), (cells, None), (cells, cells.astype(int))):
    for bridge in (True, False):
        params = kmeans.Parameters(30, min_weight=29, max_weight=31, radius=1, bridge=bridge)
        kmeans.cluster(points, None, params, cells=known)
"""
EVERY_KERNEL = """
import importlib, pkgutil
from lambdas.clustering.compiled_cache import bake
bake()
import kmeans, sampling_units
packages = (kmeans, sampling_units)
walks = [pkgutil.walk_packages(package.__path__, f"{package.__name__}.") for package in packages]
names = [found.name for walk in walks for found in walk]
is_command = ("sampling_units.cli", "sampling_units.__main__")
modules = [importlib.import_module(name) for name in names if not name.startswith(is_command)]
kernels = {kernel for module in modules for kernel in vars(module).values() if hasattr(kernel, "signatures")}
print(len(kernels), [kernel.__name__ for kernel in kernels if not kernel.signatures])
"""


@pytest.fixture
def image_root(tmp_path):
    """The image's folder as the Dockerfile makes it: sources and baked cache, read-only."""
    root = tmp_path / "task"
    for package in ("kmeans", "sampling_units", "lambdas"):
        shutil.copytree(PROJECT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    run(root, "-m", "lambdas.clustering.compiled_cache")
    for path in [root, *root.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    yield root
    for path in [root, *root.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)


def run(root, *arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    baked = {"BAKED_NUMBA_CACHE": str(root / ".numba_cache"), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=kept | baked | environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_every_kernel_is_baked(tmp_path):
    printed = run(PROJECT, "-c", EVERY_KERNEL, BAKED_NUMBA_CACHE=str(tmp_path)).splitlines()[-1]
    count, missing = printed.split(" ", 1)
    assert int(count) > 20
    assert missing == "[]"


def test_a_started_function_finds_every_kernel_compiled(image_root):
    log = run(image_root, "-c", CALL, NUMBA_DEBUG_CACHE="1")
    loaded, saved = (
        set(re.findall(rf"\[cache\] data {what} '[^']*/([\w.-]+)'", log)) for what in ("loaded from", "saved to")
    )
    assert len(loaded) >= 5
    assert saved == set()
