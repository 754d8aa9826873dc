import json

import pytest

from lambdas.clustering.handler import handle as cluster
from lambdas.contract import errors
from lambdas.kickoff.handler import handle as kick_off
from lambdas.summary.handler import handle
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file

REQUEST = {"run_id": "run-1", "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": {"target_weight": 20}}


def run_batches(client, plan, leave_out=()):
    for batch in json.loads(client.get_object(Bucket=OUTPUTS, Key=plan["manifest_key"])["Body"].read()):
        if batch["batch"] not in leave_out:
            fields = ("run_id", "input_bucket", "output_bucket", "params")
            cluster({name: plan[name] for name in fields} | batch, None)


def test_results_are_joined_and_every_file_is_accounted_for(buckets):
    for number in range(4):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    buckets.put_object(Bucket=INPUTS, Key="bad.parquet", Body=b"bad")
    plan = kick_off(REQUEST | {"tolerated_failure_percentage": 20}, None)
    run_batches(buckets, plan)
    answer = handle(plan, None)
    assert (answer["n_files"], answer["n_succeeded"], answer["n_failed"]) == (5, 4, 1)
    assert answer["within_tolerance"] is True
    assert answer["n_rows"] == 320
    summary = json.loads(buckets.get_object(Bucket=OUTPUTS, Key=answer["summary_key"])["Body"].read())
    assert sorted(file["filename"] for file in summary["files"]) == [*(f"{n}.parquet" for n in range(4)), "bad.parquet"]
    assert [file["filename"] for file in summary["failures"]] == ["bad.parquet"]
    assert summary["n_clusters"] == sum(file["report"]["n_clusters"] for file in summary["files"] if "report" in file)
    assert summary["params"]["target_weight"] == 20


def test_a_batch_that_never_returned_is_reported_file_by_file(buckets, monkeypatch):
    monkeypatch.setattr("lambdas.kickoff.batching.MIN_BYTES_PER_BATCH", 1)
    for number in range(4):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    assert plan["n_batches"] > 1
    run_batches(buckets, plan, leave_out=[0])
    answer = handle(plan | {"map_error": {"Error": "States.Timeout", "Cause": "too long"}}, None)
    assert answer["n_files"] == 4
    assert answer["n_failed"] >= 1
    assert {failure["failure"]["error"] for failure in answer["failures"]} == {"NoResult"}
    assert answer["within_tolerance"] is False
    assert answer["map_error"] == {"Error": "States.Timeout", "Cause": "too long"}


def test_an_empty_run_is_within_tolerance(buckets):
    answer = handle(kick_off(REQUEST, None), None)
    assert (answer["n_files"], answer["within_tolerance"]) == (0, True)


def test_a_run_without_manifest_is_an_error(buckets):
    plan = kick_off(REQUEST, None)
    buckets.delete_object(Bucket=OUTPUTS, Key=plan["manifest_key"])
    with pytest.raises(errors.FileMissing, match="manifest"):
        handle(plan, None)
