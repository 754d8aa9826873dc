"""What is measured has to be what is said: the right tree, the same work, one machine."""

import sys

import click
import pytest

from benchmarks import page
from benchmarks.measuring import run


def test_a_command_imports_from_its_folder(tmp_path):
    (tmp_path / "lambdas.py").write_text("print('copy')")
    assert run([sys.executable, "-c", "import lambdas"], cwd=tmp_path) == "copy\n"
    assert run([sys.executable, "-c", "import lambdas"], PYTHONPATH=str(tmp_path)) == ""


def record(date, *, cores=2, numpy="2.4.6"):
    return {"date": date, "machine": {"cores": cores}, "versions": {"numpy": numpy}}


def test_records_of_one_machine_make_a_page():
    page.require_one_machine({"engine": record("2026-11-23"), "nation": record("2026-11-23T10:00:00+00:00")})


@pytest.mark.parametrize("changed", [{"cores": 4}, {"numpy": "2.5.0"}])
def test_older_records_of_another_machine_are_refused(changed):
    found = {
        "engine": record("2026-11-23"),
        "growth": record("2026-11-23T10:00:00+00:00", **changed),
        "nation": record("2026-11-23"),
    }
    with pytest.raises(click.ClickException, match=r"run again: python -m benchmarks\.engine, .*nation$"):
        page.require_one_machine(found)
