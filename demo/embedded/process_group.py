"""Ends a process with all that it started."""

import os
import signal
import subprocess
import time
from contextlib import suppress

# Between the polite signal and the other one.
_SECONDS_TO_END = 2


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """End the leader of a session and its whole group; members may outlive it, busy with a file or waiting for one."""
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
