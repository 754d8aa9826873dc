"""Writes the bill of materials of the functions' image as CycloneDX: what is in it, which version, under which licence.

No image is built: the packages of the lock are installed as in the image, cyclonedx-py describes them, and npm the
libraries of the report page. This module joins the two descriptions, with the same bytes each time. The base image is
only named: its maker describes its content.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

_PROJECT = Path(__file__).parent.parent.parent
_FUNCTION = _PROJECT / "lambdas" / "clustering"
_LOCK = _FUNCTION / "requirements.lock"
_UV = Path(sys.executable).with_name("uv")
# An environment of its own; see the Makefile.
_CYCLONEDX = _PROJECT / ".sbom" / "bin" / "cyclonedx-py"
_SPECIFICATION = "1.6"
# That of the base image. Both architectures get the same packages.
_PLATFORM = "aarch64-manylinux_2_34"
_BASE = re.compile(r"^ARG BASE=((?:\S+/)?(\S+)):(\S+)$", re.MULTILINE)


def bill_of_materials() -> dict[str, Any]:
    """The bill of materials as CycloneDX's JSON; without date and serial number."""
    with (_PROJECT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    base = _base_image()
    packages = _python_packages(base["version"])
    libraries = _run("npm", "sbom", "--sbom-format=cyclonedx", "--omit=dev", "--package-lock-only")
    page = libraries["metadata"]["component"]["bom-ref"]
    root = {"type": "container", "bom-ref": "image", "name": project["name"], "version": project["version"]}
    dependencies = {
        entry["ref"]: sorted(entry.get("dependsOn", []))
        for entry in [*packages["dependencies"], *libraries["dependencies"]]
    }
    direct = dependencies.pop(page)
    direct += [component["bom-ref"] for component in packages["components"]]
    dependencies |= {root["bom-ref"]: [base["bom-ref"], *sorted(direct)], base["bom-ref"]: []}
    components = [base, *packages["components"], *libraries["components"]]
    return {
        "$schema": packages["$schema"],
        "bomFormat": "CycloneDX",
        "specVersion": _SPECIFICATION,
        "version": 1,
        "metadata": {"component": root, "tools": packages["metadata"]["tools"]},
        "components": sorted(components, key=lambda component: str(component["bom-ref"])),
        "dependencies": [{"ref": ref, "dependsOn": needed} for ref, needed in sorted(dependencies.items())],
    }


def _base_image() -> dict[str, str]:
    found = _BASE.search((_FUNCTION / "Dockerfile").read_text("utf-8"))
    assert found is not None
    repository, name, tag = found.groups()
    purl = f"pkg:oci/{name}?repository_url={repository}&tag={tag}"
    return {"type": "container", "bom-ref": "base", "name": repository, "version": tag, "purl": purl}


def _python_packages(python: str) -> dict[str, Any]:
    """What cyclonedx-py says of the packages as they are installed for that Python, with the hashes of the lock."""
    with tempfile.TemporaryDirectory() as folder:
        install = ["pip", "install", "--quiet", "--target", folder, "--require-hashes", "--no-deps"]
        platform = ["--only-binary", ":all:", "--python-version", python, "--python-platform", _PLATFORM]
        subprocess.run([_UV, *install, *platform, "-r", _LOCK], check=True)
        python_of_the_tool = _CYCLONEDX.with_name("python")
        # With -S this Python does not see its own packages, only the folder.
        installed = _described("environment", "-S", python_of_the_tool, PYTHONPATH=folder)
    locked = _described("requirements", _LOCK)
    files = {component["purl"]: component["externalReferences"] for component in locked["components"]}
    for component in installed["components"]:
        component.setdefault("externalReferences", []).extend(files[component["purl"]])
    return installed


def _described(*arguments: str | Path, **environment: str) -> dict[str, Any]:
    form = ["--output-reproducible", "--spec-version", _SPECIFICATION]
    return _run(_CYCLONEDX, *arguments, *form, **environment)


def _run(*command: str | Path, **environment: str) -> dict[str, Any]:
    done = subprocess.run(command, cwd=_PROJECT, env=os.environ | environment, stdout=subprocess.PIPE, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(bill_of_materials(), indent=1) + "\n", encoding="utf-8")
