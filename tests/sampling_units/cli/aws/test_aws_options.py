import os

import pytest

from sampling_units.cli.aws.options import StackConnection, request_of, use_connection


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """What is changed is put back: the function works on the process's own environment."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.setenv(name, "before")
        monkeypatch.delenv(name)


def test_options_go_before_the_environment(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    use_connection(StackConnection("stack", "survey", "us-east-1", "http://127.0.0.1:9"))
    assert (os.environ["AWS_PROFILE"], os.environ["AWS_ENDPOINT_URL"]) == ("survey", "http://127.0.0.1:9")
    assert os.environ["AWS_REGION"] == os.environ["AWS_DEFAULT_REGION"] == "us-east-1"


def test_both_names_of_the_region_are_understood(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    use_connection(StackConnection())
    assert os.environ["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert "AWS_PROFILE" not in os.environ


def test_a_request_holds_what_was_given():
    given = {"prefix": "", "n_files": 0, "max_concurrency": None, "force": False, "params": {}}
    assert request_of(given) == {"n_files": 0}
    assert request_of({"prefix": "north/", "force": True, "params": {"radius": 0}}) == {
        "prefix": "north/",
        "force": True,
        "params": {"radius": 0},
    }
