"""``make e2e``: the documented commands, with the real CDK and AWS command lines, against an AWS on loopback."""

import argparse
import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.embedded.emulator import PROJECT, Emulator, EmulatorError
from sampling_units.cli.stop_signals import Stopped, stop_signals
from tests.rehearsal import steps
from tests.rehearsal.errors import RehearsalError
from tests.rehearsal.images import Images, built, pretended, remove_built
from tests.rehearsal.tools import DOCKER_CALLS, Tools
from tests.support.docker import DockerError, DockerMissing, docker_daemon

FOLDER = PROJECT / "build" / "e2e"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make e2e")
    parser.add_argument("--docker", action="store_true", help="build the image, and run the functions in containers")
    arguments = parser.parse_args()
    started = time.monotonic()
    try:
        with stop_signals(), empty(FOLDER):
            if arguments.docker:
                rehearse_with_docker(FOLDER)
            else:
                rehearse(FOLDER, pretended())
    except Stopped as stopped:
        print("\nStopped; nothing is left running.", file=sys.stderr)
        return stopped.exit_status
    except DockerMissing as missing:
        print(f"Skipped: {missing}")
        return 0
    except (DockerError, EmulatorError, RehearsalError) as error:
        print(f"\n{error}\nAll output is in {os.path.relpath(FOLDER)}.", file=sys.stderr)
        return 1
    print(f"\nDeployed, used and destroyed in {time.monotonic() - started:.0f} s.")
    return 0


def rehearse_with_docker(folder: Path) -> None:
    if sys.platform != "linux":
        raise DockerMissing("the containers share the network of this machine, which Docker offers on Linux only")
    with docker_daemon() as docker:
        try:
            rehearse(folder, built(docker))
        finally:
            docker.remove_leftovers()
            calls = folder / DOCKER_CALLS
            remove_built(docker, calls.read_text() if calls.exists() else "")


def rehearse(folder: Path, images: Images) -> None:
    with Emulator(folder / "emulator", check_permissions=True, docker_environment=images.containers) as emulator:
        tools = Tools(folder, emulator.cli_environment() | images.variables)
        say(f"Deploy; {images.description}")
        outputs = steps.deploy(tools, images.options)
        say("Cluster files")
        steps.write_inputs(folder)
        steps.cluster(tools, folder, outputs)
        say("Tear down")
        steps.tear_down(tools, images.options, outputs)


def say(text: str) -> None:
    print(f"\n{text}", flush=True)


@contextmanager
def empty(folder: Path) -> Iterator[None]:
    """The folder without what an earlier rehearsal left there, and nobody else's for the time being.

    Raises:
        RehearsalError: another rehearsal is at work in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # The lock goes with the process, however that ends.
    held = os.open(folder, os.O_RDONLY)
    try:
        _lock(held)
        for left in folder.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield
    finally:
        os.close(held)


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise RehearsalError("another rehearsal is running") from error


if __name__ == "__main__":
    sys.exit(main())
