"""Runs a command that must not outlive whoever started it: ``leash.py COMMAND ...``.

The starter gives it a session of its own and holds the other end of its standard input. When that closes, because the
starter was killed, the whole session's process group is killed: nobody is left to tidy up after it.
"""

import os
import signal
import subprocess
import sys
import threading


def end_with_starter() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_starter, daemon=True).start()
    sys.exit(subprocess.call(sys.argv[1:], stdin=subprocess.DEVNULL))
