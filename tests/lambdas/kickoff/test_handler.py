import json

import pytest

from lambdas.clustering.handler import handle as cluster
from lambdas.kickoff.handler import handle
from lambdas.summary.handler import handle as summarise
from sampling_units import errors
from sampling_units.aws import s3
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file
from tests.support.runs import run_batches

REQUEST = {"run_id": "run-1", "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": {"target_weight": 50}}


def put(client, *names, content=None):
    for number, name in enumerate(names):
        client.put_object(Bucket=INPUTS, Key=name, Body=content or cell_file(60, seed=number))


def sent(client, plan):
    manifest = json.loads(client.get_object(Bucket=OUTPUTS, Key=plan["manifest_key"])["Body"].read())
    assert len(manifest) == plan["n_batches"]
    return sorted(file["filename"] for batch in manifest for file in batch["files"])


def test_all_parquet_files_under_the_prefix_are_sent(buckets):
    put(buckets, "a.parquet", "north/b.parquet", "north/c.geoparquet")
    put(buckets, "north/notes.txt", "north/", content=b"no table")
    plan = handle(REQUEST, None)
    assert plan["n_found"] == plan["n_files"] == 3
    assert plan["n_done"] == 0
    assert plan["n_bytes"] > 0
    assert plan["params"]["target_weight"] == 50
    assert sent(buckets, plan) == ["a.parquet", "north/b.parquet", "north/c.geoparquet"]
    assert sent(buckets, handle(REQUEST | {"prefix": "north/"}, None)) == ["north/b.parquet", "north/c.geoparquet"]


@pytest.mark.slow
def test_listing_goes_on_after_a_thousand_objects(buckets):
    put(buckets, *(f"{number:04}.parquet" for number in range(1005)), content=b"x")
    plan = handle(REQUEST, None)
    assert plan["n_files"] == 1005
    assert len(sent(buckets, plan)) == 1005


def test_a_number_of_files_can_be_asked_for(buckets):
    put(buckets, "a.parquet", "b.parquet", "c.parquet")
    plan = handle(REQUEST | {"n_files": 2}, None)
    assert (plan["n_found"], plan["n_files"]) == (3, 2)
    assert sent(buckets, plan) == ["a.parquet", "b.parquet"]


def test_any_number_of_files_can_be_asked_for(buckets):
    put(buckets, "a.parquet")
    assert handle(REQUEST | {"n_files": 10**400}, None)["n_files"] == 1


@pytest.mark.parametrize("prefix", ["", "north/", "north/a", "nor"])
def test_finished_files_are_skipped(buckets, prefix):
    put(buckets, "north/a.parquet", "north/ab.parquet", "north.parquet")
    request = REQUEST | {"prefix": prefix}
    expected = sent(buckets, handle(request, None))
    for name in expected[:1]:
        cluster({"filename": name} | {k: v for k, v in REQUEST.items() if k != "run_id"}, None)
    plan = handle(request, None)
    assert plan["n_done"] == 1
    assert sent(buckets, plan) == expected[1:]
    assert sent(buckets, handle(request | {"force": True}, None)) == expected


def known(client, plan):
    return json.loads(client.get_object(Bucket=OUTPUTS, Key=f"runs/{plan['run_id']}/known.json")["Body"].read())


REFUSED = ["a\tb.parquet", "frame/c.parquet", "north//d.parquet", f"{'e' * 1010}.parquet"]


def test_names_that_cannot_be_those_of_files_are_not_sent_and_accounted_for(buckets):
    put(buckets, "a.parquet", *REFUSED)
    plan = handle(REQUEST, None)
    assert (plan["n_found"], plan["n_files"], plan["n_unchanged"], plan["n_refused"]) == (5, 1, 0, 4)
    assert sent(buckets, plan) == ["a.parquet"]
    assert [result["filename"] for result in known(buckets, plan)["failed"]] == sorted(REFUSED)
    run_batches(buckets, plan)
    answer = summarise(plan, None)
    assert answer["n_found"] == answer["n_done"] + answer["n_succeeded"] + answer["n_failed"] == 5
    failures = {failure["filename"]: failure["failure"]["error"] for failure in answer["failures"]}
    assert failures == dict.fromkeys(REFUSED, "InvalidInput")
    # They take the places that they have in the order of the keys.
    few = handle(REQUEST | {"run_id": "run-2", "n_files": 2, "force": True}, None)
    assert (few["n_files"], few["n_refused"]) == (1, 1)


def test_a_retry_refuses_the_same_names_also_when_they_are_gone(buckets):
    put(buckets, *REFUSED)
    handle(REQUEST, None)
    buckets.delete_object(Bucket=INPUTS, Key=REFUSED[0])
    retry = handle(REQUEST | {"run_id": "run-2", "retry_of": "run-1"}, None)
    assert (retry["n_found"], retry["n_refused"], retry["n_batches"]) == (4, 4, 0)
    assert summarise(retry, None)["n_failed"] == 4


