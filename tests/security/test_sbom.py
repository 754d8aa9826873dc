"""The bill of materials of the image: complete, valid, and the same each time."""

import base64
import copy
import json
import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement

from tests.security.test_locks import NPM, logical_lines
from tests.support.project import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sbom")]

BASE = re.search(r"^ARG BASE=(.*):(.*)$", (PROJECT / "lambdas/clustering/Dockerfile").read_text(), re.MULTILINE)
# The schema is a file of the tool's; nothing is loaded. Prints what is wrong.
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()))
"""


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("sbom") / "new" / "sbom.json"
    subprocess.run([sys.executable, "-m", "infra.sbom", path], cwd=PROJECT, check=True)
    return path


@pytest.fixture(scope="module")
def bill(written):
    return json.loads(written.read_text())


@pytest.fixture(scope="module")
def components(bill):
    """By package URL, without what is added behind the version."""
    return {component["purl"].partition("?")[0]: component for component in bill["components"]}


def complaints(bill):
    python = PROJECT / ".sbom" / "bin" / "python"
    done = subprocess.run([python, "-c", VALIDATE], input=json.dumps(bill), capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_it_is_valid(bill):
    assert complaints(bill) == "None"


def test_what_is_not_valid_would_be_found(bill):
    broken = copy.deepcopy(bill)
    broken["components"][0]["type"] = "program"
    assert complaints(broken) != "None"


def test_it_names_every_package_of_the_lock_with_its_hashes(components):
    python = BASE[2]
    wanted = {}
    for line in logical_lines((PROJECT / "lambdas/clustering/requirements.lock").read_text()):
        text, *hashes = line.split(" --hash=sha256:")
        requirement = Requirement(text)
        environment = {"python_full_version": f"{python}.0", "python_version": python}
        if requirement.marker is None or requirement.marker.evaluate(environment):
            version = str(requirement.specifier).removeprefix("==")
            wanted[f"pkg:pypi/{requirement.name}@{version}"] = set(hashes)
    held = {
        purl: {
            one["content"] for reference in part.get("externalReferences", []) for one in reference.get("hashes", [])
        }
        for purl, part in components.items()
        if purl.startswith("pkg:pypi/")
    }
    assert len(wanted) > 15
    assert held == wanted


def test_it_names_what_the_report_page_is_made_of(components):
    recipe = (PROJECT / "setup.py").read_text()
    copied = set(re.findall(r'"((?:@[\w-]+/)?[\w.-]+)/(?:dist|js)/', recipe))
    assert copied == set(json.loads((PROJECT / "package.json").read_text())["dependencies"])
    for name in copied:
        locked = NPM["packages"][f"node_modules/{name}"]
        (sha512,) = components[f"pkg:npm/{name.replace('@', '%40')}@{locked['version']}"]["hashes"]
        expected = base64.b64decode(locked["integrity"].removeprefix("sha512-")).hex()
        assert sha512 == {"alg": "SHA-512", "content": expected}
    assert "pkg:npm/aws-cdk" not in str(components.keys())


def test_it_names_the_base_image(bill):
    (base,) = (component for component in bill["components"] if component["type"] == "container")
    assert (base["name"], base["version"]) == BASE.groups()


def test_everything_depends_on_something_that_is_named(bill):
    names = {component["bom-ref"] for component in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert len(names) == len(bill["components"]) + 1
    assert {entry["ref"] for entry in bill["dependencies"]} == names
    assert {needed for entry in bill["dependencies"] for needed in entry["dependsOn"]} <= names


def test_licences_are_known(bill):
    # npm tells none of this one; the base image is its maker's.
    unknown = {component["name"] for component in bill["components"] if not component.get("licenses")}
    assert unknown == {"@mapbox/jsonlint-lines-primitives", BASE[1]}


def test_it_is_the_same_each_time(written, tmp_path):
    again = tmp_path / "sbom.json"
    subprocess.run([sys.executable, "-m", "infra.sbom", again], cwd=PROJECT, check=True)
    assert again.read_bytes() == written.read_bytes()
