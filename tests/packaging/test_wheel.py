"""What ``pip install .`` brings into an empty environment, and that it works there."""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from tests.support.geoparquet_files import cell_file
from tests.support.project import PROJECT

pytestmark = pytest.mark.slow
DECLARED = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
# 1.1 GB when the CDK was in it; most of what is left is Arrow, LLVM and GDAL.
MOST_MEGABYTES = 750


# Nothing of this checkout may be found from the other environment.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def run(*command, cwd=None, variables=ENVIRONMENT):
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=variables, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The project as a fresh clone has it: no libraries of the page, no packages of npm."""
    folder = tmp_path_factory.mktemp("clone")
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=PROJECT).stdout
    for name in filter(None, listed.split("\0")):
        if (PROJECT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(PROJECT / name, folder / name)
    assert not (folder / "sampling_units" / "report" / "vendor").exists()
    return folder


@pytest.fixture(scope="module")
def environment(checkout, tmp_path_factory):
    """An environment of its own with nothing but the project and what it asks for."""
    folder = tmp_path_factory.mktemp("environment")
    assert run(sys.executable, "-m", "venv", folder).returncode == 0
    installed = run(folder / "bin" / "python", "-m", "pip", "install", checkout)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return folder


@pytest.fixture(scope="module")
def packages(environment):
    """The folder of the packages in it."""
    return next(environment.glob("lib/python3*/site-packages"))


@pytest.mark.xdist_group("wheel")
def test_it_brings_two_packages_and_no_other_name(packages):
    distribution = PathDistribution(next(packages.glob("sampling_units-*.dist-info")))
    names = {Path(file).parts[0] for file in distribution.files} - {".."}
    assert {name for name in names if not name.endswith(".dist-info")} == {"kmeans", "sampling_units"}
    assert distribution.version == DECLARED["version"]


@pytest.mark.xdist_group("wheel")
def test_it_does_not_bring_aws(packages):
    assert not [name for name in ("boto3", "botocore", "aws_cdk", "obstore") if (packages / name).exists()]


@pytest.mark.xdist_group("wheel")
def test_its_size(packages):
    used = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file())
    print(f"pip install . takes {used / 1e6:.0f} MB")
    assert used / 1e6 < MOST_MEGABYTES


@pytest.mark.xdist_group("wheel")
def test_the_command_explains_itself_and_makes_a_page(environment, tmp_path):
    (tmp_path / "cells.parquet").write_bytes(cell_file(2000))
    kmeans = environment / "bin" / "kmeans"
    shown = run(kmeans, "--help", cwd=tmp_path)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "cluster" in shown.stdout
    made = run(kmeans, "cluster", "cells.parquet", "--target-weight", 240, "--out", "results", "--report", cwd=tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    written = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "results").rglob("*") if path.is_file()}
    assert {"results/clustered_cells.parquet", "results/frame/cells.parquet", "results/report.html"} <= written
    assert "maplibregl" in (tmp_path / "results" / "report.html").read_text()


@pytest.mark.xdist_group("wheel")
def test_the_packages_are_imported(environment, tmp_path):
    code = "import kmeans, sampling_units; print(kmeans.__file__)"
    imported = run(environment / "bin" / "python", "-c", code, cwd=tmp_path)
    assert imported.returncode == 0, imported.stderr
    assert imported.stdout.startswith(str(environment))


@pytest.mark.xdist_group("wheel")
def test_commands_about_aws_say_what_they_need(environment, tmp_path):
    asked = run(environment / "bin" / "kmeans", "aws", "list", cwd=tmp_path)
    assert asked.returncode == 1
    assert "pip install 'sampling-units[aws]'" in asked.stderr
    assert "Traceback" not in asked.stderr


@pytest.mark.xdist_group("wheel")
def test_a_source_distribution_carries_the_page(checkout, packages, tmp_path):
    built = run(sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", tmp_path, cwd=checkout)
    assert built.returncode == 0, built.stderr
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    vendor = Path("sampling_units", "report", "vendor")
    installed = {(vendor / path.name).as_posix() for path in (packages / vendor).iterdir()}
    assert {path for path in names if path.startswith(f"{vendor}/") and not path.endswith("/")} == installed
    assert not [name for name in names if name.startswith(("tests", "lambdas", "infra", "demo"))]


def test_without_node_the_build_says_what_is_missing(checkout, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(checkout, copy, ignore=shutil.ignore_patterns("vendor", "build", "*.egg-info"))
    built = run(sys.executable, "setup.py", "build_py", cwd=copy, variables={"PATH": str(tmp_path)})
    assert built.returncode != 0
    assert "install Node 20 or later" in built.stderr
    assert "Traceback" not in built.stderr