@pytest.mark.parametrize("field", ["run_id", "retry_of"])
def test_a_run_is_not_called_like_an_output(buckets, field):
    with pytest.raises(errors.InvalidEvent, match=f"`{field}` must not contain `clustered_`"):
        handle(REQUEST | {field: "my_clustered_run"}, None)
    assert list(s3.list_objects(OUTPUTS, "")) == []


def test_other_parameters_or_a_changed_input_are_not_finished(buckets):
    put(buckets, "a.parquet", "b.parquet")
    for name in ("a.parquet", "b.parquet"):
        cluster({"filename": name} | {k: v for k, v in REQUEST.items() if k != "run_id"}, None)
    assert handle(REQUEST, None)["n_files"] == 0
    put(buckets, "b.parquet", content=cell_file(60, seed=99))
    assert sent(buckets, handle(REQUEST, None)) == ["b.parquet"]
    other = REQUEST | {"params": {"target_weight": 51}}
    assert sent(buckets, handle(other, None)) == ["a.parquet", "b.parquet"]


def test_a_frame_that_is_gone_or_of_another_run_makes_the_file_unfinished(buckets):
    put(buckets, "a.parquet", "b.parquet", "c.parquet")
    run_batches(buckets, handle(REQUEST, None))
    assert handle(REQUEST, None)["n_files"] == 0
    buckets.delete_object(Bucket=OUTPUTS, Key="frame/a.parquet")
    # Two runs at once may leave the frame of one beside the clustered file of the other.
    frame = buckets.get_object(Bucket=OUTPUTS, Key="frame/b.parquet")
    other = frame["Body"].read() + b"\0"
    buckets.put_object(Bucket=OUTPUTS, Key="frame/b.parquet", Body=other, Metadata=frame["Metadata"])
    assert sent(buckets, handle(REQUEST, None)) == ["a.parquet", "b.parquet"]
    buckets.delete_object(Bucket=OUTPUTS, Key="clustered_c.parquet")
    assert sent(buckets, handle(REQUEST, None)) == ["a.parquet", "b.parquet", "c.parquet"]


def test_a_foreign_object_in_place_of_an_output_does_not_count(buckets):
    put(buckets, "a.parquet")
    buckets.put_object(Bucket=OUTPUTS, Key="clustered_a.parquet", Body=b"whatever")
    assert handle(REQUEST, None)["n_files"] == 1


@pytest.mark.parametrize(("tolerance", "expected"), [(10, 50.0), (70, 70.0)])
def test_a_few_crashed_batches_never_stop_the_others(buckets, monkeypatch, tolerance, expected):
    monkeypatch.setattr("sampling_units.runs.batch_size.MIN_BYTES_PER_BATCH", 1)
    put(buckets, *(f"{number}.parquet" for number in range(4)))
    plan = handle(REQUEST | {"tolerated_failure_percentage": tolerance}, None)
    assert (plan["n_batches"], plan["tolerated_batch_percentage"]) == (4, expected)


def test_nothing_to_do_is_an_empty_manifest(buckets):
    plan = handle(REQUEST, None)
    assert (plan["n_found"], plan["n_batches"]) == (0, 0)
    assert sent(buckets, plan) == []


@pytest.mark.parametrize("field", ["input_bucket", "output_bucket"])
def test_a_missing_bucket_is_named(buckets, field):
    with pytest.raises(errors.BucketMissing, match="no-such-bucket"):
        handle(REQUEST | {field: "no-such-bucket"}, None)


def test_buckets_default_to_the_deployments_own_and_others_are_refused(buckets, monkeypatch):
    monkeypatch.setenv("INPUT_BUCKET", INPUTS)
    monkeypatch.setenv("OUTPUT_BUCKET", OUTPUTS)
    put(buckets, "a.parquet")
    assert handle({"run_id": "r"}, None)["n_files"] == 1
    with pytest.raises(errors.AccessDenied, match="elsewhere"):
        handle({"run_id": "r", "input_bucket": "elsewhere"}, None)


def test_without_any_bucket_the_request_is_refused():
    with pytest.raises(errors.InvalidEvent, match="input_bucket"):
        handle({"run_id": "r"}, None)


