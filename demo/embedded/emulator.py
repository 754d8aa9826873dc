"""Starts and stops the emulator, and opens clients to it."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3

from demo.embedded.process_group import end_group

PROJECT = Path(__file__).parent.parent.parent
# `make` puts the emulator's own virtual environment here: its dependencies are not ours.
ENVIRONMENT = PROJECT / ".emulator"
REGION = "us-east-1"
# The emulator accepts any key; a name of its own keeps it apart from cached credentials of real accounts.
_KEY = "embedded"
_SECONDS_TO_START = 60
# Objects are on disk as soon as they are put, so nothing is lost when it does not end by itself in time.
_SECONDS_TO_END = 2


class EmulatorError(RuntimeError):
    """The emulator is not installed or did not start."""


class Emulator:
    """A running emulator; use it as a context manager.

    Attributes:
        endpoint: URL of all its services.
        log: file with everything it and the functions print.
    """

    def __init__(
        self,
        state: Path,
        *,
        keep_objects: bool = False,
        check_permissions: bool = False,
        containers: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare an emulator.

        Args:
            state: folder for the log, and with ``keep_objects`` for the content of the buckets.
            keep_objects: whether the next emulator finds the buckets as this one leaves them.
            check_permissions: whether roles and buckets allow what their policies say, and not everything.
            containers: variables that lead ``docker`` to a daemon on this machine, to run the functions in containers
                of their image; None: they run from the source tree.
            variables: more of the environment of the emulator and of the functions that run from the source tree.
        """
        self._state, self._keep_objects, self._check_permissions = state.resolve(), keep_objects, check_permissions
        self._containers, self._variables = containers, dict(variables or {})
        self._scratch = self._state / "tmp"
        self.log = self._state / "emulator.log"
        self.endpoint = ""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Emulator":
        python = ENVIRONMENT / "bin" / "python"
        if not python.exists():
            raise EmulatorError("the emulator is not installed: run `make setup`")
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(parents=True)
        port = _free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, Path(__file__).parent / "ministack_main.py"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(port),
                # Ctrl-C is for the client, which then stops this group: the emulator and its function processes.
                start_new_session=True,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def process_id(self) -> int:
        """Of the emulator itself; its functions are children of it."""
        assert self._process is not None
        return self._process.pid

    def client(self, service: Any) -> Any:
        """A boto3 client of the emulator, whatever AWS account the environment points to."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_KEY,
            aws_secret_access_key=_KEY,
        )

    def variables(self) -> dict[str, str]:
        """What leads the command lines of AWS and of the CDK to this emulator, as the root of its account."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }

    def _environment(self, port: int) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return kept | {
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            # It unpacks functions into folders that it does not remove.
            "TMPDIR": str(self._scratch),
            "AUTH": "true" if self._check_permissions else "false",
            "S3_PERSIST": "1" if self._keep_objects else "0",
            "S3_DATA_DIR": str(self._state / "s3"),
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_DEFAULT_REGION": REGION,
            "HANDLER_PYTHON": sys.executable,
            "RUN_IMAGES": "from source" if self._containers is None else "in containers",
            "PYTHONPATH": str(PROJECT),
            "NO_PROXY": "127.0.0.1,localhost",
            **(self._containers or {}),
            **self._variables,
        }

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise EmulatorError(f"the emulator ended at its start; see {self.log}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):  # noqa: S310 (our URL)
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise EmulatorError(f"the emulator did not answer within {_SECONDS_TO_START} s; see {self.log}")

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_SECONDS_TO_END)
        end_group(process)
        shutil.rmtree(self._scratch, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
