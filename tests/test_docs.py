"""What the documentation promises to be complete is."""

import inspect
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from benchmarks.measuring import RESULTS
from benchmarks.page import page
from demo.provinces import write_provinces
from infra.config import Config
from sampling_units import errors
from sampling_units.report.page import VendorMissing
from sampling_units.runs import reference
from tests.rehearsal.readme import commands
from tests.support.project import PROJECT

CODE = re.compile(r"^\| `(\w+)` \|", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")


def test_every_error_code_is_explained_and_every_explained_code_exists():
    text, _, of_runs = (PROJECT / "docs" / "errors.md").read_text().partition("## A run")
    raised = {
        name for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.RunError)
    } - {"RunError", "BatchUnfinished"}
    assert set(CODE.findall(text)) == raised | {VendorMissing.__name__}
    assert "BatchUnfinished" in CODE.findall(of_runs)


def test_what_is_made_from_the_tables_of_parameters_and_statuses_is_up_to_date():
    docs = PROJECT / "docs"
    page = (docs / "parameters.md").read_text()
    assert page == reference.with_parameter_rows(page), "run `make parameters`"
    page = (docs / "algorithm.md").read_text()
    assert page == reference.with_status_rows(page), "run `make parameters`"
    assert (docs / "run-input.schema.json").read_text() == reference.schema_text(), "run `make parameters`"


def test_links_between_pages_lead_somewhere():
    pages = [*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")]
    assert len(pages) > 20
    broken = [
        (page.name, target)
        for page in pages
        for target in LINK.findall(page.read_text())
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_page_on_performance_shows_what_was_recorded():
    found = {path.stem: json.loads(path.read_text()) for path in RESULTS.glob("*.json")}
    assert (PROJECT / "docs" / "performance.md").read_text() == page(found)


def test_the_readme_is_for_newcomers():
    text = (PROJECT / "README.md").read_text()
    assert len(text.splitlines()) <= 130
    assert list(commands(text))[:2] == ["make demo", "make test"]


def test_the_readmes_commands_lead_from_a_file_to_a_sample(tmp_path):
    write_provinces(tmp_path / "build" / "demo" / "input")
    copy, *lines = [line for line in commands((PROJECT / "README.md").read_text()) if not line.startswith("make ")]
    source, target = shlex.split(copy.removeprefix("cp "))
    shutil.copy(tmp_path / source, tmp_path / target)
    assert len(lines) > 5
    for line in lines:
        command, *arguments = shlex.split(line.replace("\\\n", " "))
        assert command == ".venv/bin/kmeans"
        done = subprocess.run(
            [sys.executable, "-m", "sampling_units", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)
    made = {path.name for path in tmp_path.rglob("*")}
    assert {"clustered_cells.parquet", "report.html", "sample.parquet", "sample.gpkg", "results-equal"} <= made


def defaults(stage):
    context = json.loads((PROJECT / "cdk.json").read_text())["context"]
    return Config.from_context(SimpleNamespace(get_all_context=lambda: context | {"stage": stage}))


@pytest.mark.parametrize(
    ("option", "shown"),
    [
        ("log_retention_days", "`{dev}` (`prod`: `{prod}`)"),
        ("removal_policy", "`{dev}` (`prod`: `{prod}`)"),
        ("architecture", "`{dev}`"),
        ("max_concurrency", "`{dev}`, `"),
        ("tolerated_failure_percentage", ", `{dev}` (`prod`: `{prod}`), `"),
        ("memory_mb", "`{dev}`, `"),
        ("timeout_minutes", ", `{dev}`, `"),
    ],
)
def test_the_options_of_a_deployment_have_the_defaults_that_a_user_gets(option, shown):
    rows = (PROJECT / "docs" / "deploy.md").read_text().splitlines()
    default = next(row for row in rows if row.startswith("| `") and f"`{option}`" in row.split("|")[1]).split("|")[2]
    values = {stage: getattr(defaults(stage), option) for stage in ("dev", "prod")}
    texts = {stage: f"{value:g}" if isinstance(value, float) else str(value) for stage, value in values.items()}
    assert shown.format(**texts) in default