def test_a_retry_is_for_files_that_failed_or_have_no_result(buckets, monkeypatch):
    monkeypatch.setattr("sampling_units.runs.batch_size.MIN_BYTES_PER_BATCH", 1)
    put(buckets, "north/a.parquet", "north/b.parquet", "south/c.parquet", "south/d.parquet")
    put(buckets, "north/bad.parquet", "south/worse.parquet", content=b"bad")
    plan = handle(REQUEST, None)
    manifest = json.loads(buckets.get_object(Bucket=OUTPUTS, Key=plan["manifest_key"])["Body"].read())
    crashed = {file["filename"] for file in manifest[0]["files"]}
    run_batches(buckets, plan, leave_out=[0])
    put(buckets, "south/new.parquet")
    # What failed for its content would only fail again.
    retry = handle(REQUEST | {"run_id": "run-2", "retry_of": "run-1"}, None)
    assert set(sent(buckets, retry)) == crashed
    assert retry["retry_of"] == "run-1"
    assert (retry["n_found"], retry["n_unchanged"]) == (
        6,
        2 - len(crashed & {"north/bad.parquet", "south/worse.parquet"}),
    )
    assert retry["n_done"] == 6 - retry["n_unchanged"] - retry["n_files"]
    put(buckets, "north/bad.parquet")
    repaired = handle(REQUEST | {"run_id": "run-3", "retry_of": "run-1"}, None)
    assert set(sent(buckets, repaired)) == crashed | {"north/bad.parquet"}
    southern = handle(REQUEST | {"run_id": "run-4", "retry_of": "run-1", "prefix": "south/"}, None)
    assert set(sent(buckets, southern)) == {name for name in crashed if name.startswith("south/")}
    # A retry can be retried, and what it has done is done.
    run_batches(buckets, repaired)
    put(buckets, "south/worse.parquet")
    again = handle(REQUEST | {"run_id": "run-5", "retry_of": "run-3"}, None)
    assert sent(buckets, again) == ["south/worse.parquet"]
    assert (again["n_found"], again["n_done"]) == (6, 5)
    forced = handle(REQUEST | {"run_id": "run-6", "retry_of": "run-1", "force": True}, None)
    assert set(sent(buckets, forced)) == crashed | {"north/bad.parquet", "south/worse.parquet"}
    # What was done is looked at again, and is not done any more when somebody removed it.
    (removed, *_) = known(buckets, forced)["done"]
    buckets.delete_object(Bucket=OUTPUTS, Key=f"frame/{removed}")
    forced = handle(REQUEST | {"run_id": "run-7", "retry_of": "run-1", "force": True}, None)
    assert set(sent(buckets, forced)) == crashed | {"north/bad.parquet", "south/worse.parquet", removed}


def test_a_retry_of_a_file_that_is_gone_says_so_through_the_clustering_function(buckets):
    put(buckets, "a.parquet")
    put(buckets, "bad.parquet", content=b"bad")
    plan = handle(REQUEST, None)
    run_batches(buckets, plan)
    buckets.delete_object(Bucket=INPUTS, Key="bad.parquet")
    retry = handle(REQUEST | {"run_id": "run-2", "retry_of": "run-1"}, None)
    assert sent(buckets, retry) == ["bad.parquet"]
    run_batches(buckets, retry)
    (found,) = s3.list_objects(OUTPUTS, "runs/run-2/results/")
    result = json.loads(s3.read(OUTPUTS, found.key))
    assert result["results"][0]["failure"]["error"] == "FileMissing"


def test_a_retry_of_a_run_without_failures_has_nothing_to_do(buckets):
    put(buckets, "a.parquet")
    run_batches(buckets, handle(REQUEST, None))
    retry = handle(REQUEST | {"run_id": "run-2", "retry_of": "run-1"}, None)
    assert (retry["n_found"], retry["n_done"], retry["n_batches"]) == (1, 1, 0)


@pytest.mark.parametrize(
    ("run", "message"), [("nobody", "there is no run nobody"), ("run-1", "another run"), ("a b", "letters")]
)
def test_a_retry_of_no_run_is_refused(buckets, run, message):
    with pytest.raises(errors.InvalidEvent, match=message):
        handle(REQUEST | {"retry_of": run}, None)


def test_outputs_below_frames_and_runs_are_not_even_listed(buckets, monkeypatch):
    put(buckets, "a.parquet", "north/b.parquet", "z.parquet")
    for name in ("a.parquet", "north/b.parquet", "z.parquet"):
        cluster({"filename": name} | {k: v for k, v in REQUEST.items() if k != "run_id"}, None)
    for number in range(30):
        buckets.put_object(Bucket=OUTPUTS, Key=f"runs/old/results/{number:06}.json", Body=b"{}")
    listed = [found.key for found in s3.list_objects(OUTPUTS, "", skip=("frame/", "runs/"))]
    assert listed == [
        "clustered_a.parquet",
        "clustered_z.parquet",
        "north/clustered_b.parquet",
    ]
    assert handle(REQUEST, None)["n_done"] == 3
