"""Starts and stops the emulator, and opens clients to it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import boto3

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

    def __init__(self, state: Path, *, keep_objects: bool = False) -> None:
        """Keep logs, and with ``keep_objects`` the content of the buckets, in the folder ``state``."""
        self._state, self._keep_objects = state.resolve(), keep_objects
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

    def client(self, service: Any) -> Any:
        """A boto3 client of the emulator, whatever AWS account the environment points to."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_KEY,
            aws_secret_access_key=_KEY,
        )

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
            "S3_PERSIST": "1" if self._keep_objects else "0",
            "S3_DATA_DIR": str(self._state / "s3"),
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_DEFAULT_REGION": REGION,
            "HANDLER_PYTHON": sys.executable,
            "PYTHONPATH": str(PROJECT),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise EmulatorError(f"the emulator ended at its start; see {self.log}")
            try:
                with urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=2):  # noqa: S310 (own, http)
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
        _end_group(process)
        shutil.rmtree(self._scratch, ignore_errors=True)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all that it started; they may outlive it, busy with a file or waiting for one."""
    # Without a process of its own left, the group's number is free again: that is what the error says.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_END
        while time.monotonic() < deadline:
            process.poll()  # A process that has ended counts until somebody asks how.
            os.killpg(process.pid, 0)
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
