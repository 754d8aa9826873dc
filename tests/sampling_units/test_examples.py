"""The examples in the docstrings of the application, and those of docs/python.md."""

import doctest
import pkgutil
import re
from importlib import import_module

import pytest

import sampling_units
from tests.support.project import PROJECT

MODULES = [
    found.name
    for found in pkgutil.walk_packages(sampling_units.__path__, "sampling_units.")
    if found.name != "sampling_units.__main__"
]
BLOCKS = re.findall(r"^```python\n(.*?)^```", (PROJECT / "docs/python.md").read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", ["sampling_units", *MODULES])
def test_examples_give_what_they_say(name):
    assert doctest.testmod(import_module(name)).failed == 0


@pytest.mark.parametrize("name", sorted(set(sampling_units.__all__) - {"__version__"}))
def test_every_public_name_has_an_example(name):
    public = getattr(sampling_units, name)
    assert ">>>" in (public.__doc__ or "") or f"sampling_units.{name}" in (sampling_units.__doc__ or "")


def test_the_page_runs_from_top_to_bottom(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) > 5
    namespace = {}
    for block in BLOCKS:
        exec(block, namespace)  # Our own page.
    assert namespace["units"].report.n_clusters > 10
