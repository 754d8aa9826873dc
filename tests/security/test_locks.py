"""What is installed is what was locked: every package has a hash, and nothing else is fetched by a name alone."""

import json
import re

import pytest

from tests.support.project import PROJECT

LOCKS = sorted(
    path.relative_to(PROJECT).as_posix()
    for depth in ("", "*/", "*/*/")
    for path in PROJECT.glob(f"{depth}*.lock")
    if not any(
        part.startswith(".") or part in ("node_modules", "build", "cdk.out") for part in path.relative_to(PROJECT).parts
    )
)
_REQUIREMENT = re.compile(r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,._-]+\])?==[\w.!+]+( ; .+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
NPM = json.loads((PROJECT / "package-lock.json").read_text())
BUILD_FILES = ["Makefile", "lambdas/clustering/Dockerfile", "tests/image/lambda_base.Dockerfile"]


def logical_lines(text):
    """Lines without comments; one that ends in a backslash goes on."""
    joined = text.replace("\\\n", " ")
    return [" ".join(line.split()) for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def unlocked(text):
    """Lines of a lock that are not a version with hashes, and nothing but that."""
    wrong = []
    for line in logical_lines(text):
        requirement, *hashes = line.split(" --hash=")
        complete = [f"--hash={one}" for one in hashes]
        if not _REQUIREMENT.fullmatch(requirement) or not complete or not all(map(_HASH.fullmatch, complete)):
            wrong.append(line)
    return wrong


def test_the_locks_are_found():
    assert {"requirements.lock", "requirements-dev.lock", "lambdas/clustering/requirements.lock"} < set(LOCKS)
    made = re.findall(r"^\t\$\(LOCK\).* -o (\S+)", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert set(made) == set(LOCKS)


@pytest.mark.parametrize("lock", ["requirements.lock", "lambdas/clustering/requirements.lock"])
def test_outputs_are_the_same_bytes_on_every_python(lock):
    """pyproj 3.8, which needs Python 3.12, writes coordinate systems differently and rounds otherwise."""
    assert len(re.findall(r"^pyproj==", (PROJECT / lock).read_text(), re.MULTILINE)) == 1


@pytest.mark.parametrize("lock", LOCKS)
def test_every_python_package_has_a_version_and_hashes(lock):
    text = (PROJECT / lock).read_text()
    assert len(logical_lines(text)) > 3
    assert unlocked(text) == []


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.4.6",
        "numpy>=2 --hash=sha256:" + "0" * 64,
        "numpy==2.4.6 --hash=md5:" + "0" * 32,
        "numpy @ https://example.org/numpy.whl --hash=sha256:" + "0" * 64,
        "--index-url https://example.org/simple",
        "-e .",
    ],
)
def test_a_line_without_a_hash_would_be_found(line):
    assert unlocked(f"# a comment\n{line}\n") == [line]


def test_every_npm_package_has_a_version_and_a_hash():
    packages = {name: package for name, package in NPM["packages"].items() if name}
    assert len(packages) > 50
    # A link would be a folder, an address another place than the registry.
    wrong = [
        name
        for name, package in packages.items()
        if not package.get("integrity", "").startswith("sha512-") or "resolved" in package or package.get("link")
    ]
    assert wrong == []


def test_no_npm_package_runs_a_program_when_it_is_installed():
    assert [name for name, package in NPM["packages"].items() if package.get("hasInstallScript")] == []


def test_the_versions_of_the_tools_are_exact():
    wanted = json.loads((PROJECT / "package.json").read_text())
    versions = [*wanted.get("dependencies", {}).values(), *wanted["devDependencies"].values()]
    assert [version for version in versions if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


@pytest.mark.parametrize("file", BUILD_FILES)
def test_nothing_is_installed_without_a_lock(file):
    installs = [line for line in logical_lines((PROJECT / file).read_text()) if re.search(r"pip(3)? install", line)]
    assert installs or file != "Makefile"
    for line in installs:
        # The project itself has no hash; what builds it comes from the lock as well.
        assert "--require-hashes" in line or ("--no-deps" in line and "--no-build-isolation" in line), line
    assert not re.search(r"npm (i|install)\b", (PROJECT / file).read_text())
