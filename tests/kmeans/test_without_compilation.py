"""The small cases once more as plain Python: what only compiled code does (wrapping, no bounds checks) shows here."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="this is that run")
def test_small_cases_hold_in_plain_python(request):
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "small", "-p", "no:cacheprovider", "-p", "no:xdist"]
    # The random numbers wrap around on purpose.
    command += ["-W", "ignore:overflow encountered:RuntimeWarning", str(request.path.parent)]
    environment = os.environ | {"NUMBA_DISABLE_JIT": "1", "HYPOTHESIS_PROFILE": "few"}
    done = subprocess.run(
        command, env=environment, cwd=request.config.rootpath, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout
