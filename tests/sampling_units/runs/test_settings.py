import json

import pytest

from lambdas.clustering.handler import handle as cluster
from lambdas.kickoff.handler import handle as kick_off
from sampling_units.runs.settings import Settings
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file

BUCKETS = {"input_bucket": INPUTS, "output_bucket": OUTPUTS}
DEFAULTS = {"max_concurrency": 7, "tolerated_failure_percentage": 2.0, "params": {"target_weight": 40, "radius": 500}}


def told(run_defaults):
    return {"run_defaults": run_defaults, "architecture": "arm64", "memory_mb": 1769, "timeout_minutes": 5}


@pytest.fixture
def defaults(monkeypatch):
    monkeypatch.setenv("DEPLOYMENT", json.dumps(told(DEFAULTS)))


def test_a_run_takes_from_the_deployment_what_it_does_not_say(buckets, defaults):
    plan = kick_off({"run_id": "r", **BUCKETS, "max_concurrency": 3, "params": {"target_weight": 20}}, None)
    assert (plan["max_concurrency"], plan["tolerated_failure_percentage"]) == (3, 2.0)
    assert (plan["params"]["target_weight"], plan["params"]["radius"]) == (20, 500)
    assert kick_off({"run_id": "r", **BUCKETS, "params": None}, None)["params"]["target_weight"] == 40


def test_a_single_file_takes_the_parameters_of_the_deployment(buckets, defaults):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(80))
    answer = cluster({"filename": "a.parquet", **BUCKETS}, None)
    one_by_one = cluster({"filename": "a.parquet", **BUCKETS, "params": DEFAULTS["params"]}, None)
    assert answer["results"][0]["report"] == one_by_one["results"][0]["report"]
    wider = cluster({"filename": "a.parquet", **BUCKETS, "params": {"target_weight": 80}}, None)
    assert wider["results"][0]["report"] != answer["results"][0]["report"]


@pytest.mark.parametrize("event", [None, [], "x", {"params": 3}, {"params": [1]}])
def test_what_is_no_event_is_left_to_whoever_parses_it(event):
    settings = Settings.from_environment({"DEPLOYMENT": json.dumps(told({"params": {"target_weight": 40}}))})
    assert settings.complete_params(event) == event


def test_without_a_deployment_there_are_no_defaults():
    assert Settings.from_environment({}) == Settings()
    assert Settings().complete_run({"run_id": "r"}) == {"run_id": "r", "params": {}}
