"""Runs functions in containers of their images, as Lambda does: pulled from the registry, one call at a time in each.

Runs in the emulator's process, see ``ministack_main``. The containers use the network of this machine, so that
everything stays on loopback; each Runtime Interface Emulator has its own ports.
"""

import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from demo.embedded.ports import free_port

Json = dict[str, Any]

_PROJECT = Path(__file__).parent.parent.parent
_EMULATOR, _RUNTIME = "/usr/local/bin/aws-lambda-rie", "/var/runtime/bootstrap"
_PATH = "/2015-03-31/functions/function/invocations"
_SECONDS_TO_START = 120


class Containers:
    """Containers by function; after an answer a container waits for the next call."""

    def __init__(self, registry: str, variables: Mapping[str, str]) -> None:
        """Pull images from ``registry``, whatever their names say; ``variables`` go to all functions."""
        self._registry, self._variables = registry, dict(variables)
        self._idle: dict[str, list[str]] = defaultdict(list)
        self._lock = threading.Lock()

    def call(self, config: Json, variables: Mapping[str, str], event: Any) -> Any:
        """The answer of the function that ``config`` describes; ``variables`` are its environment."""
        with self._container(config, variables) as address:
            body = json.dumps(event).encode()
            # After the function's timeout the emulator in the container ends the call.
            seconds = config["Timeout"] + 10
            with urllib.request.urlopen(f"http://{address}{_PATH}", body, timeout=seconds) as answer:
                return json.loads(answer.read())

    @contextmanager
    def _container(self, config: Json, variables: Mapping[str, str]) -> Iterator[str]:
        with self._lock:
            waiting = self._idle[config["FunctionName"]]
            address = waiting.pop() if waiting else None
        address = address or self._start(config, variables)
        yield address
        # Not after an error: its state is unknown then. Such a container is not used again, and ends with the emulator.
        with self._lock:
            waiting.append(address)

    def _start(self, config: Json, variables: Mapping[str, str]) -> str:
        address, internal = (f"127.0.0.1:{free_port()}" for _ in range(2))
        environment = self._variables | dict(variables) | {
            "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(config["Timeout"]),
        }  # fmt: skip
        [handler] = config["ImageConfigResponse"]["ImageConfig"]["Command"]
        _, _, image = config["ImageUri"].partition("/")
        command = [
            *("docker", "run", "--rm", "--pull", "always", "--label", f"project={_PROJECT}", "--network", "host"),
            # The limits of Lambda.
            *("--read-only", "--tmpfs", f"/tmp:size={config['EphemeralStorage']['Size']}m"),  # noqa: S108 (its own)
            *("--memory", f"{config['MemorySize']}m", "--user", "54321:54321", "--cap-drop", "ALL"),
            *(word for name, value in environment.items() for word in ("--env", f"{name}={value}")),
            *("--entrypoint", _EMULATOR, f"{self._registry}/{image}"),
            *("--runtime-interface-emulator-address", address, "--runtime-api-address", internal),
            *(_RUNTIME, handler),
        ]
        # In the emulator's process group: `docker run` passes the signal that ends the group on to the container.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        _wait_until_ready(process, address)
        return address


def _wait_until_ready(process: "subprocess.Popen[bytes]", address: str) -> None:
    host, _, port = address.partition(":")
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the container did not start; the emulator's log says why") from error
        time.sleep(0.05)
