"""Asks software that shares nothing with ours what it thinks of our outputs; `make setup` installs it."""

import json
import os
import subprocess
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def judge(paths):
    """One report a file: ``complaints`` of the validator, and the rows and the area that DuckDB reads."""
    command = [_ROOT / ".validator/bin/python", _ROOT / "tests/validator/judge.py", *paths]
    environment = os.environ | {"HOME": str(_ROOT / ".validator")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]
