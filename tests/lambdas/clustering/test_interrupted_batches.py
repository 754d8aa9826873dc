import json
import types

import numpy as np
import pytest

from lambdas.clustering import batch
from lambdas.clustering.handler import handle
from lambdas.kickoff.handler import handle as kick_off
from lambdas.storage.bucket import Bucket
from lambdas.summary.handler import handle as summarise
from sampling_units import errors
from sampling_units.runs import keys
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file

STARTED_AT = "2026-11-23T09:30:00.000000Z"
BUCKETS = {"input_bucket": INPUTS, "output_bucket": OUTPUTS}
RUN = {"run_id": "run-1", "started_at": STARTED_AT, "batch": 0}
NAMES = [f"{number}.parquet" for number in range(4)]
BATCH = {"files": [{"filename": name} for name in NAMES], **BUCKETS}
DIED = {"interruption": {"Error": "Runtime.ExitError", "Cause": "signal: killed"}}


class Died(BaseException):
    """The end of the process, as far as a test can have it."""


def context(*milliseconds):
    """What Lambda tells of the time: at each question the next of these."""
    left = iter(milliseconds)
    return types.SimpleNamespace(get_remaining_time_in_millis=lambda: next(left))


@pytest.fixture
def inputs(buckets):
    for number, name in enumerate(NAMES):
        buckets.put_object(Bucket=INPUTS, Key=name, Body=cell_file(40, seed=number))
    return buckets


@pytest.fixture
def deadly(monkeypatch):
    """Names of files at which the function dies, and of those that were begun."""
    names, begun, real = set(), [], batch.cluster_file

    def cluster(content, filename, *rest):
        begun.append(filename)
        if filename in names:
            raise Died
        return real(content, filename, *rest)

    monkeypatch.setattr(batch, "cluster_file", cluster)
    return types.SimpleNamespace(names=names, begun=begun)


def stored(client, key):
    return json.loads(client.get_object(Bucket=OUTPUTS, Key=key)["Body"].read())


def endings(results):
    return {result["filename"]: result.get("failure", {}).get("error", "done") for result in results}


def test_no_file_is_begun_for_which_there_is_no_time(inputs):
    answer = handle(BATCH, context(60_000, 9_000))
    assert [result["filename"] for result in answer["results"]] == NAMES[:2]
    assert answer["not_started"] == NAMES[2:]
    # The first one is begun in any case: it would not have more time later.
    assert len(handle(BATCH, context(9_000))["results"]) == 1


def test_a_large_file_needs_more_time(inputs):
    event = {"files": [{"filename": NAMES[0]}, {"filename": NAMES[1], "bytes": 100_000_000}], **BUCKETS}
    assert handle(event, context(60_000))["not_started"] == NAMES[1:2]
    assert handle(event, context(200_000))["not_started"] == []


def test_a_batch_of_a_run_goes_on_where_the_time_was_up(inputs, deadly):
    with pytest.raises(errors.BatchUnfinished, match="2 of 4 files"):
        handle(BATCH | RUN, context(60_000, 9_000))
    unfinished = {"interruption": {"Error": "BatchUnfinished", "Cause": ""}}
    with pytest.raises(errors.BatchUnfinished, match="1 of 4 files"):
        handle(BATCH | RUN | unfinished, context(9_000))
    assert handle(BATCH | RUN | unfinished, None) == {"n_files": 4, "n_failed": 0}
    assert deadly.begun == NAMES
    result = stored(inputs, keys.result_key("run-1", STARTED_AT, 0))
    assert endings(result["results"]) == dict.fromkeys(NAMES, "done")


def test_a_file_at_which_the_function_dies_costs_itself_and_no_other(inputs, deadly):
    deadly.names |= {NAMES[1], NAMES[3]}
    for event in (BATCH | RUN, *[BATCH | RUN | DIED] * 4):
        with pytest.raises(Died):
            handle(event, None)
    assert handle(BATCH | RUN | DIED, None) == {"n_files": 4, "n_failed": 2}
    result = stored(inputs, keys.result_key("run-1", STARTED_AT, 0))
    assert endings(result["results"]) == dict(zip(NAMES, ["done", "NoResult", "done", "NoResult"], strict=True))
    # Once in the first invocation, once in each of the next two, after which it is left out.
    assert deadly.begun.count(NAMES[1]) == 3


@pytest.mark.parametrize("key", [keys.progress_key("run-1", STARTED_AT, 0), keys.result_key("run-1", STARTED_AT, 0)])
def test_a_file_is_not_blamed_for_what_cannot_be_noted_after_it(inputs, monkeypatch, key):
    real, left = Bucket.write, [False, True] if "progress" in key else [True]

    def write(bucket, written, *rest):
        if written == key and left and left.pop(0):
            raise errors.StorageUnavailable("down")
        return real(bucket, written, *rest)

    monkeypatch.setattr(Bucket, "write", write)
    with pytest.raises(errors.StorageUnavailable):
        handle(BATCH | RUN | DIED, None)
    assert handle(BATCH | RUN | DIED, None) == {"n_files": 4, "n_failed": 0}


def test_what_is_known_of_a_batch_that_never_ends_is_in_the_summary(inputs, deadly):
    plan = kick_off({"run_id": "run-1", **BUCKETS}, None)
    (sent,) = stored(inputs, plan["manifest_key"])
    event = {name: plan[name] for name in ("run_id", "started_at", *BUCKETS)} | sent
    deadly.names.add(sent["files"][2]["filename"])
    for interruption in ({}, DIED):
        with pytest.raises(Died):
            handle(event | interruption, None)
    answer = summarise(plan, None)
    assert (answer["n_succeeded"], answer["n_failed"]) == (2, 2)
    assert set(endings(answer["failures"]).values()) == {"NoResult"}


def test_records_of_another_batch_are_not_taken_for_this_one(inputs):
    plan = kick_off({"run_id": "run-1", **BUCKETS}, None)
    foreign = {"results": [{"filename": "other.parquet", "failure": {"error": "NoResult", "message": "x"}}]}
    key = keys.progress_key("run-1", plan["started_at"], 0)
    inputs.put_object(Bucket=OUTPUTS, Key=key, Body=json.dumps(foreign).encode())
    answer = summarise(plan, None)
    assert sorted(endings(answer["failures"])) == NAMES
    (sent,) = stored(inputs, plan["manifest_key"])
    event = {name: plan[name] for name in ("run_id", "started_at", *BUCKETS)} | sent
    assert handle(event | DIED, None) == {"n_files": 4, "n_failed": 0}


def test_an_allocation_that_fails_is_an_error_of_one_file(inputs, monkeypatch):
    real = batch.cluster_file

    def greedy(content, filename, *rest):
        if filename == NAMES[1]:
            np.empty(2**60, np.uint8)
        return real(content, filename, *rest)

    monkeypatch.setattr(batch, "cluster_file", greedy)
    answer = handle(BATCH, None)
    assert endings(answer["results"]) == dict.fromkeys(NAMES, "done") | {NAMES[1]: "FileTooLarge"}
    assert "kmeans split" in answer["results"][1]["failure"]["message"]
