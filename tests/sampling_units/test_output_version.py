"""Finished files count as up to date by the output version: whatever changes outputs has to raise it."""

import json

import pytest

from sampling_units.versions import OUTPUT_VERSION
from tests.support.golden_outputs import CASES, RECORD, defaults, output_hashes

RECORDED = json.loads(RECORD.read_text())
RAISE = (
    "is another one than recorded: if that is meant, raise OUTPUT_VERSION in sampling_units/versions.py, then run "
    "`python -m tests.support.golden_outputs`"
)


def test_the_record_is_that_of_the_output_version():
    assert RECORDED["output_version"] == OUTPUT_VERSION, (
        "OUTPUT_VERSION was raised: record the outputs anew with `python -m tests.support.golden_outputs`"
    )


@pytest.mark.parametrize("case", CASES)
def test_outputs_change_with_the_output_version_only(case):
    assert output_hashes(case) == RECORDED["outputs"][case], f"what is made of {case} {RAISE}"


def test_defaults_change_with_the_output_version_only():
    found = defaults()
    for name, recorded in RECORDED["defaults"].items():
        # A parameter that was removed has no default any more, and one that is new changes nothing.
        assert found.get(name, recorded) == recorded, f"the default of {name} {RAISE}"
