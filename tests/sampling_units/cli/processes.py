"""Looks at the processes of this machine, as ps shows them."""

import subprocess
import time


def _listed(columns):
    command = ["ps", "-ww", "-eo", ",".join(f"{column}=" for column in columns)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return (line.split(maxsplit=len(columns) - 1) for line in shown.splitlines())


def group_members(group):
    """Commands of the living processes of a process group."""
    rows = _listed(["pgid", "stat", "args"])
    return [command for number, state, command in rows if number == str(group) and not state.startswith("Z")]


def children(parent, name):
    """Numbers of the processes that ``parent`` started and that have ``name`` in their command."""
    rows = _listed(["pid", "ppid", "args"])
    return [int(number) for number, started_by, command in rows if started_by == str(parent) and name in command]


def eventually(condition, seconds):
    """Whether the condition becomes true in time."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()
