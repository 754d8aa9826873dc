"""Starts and stops the emulator, and opens clients to it."""

import os
import shutil
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

from demo.embedded.ports import free_port
from demo.embedded.process_group import end_group

PROJECT = Path(__file__).parent.parent.parent
# Virtual environment of the emulator, made by `make setup`: its dependencies are kept apart from ours.
ENVIRONMENT = PROJECT / ".emulator"
REGION = "us-east-1"
# The emulator accepts any key; this one cannot be mistaken for cached credentials of a real account.
_KEY = "embedded"
_SECONDS_TO_START = 60
# An object is on disk when its upload returns, so ending the emulator by a signal loses nothing.
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
        docker_environment: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare an emulator.

        Args:
            state: folder for the log, and with ``keep_objects`` for the content of the buckets.
            keep_objects: whether the buckets stay for the next emulator with this folder.
            check_permissions: whether the policies of roles and buckets are enforced; otherwise everything is allowed.
            docker_environment: variables with which ``docker`` finds a daemon on this machine, to run the functions
                in containers of their image; None: they run from the source tree.
            environment: further variables for the emulator and for functions that run from the source tree.
        """
        self._state, self._keep_objects, self._check_permissions = state.resolve(), keep_objects, check_permissions
        self._docker_environment, self._more_environment = docker_environment, dict(environment or {})
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
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, Path(__file__).parent / "ministack_main.py"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment(port),
                # In a group of its own, so that Ctrl-C reaches only this process, which then ends the emulator and its
                # functions.
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
        """Process id of the emulator; the functions run in child processes."""
        assert self._process is not None
        return self._process.pid

    def client(self, service: Any) -> Any:
        """A boto3 client of the emulator; the environment's AWS account is not used."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=_KEY,
            aws_secret_access_key=_KEY,
        )

    def cli_environment(self) -> dict[str, str]:
        """Variables with which the AWS CLI and the CDK CLI use this emulator, as the root user of its account."""
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
            # MiniStack does not remove the folders into which it unpacks functions.
            "TMPDIR": str(self._scratch),
            "AUTH": "true" if self._check_permissions else "false",
            "S3_PERSIST": "1" if self._keep_objects else "0",
            "S3_DATA_DIR": str(self._state / "s3"),
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_DEFAULT_REGION": REGION,
            "HANDLER_PYTHON": sys.executable,
            "RUN_IMAGES": "from source" if self._docker_environment is None else "in containers",
            "PYTHONPATH": str(PROJECT),
            "NO_PROXY": "127.0.0.1,localhost",
            **(self._docker_environment or {}),
            **self._more_environment,
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
