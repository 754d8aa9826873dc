"""The image of the functions, built by the project's own command for the processor of this machine."""

import os
import platform
import shutil
import subprocess

import pytest

from tests.support.docker import DockerMissing, docker_daemon, is_privileged
from tests.support.project import PROJECT

IMAGE = "sampling-units:test"


@pytest.fixture(scope="session")
def docker():
    try:
        with docker_daemon() as running:
            yield running
    except DockerMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def base(docker):
    """The image to build on: the one that BASE names, a stand-in where one can be made, else the Dockerfile's own."""
    given = os.environ.get("BASE", "")
    if given or not (is_privileged() and shutil.which("debootstrap")):
        return given
    return stdout(["tests/image/lambda_base.sh"], docker).strip()


@pytest.fixture(scope="session")
def image(docker, base):
    architecture = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"
    options = [f"ARCH={architecture}", f"IMAGE={IMAGE}", f"BUILD_ARGS={' '.join(docker.build_options)}"]
    stdout(["make", "image", *options, *([f"BASE={base}"] if base else [])], docker)
    return IMAGE


def stdout(command, docker):
    done = subprocess.run(command, cwd=PROJECT, env=docker.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout
