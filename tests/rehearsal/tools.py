"""Runs the tools of a deployment, the CDK's and AWS's command line, one command after the other."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from demo.embedded.emulator import ENVIRONMENT, PROJECT
from demo.embedded.process_group import end_group
from tests.rehearsal.errors import RehearsalError

DOCKER_CALLS = "docker-calls.txt"
_LEASH = Path(__file__).parent / "leash.py"
# Nobody listens there: what wants to leave this machine fails at once.
_NOWHERE = "http://127.0.0.1:9"
_NOT_INHERITED = ("AWS_", "CDK_", "JSII_RUNTIME_")


class Tools:
    """Shows each command with the seconds it took, and keeps what it printed in the folder ``steps``.

    The tools see the account to which their ``variables`` lead, and a home folder of their own: nothing of the user's
    is read or written.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self._folder, self._n_steps = folder, 0
        self.docker_calls = folder / DOCKER_CALLS
        home, scratch = folder / "home", folder / "tmp"
        for made in (home, scratch, folder / "steps"):
            made.mkdir()
        (home / ".cdk.json").write_text(json.dumps({"output": str(folder / "cdk.out"), "notices": False}))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        proxies = {f"{protocol}_PROXY": _NOWHERE for protocol in ("HTTP", "HTTPS", "ALL")} | {"NO_PROXY": "127.0.0.1"}
        proxies |= {name.lower(): value for name, value in proxies.items()}
        self._environment = kept | proxies | dict(variables) | {
            "PATH": os.pathsep.join([str(ENVIRONMENT / "bin"), str(_folder_of_node()), os.environ["PATH"]]),
            "HOME": str(home),
            # It asks the system, not HOME, where the home folder is.
            "CDK_HOME": str(home / ".cdk"),
            "TMPDIR": str(scratch),
            "DOCKER_CALLS": str(self.docker_calls),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def run(self, command: str, *, fails_with: str | None = None) -> str:
        """Run a command as a shell would in the project's folder (the CDK) or in this rehearsal's; returns its output.

        Raises:
            RehearsalError: it failed; or did not, or with another message, where ``fails_with`` was expected.
        """
        with _shown(command):
            return self._run(command, fails_with)

    def run_until(self, command: str, is_last: Callable[[str], bool], seconds: float) -> str:
        """Run a command again and again until ``is_last`` of its output; returns that output.

        Raises:
            RehearsalError: it failed, or the time is over.
        """
        deadline = time.monotonic() + seconds
        with _shown(command):
            while not is_last(output := self._run(command)):
                if time.monotonic() > deadline:
                    raise RehearsalError(f"after {seconds} s it still says:\n{output}")
                time.sleep(1)
            return output

    def _run(self, command: str, fails_with: str | None = None) -> str:
        words = shlex.split(command.replace("\\\n", " "))
        self._n_steps += 1
        name = f"{self._n_steps:02d}-{Path(words[0]).name}-{words[1]}"
        shown, complaints = (self._folder / "steps" / f"{name}.{stream}" for stream in ("out", "err"))
        with shown.open("wb") as stdout, complaints.open("wb") as stderr:
            status = self._status(words, stdout, stderr)
        output, errors = shown.read_text(), complaints.read_text()
        if fails_with is None and status:
            raise RehearsalError(f"it failed with status {status}:\n{output}{errors}")
        if fails_with is not None and (not status or fails_with not in errors):
            raise RehearsalError(f"it should have failed with {fails_with!r}, but (status {status}):\n{output}{errors}")
        return output

    def _status(self, words: list[str], stdout: BinaryIO, stderr: BinaryIO) -> int:
        process = subprocess.Popen(
            [sys.executable, "-S", _LEASH, *words],
            cwd=PROJECT if words[0].startswith("node_modules") else self._folder,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=stderr,
            # Ctrl-C is for the rehearsal, which then ends this group.
            start_new_session=True,
        )
        try:
            return process.wait()
        finally:
            end_group(process)


@contextmanager
def _shown(command: str) -> Iterator[None]:
    print(f"$ {command}", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    finally:
        print(f"   # {time.monotonic() - started:.1f} s", flush=True)


def _folder_of_node() -> Path:
    """Where node itself is: what stands for it in PATH may look for it in the user's home folder."""
    command = ["node", "--print", "process.execPath"]
    return Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()).parent
