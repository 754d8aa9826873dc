"""Our own Docker daemon: whatever happens to a run, nothing of it stays, and the next one starts."""

import io
import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.support.docker import DockerError, DockerMissing, docker_daemon
from tests.support.project import PROJECT

pytestmark = pytest.mark.image

# With the programs of this machine an image can be empty.
HALF_A_RUN = """
import subprocess, sys, time
from pathlib import Path
from tests.support.docker import docker_daemon
with docker_daemon(bridge=True, state=Path(sys.argv[1])) as docker:
    docker("import", sys.argv[2], "empty")
    with docker.container("empty", "--volume", "/usr:/usr:ro", command=("/usr/bin/sleep", "600")):
        print("running", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def state(tmp_path):
    """A folder for a daemon, on a machine where one can be started."""
    try:
        with docker_daemon(state=tmp_path / "d") as docker:
            if not docker.build_options:
                pytest.skip("this machine has a Docker daemon of its own")
    except DockerMissing as missing:
        pytest.skip(str(missing))
    return tmp_path / "d"


@pytest.fixture
def half_a_run(state, tmp_path):
    with tarfile.open(tmp_path / "empty.tar", "w") as empty:
        for name in ("bin", "lib", "lib64"):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, f"usr/{name}"
            empty.addfile(link, io.BytesIO())
    command = [sys.executable, "-c", HALF_A_RUN, state, tmp_path / "empty.tar"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "running\n"
        yield running
        running.kill()


def remains(state):
    """Command lines that name the folder, and what is mounted in it."""
    found = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(state) in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [command] if str(state) in command else []
    return found


@pytest.mark.parametrize("daemon_too", [False, True])
def test_a_killed_run_does_not_stop_the_next(state, half_a_run, daemon_too):
    assert len(remains(state)) > 3
    with pytest.raises(DockerError, match="another run"), docker_daemon(state=state):
        pass
    if daemon_too:
        os.kill(int((state / "dockerd.pid").read_text()), signal.SIGKILL)
    half_a_run.kill()
    half_a_run.wait()
    with docker_daemon(state=state) as docker:
        assert docker("ps", "--all", "--quiet") == ""
        assert docker("image", "ls", "--quiet", "empty") != ""
    assert remains(state) == []
