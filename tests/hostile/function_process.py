"""The process with the clustering function, as a test sees it: an event in, lines out, or a death."""

import json
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any

from tests.support.project import PROJECT

# Seconds that a file may take, and the start of the function with all its libraries on a busy machine.
PATIENCE, PATIENCE_AT_START = 60, 120


class FunctionDied(Exception):
    """The process ended, or had to be ended because nothing came out of it any more."""


class Function:
    """The process with the function; starts at the first event, and again after a death."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._errors: IO[str] | None = None
        self._is_warm = False

    def send(self, event: Any) -> Iterator[dict[str, Any]]:
        """What the function says about an event: a line for each file, then the answer.

        Raises:
            FunctionDied: while it was at work on the file after the last one it told of.
        """
        process = self._process or self._start()
        process.stdin.write(json.dumps(event) + "\n")
        process.stdin.flush()
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE if self._is_warm else PATIENCE_AT_START)
            except queue.Empty:
                self.stop()
                raise FunctionDied(f"says nothing for {PATIENCE} s") from None
            if line is None:
                status = process.wait()
                self._errors.seek(0)
                last_words = self._errors.read()[-1000:]
                self.stop()
                raise FunctionDied(f"died with status {status}: {last_words}")
            self._is_warm = True
            said = json.loads(line)
            yield said
            if "file" not in said:
                return

    def _start(self) -> "subprocess.Popen[str]":
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the process)
        command = [sys.executable, "-m", "tests.hostile.function"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, cwd=PROJECT
        )
        self._lines, self._is_warm = queue.Queue(), False
        threading.Thread(target=_forward, args=(self._process.stdout, self._lines), daemon=True).start()
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdin.close()
            self._errors.close()
            self._process = None


def _forward(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    with stream:
        for line in stream:
            lines.put(line)
    lines.put(None)
