"""The app as the CDK's command line starts it."""

import json
import os
import subprocess
import sys

import pytest

from tests.infra.conftest import CONTEXT
from tests.support.project import PROJECT


def start(out, **choices):
    environment = {
        "CDK_OUTDIR": str(out),
        "CDK_CONTEXT_JSON": json.dumps(CONTEXT | choices),
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
    }
    command = [sys.executable, "app.py"]
    return subprocess.run(
        command, cwd=PROJECT, env=os.environ | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_two_syntheses_give_the_same_bytes(tmp_path):
    outs = tmp_path / "one", tmp_path / "two"
    for out in outs:
        done = start(out)
        assert done.returncode == 0, done.stderr
    first, second = ((out / "SamplingUnits-dev.template.json").read_bytes() for out in outs)
    assert first == second


@pytest.mark.parametrize(
    ("choices", "line"),
    [
        ({"memory_mb": "lots"}, "wrong configuration: memory_mb = lots: Expected `int`, got `str`"),
        ({"memory": "lots"}, "wrong configuration: there is no option 'memory'; did you mean 'memory_mb'?"),
        (
            {"tolerated_failure_percentage": "140"},
            "wrong configuration: tolerated_failure_percentage = 140: Expected `float` <= 100.0",
        ),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_wrong_choice_ends_in_one_readable_line(tmp_path, choices, line):
    done = start(tmp_path, **choices)
    assert (done.returncode, done.stderr.splitlines()) == (1, [line])
    assert not list(tmp_path.glob("*.template.json"))
