"""Docker for tests: the daemon that this machine has, or one of our own in ``build/docker`` that ends with the test.

A daemon of our own takes root and Debian's docker.io (``tests/image/install_docker.sh`` gets it). It shares nothing
with one that the machine may have: data, sockets, containerd and bridge are its own, no firewall rule is touched, and
it stops when the process that started it does, however that ends. Images stay in ``build/docker`` for the next run.
"""

import ctypes
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import PROJECT

STATE = PROJECT / "build" / "docker"
# On every container of a test, so that the next run finds what a killed one left.
LABEL = f"project={PROJECT}"
_INSTALL = "tests/image/install_docker.sh"
_SECONDS_TO_START, _SECONDS_TO_END = 60, 60
# Names of sockets have at most 107 characters; the longest name below the folder is containerd's.
_LONGEST_STATE = 107 - len("/run/containerd/containerd.sock.ttrpc")
# Debian has daemons where not every shell looks.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_GATEWAY = "10.213.213.1"
_CAP_SYS_ADMIN = 21
_CLONE_NEWNET = 0x40000000


class DockerMissing(RuntimeError):
    """There is no daemon and none can be started here; the message says what is missing."""


class DockerError(RuntimeError):
    """A command of Docker failed, or our daemon did not start; the message carries what was printed."""


@dataclass(frozen=True)
class Docker:
    """A daemon that answers.

    Attributes:
        environment: what ``docker``, and every program that calls it, needs to find the daemon.
        build_options: for ``docker build``: our own daemon gives containers no way out but the host's network.
    """

    environment: Mapping[str, str]
    build_options: tuple[str, ...] = ()

    def __call__(self, *arguments: str | Path) -> str:
        """Run ``docker`` with these arguments and return what it printed.

        Raises:
            DockerError: it failed.
        """
        done = subprocess.run(["docker", *arguments], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise DockerError(f"docker {' '.join(map(str, arguments))} failed:\n{done.stdout[-4000:]}{done.stderr}")
        return done.stdout.strip()

    def logs(self, container: str) -> str:
        """Everything that a container printed."""
        command = ["docker", "logs", container]
        done = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
        )
        return done.stdout

    @contextmanager
    def container(self, image: str, *options: str, command: tuple[str, ...] = ()) -> Iterator[str]:
        """The id of a running container, which is removed at the end."""
        started = self("run", "--detach", "--stop-timeout", "0", "--label", LABEL, *options, image, *command)
        try:
            yield started
        finally:
            self("rm", "--force", "--volumes", started)

    def process_id(self, container: str) -> int:
        """The container's first process, as this machine counts them."""
        return int(self("inspect", "--format", "{{.State.Pid}}", container))

    def remove_leftovers(self) -> None:
        """Remove all containers with the label, as a killed run leaves them."""
        found = self("ps", "--all", "--quiet", "--filter", f"label={LABEL}").split()
        if found:
            self("rm", "--force", "--volumes", *found)


@contextmanager
def docker_daemon(*, bridge: bool = False, state: Path = STATE) -> Iterator[Docker]:
    """A daemon for one run at a time.

    Args:
        bridge: whether containers of a daemon of our own get a network between them and this machine, as published
            ports and ``host-gateway`` need; without it they have ``--network none`` and ``host``.
        state: folder of our own daemon.

    Raises:
        DockerMissing: there is none and none can be started.
        DockerError: another run is at work, or the daemon did not start.
    """
    if shutil.which("docker") is None:
        raise DockerMissing(f"the command docker is not installed ({_INSTALL})")
    state.mkdir(parents=True, exist_ok=True)
    # The lock goes with the process, however that ends: who has it knows that whatever is left belongs to nobody.
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DockerError(f"another run uses {state}") from error
        if _answers(os.environ):
            docker = Docker(dict(os.environ))
            docker.remove_leftovers()
            yield docker
        else:
            with _own_daemon(state, bridge) as docker:
                docker.remove_leftovers()
                yield docker


def is_privileged() -> bool:
    """Whether this process may mount and enter namespaces: root that nothing confines."""
    if sys.platform != "linux":
        return False
    capabilities = re.search(r"CapEff:\s*(\w+)", Path("/proc/self/status").read_text())
    return capabilities is not None and bool(int(capabilities[1], 16) >> _CAP_SYS_ADMIN & 1)


@contextmanager
def network_of(process: int) -> Iterator[None]:
    """This thread, and whatever it starts meanwhile, has the network of another process; takes privileges."""
    # Python has os.setns from 3.12 on.
    setns = ctypes.CDLL(None, use_errno=True).setns
    with open("/proc/thread-self/ns/net") as own, open(f"/proc/{process}/ns/net") as other:
        if setns(other.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "the network of the container cannot be entered")
        try:
            yield
        finally:
            setns(own.fileno(), _CLONE_NEWNET)


