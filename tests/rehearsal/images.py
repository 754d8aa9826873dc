"""Where the image of the functions comes from, and how they run."""

import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from demo.embedded.emulator import PROJECT
from tests.rehearsal.errors import expect
from tests.support.docker import Docker, is_privileged

_HERE = Path(__file__).parent
_ARCHITECTURES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True)
class Images:
    """How a rehearsal gets by with Docker or without.

    Attributes:
        description: one line for the reader.
        variables: for the CDK, which calls what CDK_DOCKER names.
        options: for every ``cdk`` command.
        containers: the emulator's environment for running functions in containers; None: from the source tree.
    """

    description: str
    variables: Mapping[str, str]
    options: str = ""
    containers: Mapping[str, str] | None = field(default=None)


def pretended() -> Images:
    """Without Docker: nothing is built, and the emulator finds an empty image in its registry."""
    return Images(
        "no Docker: the image is not built, and the functions run from the source tree",
        {"CDK_DOCKER": str(_HERE / "docker_stand_in.py")},
    )


def built(docker: Docker) -> Images:
    """With Docker, for the processor of this machine."""
    # The tools get another home folder.
    found = {"DOCKER_CONFIG": str(Path.home() / ".docker")} | docker.environment
    to_daemon = {name: value for name, value in found.items() if name.startswith("DOCKER_")}
    base = _base(docker)
    return Images(
        f"Docker builds the image on {base or 'the base of the Dockerfile'}, and the functions run in containers of it",
        {
            **to_daemon,
            "CDK_DOCKER": str(_HERE / "docker_on_loopback.py"),
            "DOCKER_BUILD_OPTIONS": " ".join(docker.build_options),
        },
        f" -c architecture={_ARCHITECTURES[platform.machine()]}" + (f" -c base_image={base}" if base else ""),
        to_daemon,
    )


def _base(docker: Docker) -> str | None:
    """A stand-in for AWS's base image, as the tests of the image have; None where none can be made."""
    if not (is_privileged() and shutil.which("debootstrap")):
        return None
    command = [PROJECT / "tests" / "image" / "lambda_base.sh"]
    made = subprocess.run(command, env=docker.environment, capture_output=True, text=True, check=False)
    expect(made.returncode == 0, f"no base image could be made:\n{made.stderr[-4000:]}")
    return made.stdout.strip()


def remove_built(docker: Docker, calls: str) -> None:
    """Remove every name that the image got in a rehearsal; ``calls`` are those of ``docker``."""
    hashes = set(re.findall(r"cdkasset-([0-9a-f]{64})", calls))
    names = docker("images", "--format", "{{.Repository}}:{{.Tag}}").split()
    for name in names:
        if any(made in name for made in hashes):
            docker("rmi", name)
