"""Whether docs/security.md keeps its word: every test it names exists, and so do its figures."""

import ast
import re

import pytest

from sampling_units.runs.cost import cost_of_work
from sampling_units.runs.events import DEFAULT_MAX_CONCURRENCY
from tests.support.project import PROJECT

PAGE = (PROJECT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


def test_the_page_names_tests():
    assert len(NAMED) > 30


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_test_that_the_page_names_exists(file, name):
    tree = ast.parse((PROJECT / file).read_text())
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_most_that_a_run_costs_is_what_the_page_says():
    dollars = cost_of_work(
        DEFAULT_MAX_CONCURRENCY * 24 * 60 * 60,
        n_files=0,
        n_batches=0,
        n_done=0,
        max_concurrency=DEFAULT_MAX_CONCURRENCY,
        memory_mb=1769,
        architecture="arm64",
    )
    assert f"the default of {DEFAULT_MAX_CONCURRENCY} at a time about ${round(dollars, -2):,.0f}" in PAGE
