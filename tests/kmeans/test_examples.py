"""The examples in the docstrings of the algorithm are run, and every public name has one."""

import doctest
import importlib
import pkgutil

import pytest

import kmeans

MODULES = ["kmeans", *(module.name for module in pkgutil.walk_packages(kmeans.__path__, "kmeans."))]
# Shown by the example of the package, because alone they show nothing.
BY_THE_PACKAGE = {"Finding", "diagnose"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name):
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


@pytest.mark.parametrize("name", kmeans.__all__)
def test_every_public_name_has_an_example(name):
    if name in BY_THE_PACKAGE:
        sources = "".join(example.source for example in doctest.DocTestParser().get_examples(kmeans.__doc__))
        assert f"kmeans.{name}" in sources
    else:
        assert ">>>" in getattr(kmeans, name).__doc__
