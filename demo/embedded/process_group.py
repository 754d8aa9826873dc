"""Ends a process and all processes that it started."""

import os
import signal
import subprocess
import time
from contextlib import suppress

# Between SIGTERM and SIGKILL.
_SECONDS_TO_END = 2


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End the leader of a session and all members of its group, also those that did not end with it."""
    # The errors mean that no process of ours is left in the group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + _SECONDS_TO_END
        while time.monotonic() < deadline:
            process.poll()  # An ended process counts as a member until it is waited for.
            os.killpg(process.pid, 0)
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