def _answers(environment: Mapping[str, str]) -> bool:
    command = ["docker", "version", "--format", "{{.Server.Version}}"]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 0


@contextmanager
def _own_daemon(state: Path, bridge: bool) -> Iterator[Docker]:
    if not is_privileged():
        raise DockerMissing("no Docker daemon answers, and only root on Linux could start one")
    for program in ("dockerd", "setpriv", "umount", *(["ip"] if bridge else [])):
        if shutil.which(program, path=_PATH) is None:
            raise DockerMissing(f"no Docker daemon answers, and {program} is not installed to start one ({_INSTALL})")
    if len(str(state)) > _LONGEST_STATE:
        raise DockerMissing(f"no Docker daemon answers, and the path of {state} is too long for sockets of our own")
    environment = os.environ | {
        "PATH": _PATH,
        "DOCKER_HOST": f"unix://{state / 'docker.sock'}",
        # Logins of a test are not those of a person.
        "DOCKER_CONFIG": str(state / "config"),
    }
    environment.pop("DOCKER_CONTEXT", None)
    _end_leftover(state)
    log = state / "dockerd.log"
    command = [
        # The kernel ends the daemon when this process is no more.
        *("setpriv", "--pdeathsig", "TERM", "dockerd"),
        f"--data-root={state / 'data'}",
        f"--exec-root={state / 'run'}",
        f"--pidfile={_pidfile(state)}",
        f"--host={environment['DOCKER_HOST']}",
        f"--bridge={_bridge(state) if bridge else 'none'}",
        *("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false"),
        *([f"--host-gateway-ip={_GATEWAY}"] if bridge else []),
    ]
    try:
        if bridge:
            _make_bridge(_bridge(state), environment)
        with log.open("w") as output:
            # Ctrl-C is for the test, which then stops the daemon after its containers.
            process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            _wait_until_ready(process, environment, log)
            yield Docker(environment, ("--network", "host"))
        finally:
            _end(process)
    finally:
        _unmount(state)
        _remove_bridge(state)


def _bridge(state: Path) -> str:
    return f"psu{hashlib.sha256(str(state).encode()).hexdigest()[:8]}"


def _make_bridge(name: str, environment: Mapping[str, str]) -> None:
    """A bridge without rules or routes: its containers reach this machine and nothing else."""
    for command in (f"link add {name} type bridge", f"address add {_GATEWAY}/24 dev {name}", f"link set {name} up"):
        subprocess.run(["ip", *command.split()], env=environment, check=True)


def _remove_bridge(state: Path) -> None:
    if Path(f"/sys/class/net/{_bridge(state)}").exists():
        subprocess.run([shutil.which("ip", path=_PATH) or "ip", "link", "delete", _bridge(state)], check=False)


def _wait_until_ready(process: subprocess.Popen[bytes], environment: Mapping[str, str], log: Path) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while not _answers(environment):
        if process.poll() is not None or time.monotonic() > deadline:
            raise DockerError(f"dockerd did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop the daemon, which stops its containers and its containerd."""
    process.terminate()
    try:
        process.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _pidfile(state: Path) -> Path:
    return state / "dockerd.pid"


def _end_leftover(state: Path) -> None:
    """End what a killed run left but its containers, which the next daemon ends as soon as it finds them."""
    _end_by_file(_pidfile(state), state)
    # A daemon takes a containerd that is on its way out for one that it can use.
    _end_by_file(state / "run" / "containerd" / "containerd.pid", state)
    _unmount(state)
    _remove_bridge(state)


def _end_by_file(pidfile: Path, state: Path) -> None:
    """End the process with the number in this file if it is ours by its command line: numbers are used again."""
    with suppress(FileNotFoundError, ValueError):
        number = int(pidfile.read_text())
        deadline = time.monotonic() + _SECONDS_TO_END
        with suppress(FileNotFoundError, ProcessLookupError):
            asked = False
            while str(state) in Path(f"/proc/{number}/cmdline").read_bytes().decode(errors="replace"):
                if not asked or time.monotonic() > deadline:
                    os.kill(number, signal.SIGKILL if asked else signal.SIGTERM)
                asked = True
                time.sleep(0.1)
        pidfile.unlink()


def _unmount(state: Path) -> None:
    """Let go of what daemons leave mounted, innermost first: the folder could not be removed."""
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for point in sorted((point for point in mounted if Path(point).is_relative_to(state)), reverse=True):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
