"""Builds the package; everything about it that is not a step of the build is in pyproject.toml.

The report page holds files of other projects, which npm fetches by the versions and hashes in package-lock.json.
They are too large to commit. ``python setup.py page_libraries`` puts them in their folder; building a wheel or a
source distribution does so when one is missing, and needs Node for it. A source distribution carries them.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import Command, setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist
from setuptools.errors import SetupError

PROJECT = Path(__file__).resolve().parent
VENDOR = PROJECT / "sampling_units" / "report" / "vendor"
INSTALLED = PROJECT / "node_modules"
# What the page is made of: the name in its folder, and where npm puts the file.
PAGE_LIBRARIES = {
    "maplibre-gl.js": "maplibre-gl/dist/maplibre-gl.js",
    "maplibre-gl.css": "maplibre-gl/dist/maplibre-gl.css",
    "d3.min.js": "d3/dist/d3.min.js",
    "plot.umd.min.js": "@observablehq/plot/dist/plot.umd.min.js",
    "dataTables.min.js": "datatables.net/js/dataTables.min.js",
    "maplibre-gl.licence.txt": "maplibre-gl/LICENSE.txt",
    "d3.licence.txt": "d3/LICENSE",
    "plot.licence.txt": "@observablehq/plot/LICENSE",
    "dataTables.licence.txt": "datatables.net/License.txt",
}


def copy_page_libraries() -> None:
    """Copy the libraries from ``node_modules`` where ``make`` has filled it, else from a folder of their own.

    Raises:
        SetupError: Node is not installed, or npm failed.
    """
    if (INSTALLED / ".complete").exists():
        _copy(INSTALLED)
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(PROJECT / name, folder)
        _install(Path(folder))
        _copy(Path(folder) / "node_modules")


def page_libraries_are_there() -> bool:
    """Whether every file is in the folder of the page."""
    return all((VENDOR / name).is_file() for name in PAGE_LIBRARIES)


def _install(folder: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SetupError(
            "the libraries of the report page are fetched with npm, which is not installed: "
            "install Node 20 or later (https://nodejs.org), or build where `make setup` was run"
        )
    try:
        subprocess.run([npm, "ci", "--omit=dev", "--ignore-scripts", "--loglevel=error"], cwd=folder, check=True)
    except subprocess.CalledProcessError as error:
        raise SetupError(f"npm could not fetch the libraries of the report page ({error})") from error


def _copy(node_modules: Path) -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    for name, path in PAGE_LIBRARIES.items():
        shutil.copyfile(node_modules / path, VENDOR / name)


class PageLibraries(Command):
    """The step of the build that fetches the page's libraries, by itself."""

    description = "put the libraries of the report page in its folder"
    user_options = []  # noqa: RUF012  # setuptools declares it so

    def initialize_options(self) -> None:
        """There are no options."""

    def finalize_options(self) -> None:
        """There are no options."""

    def run(self) -> None:
        """Copy them."""
        copy_page_libraries()


class BuildWithPage(build_py):
    """Modules and data, the page's libraries included; an editable installation finds them where they are."""

    def run(self) -> None:
        """Build."""
        if not self.editable_mode and not page_libraries_are_there():
            copy_page_libraries()
        super().run()


class SdistWithPage(sdist):
    """A source distribution that builds without Node."""

    def run(self) -> None:
        """Build."""
        if not page_libraries_are_there():
            copy_page_libraries()
        super().run()


setup(cmdclass={"page_libraries": PageLibraries, "build_py": BuildWithPage, "sdist": SdistWithPage})
