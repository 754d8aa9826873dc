"""What the documentation promises to be complete is."""

import inspect
import json
import re

from benchmarks.measuring import RESULTS
from benchmarks.page import page
from sampling_units import errors
from sampling_units.report.page import VendorMissing
from sampling_units.runs import reference
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


def test_what_is_made_from_the_table_of_parameters_is_up_to_date():
    docs = PROJECT / "docs"
    page = (docs / "parameters.md").read_text()
    assert page == reference.with_parameter_rows(page), "run `make parameters`"
    assert (docs / "run-input.schema.json").read_text() == reference.schema_text(), "run `make parameters`"


def test_links_between_pages_lead_somewhere():
    pages = [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
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
