import gzip
import io
import json
import threading
import weakref

import geopandas
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from lambdas.kickoff.handler import handle as kick_off
from lambdas.summary import frame_stream
from lambdas.summary.handler import handle
from lambdas.summary.inventory import Inventory
from sampling_units import errors
from sampling_units.aws import s3
from sampling_units.aws.run_folder import read_known, read_plan
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file
from tests.support.runs import run_batches

REQUEST = {"run_id": "run-1", "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": {"target_weight": 20}}


def content(client, key):
    return client.get_object(Bucket=OUTPUTS, Key=key)["Body"].read()


def file_lines(client, summary):
    return [json.loads(line) for line in gzip.decompress(content(client, summary["files_key"])).splitlines()]


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
    files = file_lines(buckets, summary)
    assert sorted(file["filename"] for file in files) == [*(f"{n}.parquet" for n in range(4)), "bad.parquet"]
    assert [file["filename"] for file in summary["failures"]] == ["bad.parquet"]
    assert summary["n_clusters"] == sum(file["report"]["n_clusters"] for file in files if "report" in file)
    assert 0 < summary["duration_seconds"] < 600
    assert 0 < summary["dollars"] < 0.01
    page = buckets.get_object(Bucket=OUTPUTS, Key="runs/run-1/report.html")
    assert page["ContentType"] == "text/html; charset=utf-8"
    text = page["Body"].read().decode()
    assert "run-1" in text
    assert "bad.parquet" in text
    assert summary["params"]["target_weight"] == 20


def test_the_end_of_a_run_is_logged_with_the_counts_that_alarms_are_made_of(buckets, caplog):
    buckets.put_object(Bucket=INPUTS, Key="good.parquet", Body=cell_file(80))
    buckets.put_object(Bucket=INPUTS, Key="bad.parquet", Body=b"bad")
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    handle(plan, None)
    (record,) = (record for record in caplog.records if record.message == "run finished")
    assert (record.run, record.n_succeeded, record.n_failed) == ("run-1", 1, 1)


def test_a_batch_that_never_returned_is_reported_file_by_file(buckets, monkeypatch):
    monkeypatch.setattr("sampling_units.runs.batch_size.MIN_BYTES_PER_BATCH", 1)
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


def test_results_of_an_earlier_run_of_the_same_name_do_not_count(buckets):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(80))
    run_batches(buckets, kick_off(REQUEST, None))
    other = kick_off(REQUEST | {"params": {"target_weight": 21}}, None)
    assert (other["n_files"], handle(other, None)["n_failed"]) == (1, 1)
    buckets.put_object(Bucket=INPUTS, Key="b.parquet", Body=cell_file(80, seed=1))
    buckets.delete_object(Bucket=INPUTS, Key="a.parquet")
    again = kick_off(REQUEST, None)
    assert (again["n_files"], handle(again, None)["n_failed"]) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"results": 3}', b'{"results": []}'])
def test_an_unreadable_result_is_a_missing_one(buckets, content):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(80))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    (found,) = s3.list_objects(OUTPUTS, "runs/run-1/results/")
    buckets.put_object(Bucket=OUTPUTS, Key=found.key, Body=content)
    assert handle(plan, None)["failures"][0]["failure"]["error"] == "NoResult"


def test_the_answer_carries_a_bounded_number_of_failures(buckets):
    for number in range(30):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=b"bad")
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    answer = handle(plan, None)
    assert (answer["n_failed"], len(answer["failures"])) == (30, 20)
    summary = json.loads(buckets.get_object(Bucket=OUTPUTS, Key=answer["summary_key"])["Body"].read())
    assert len(summary["failures"]) == 30


@pytest.mark.parametrize(("tolerance", "expected"), [(24.9, False), (25, True)])
def test_the_verdict_follows_the_share_of_failed_files(buckets, tolerance, expected):
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    buckets.put_object(Bucket=INPUTS, Key="bad.parquet", Body=b"bad")
    plan = kick_off(REQUEST | {"tolerated_failure_percentage": tolerance}, None)
    run_batches(buckets, plan)
    assert handle(plan, None)["within_tolerance"] is expected


def test_an_empty_run_is_within_tolerance(buckets):
    answer = handle(kick_off(REQUEST, None), None)
    assert (answer["n_files"], answer["within_tolerance"]) == (0, True)


def test_a_run_without_manifest_is_an_error(buckets):
    plan = kick_off(REQUEST, None)
    buckets.delete_object(Bucket=OUTPUTS, Key=plan["manifest_key"])
    with pytest.raises(errors.FileMissing, match="manifest"):
        handle(plan, None)


def joined(client, answer):
    return [pq.read_table(io.BytesIO(content(client, key))) for key in answer["joined_frame_keys"]]


def test_the_frames_of_all_files_are_one_also_of_those_done_before(buckets):
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"north/{number}.parquet", Body=cell_file(80, seed=number))
    first = kick_off(REQUEST | {"n_files": 2}, None)
    run_batches(buckets, first)
    plan = kick_off(REQUEST | {"run_id": "run-2"}, None)
    assert (plan["n_done"], plan["n_files"]) == (2, 1)
    run_batches(buckets, plan)
    answer = handle(plan, None)
    assert (answer["n_files"], answer["n_joined_frames"]) == (1, 3)
    (part,) = joined(buckets, answer)
    names = [f"north/{number}.parquet" for number in range(3)]
    assert pc.unique(part["filename"]).to_pylist() == names
    for name in names:
        own = pq.read_table(io.BytesIO(content(buckets, f"frame/{name}")))
        theirs = part.filter(pc.equal(part["filename"], name))
        for column in ("cluster_id", "cluster_weight", "cluster_status", "n_points", "area_m2", "radius_m", "pieces"):
            assert theirs[column].to_pylist() == own[column].to_pylist()
    frame = geopandas.read_parquet(io.BytesIO(content(buckets, answer["joined_frame_keys"][0])))
    assert frame.crs.equals("OGC:CRS84")
    assert frame.geometry.is_valid.all()
    # What reads the schema, and what reads the file's own metadata.
    in_file = pq.read_metadata(io.BytesIO(content(buckets, answer["joined_frame_keys"][0]))).metadata
    for metadata in (part.schema.metadata, in_file):
        assert json.loads(metadata[b"geo"])["primary_column"] == "geometry"
        assert json.loads(metadata[b"kmeans"])["run"] == "run-2"


def test_a_large_frame_comes_in_parts(buckets, monkeypatch):
    monkeypatch.setattr("sampling_units.frame.joined.ROW_GROUP_ROWS", 6)
    monkeypatch.setattr("sampling_units.frame.joined._ROWS_PER_PART", 10)
    for number in range(6):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    answer = handle(plan, None)
    parts = joined(buckets, answer)
    assert len(parts) > 1
    assert all(part.num_rows <= 10 for part in parts)
    assert sum(part.num_rows for part in parts) == answer["n_clusters"]


@pytest.mark.parametrize("rows_at_a_time", [1, 131_072])
def test_groups_of_different_types_are_joined_too(buckets, monkeypatch, rows_at_a_time):
    request = REQUEST | {"params": {"target_weight": 20, "group_by": ["code"]}}
    monkeypatch.setattr("sampling_units.frame.joined.ROW_GROUP_ROWS", rows_at_a_time)
    for number, code in enumerate(["three", 3, 2**60, 4.5]):
        body = cell_file(80, seed=number, code=[code] * 80)
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=body)
    plan = kick_off(request, None)
    run_batches(buckets, plan)
    answer = handle(plan, None)
    assert answer["n_failed"] == 0
    (part,) = joined(buckets, answer)
    assert pc.unique(part["code"]).to_pylist() == ["three", "3", str(2**60), "4.5"]


@pytest.mark.parametrize("output", ["frame/0.parquet", "clustered_0.parquet"])
def test_an_output_that_somebody_removed_is_a_failure_and_done_again(buckets, output):
    for number in range(2):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    buckets.delete_object(Bucket=OUTPUTS, Key=output)
    answer = handle(plan, None)
    assert (answer["n_succeeded"], answer["n_joined_frames"]) == (1, 1)
    (failed,) = answer["failures"]
    assert (failed["filename"], failed["failure"]["error"]) == ("0.parquet", "OutputReplaced")
    assert output in failed["failure"]["message"]
    assert kick_off(REQUEST | {"run_id": "run-2"}, None)["n_files"] == 1


def test_a_retry_accounts_for_the_whole_run(buckets):
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    for name in ("bad.parquet", "worse.parquet"):
        buckets.put_object(Bucket=INPUTS, Key=name, Body=b"bad")
    first = kick_off(REQUEST | {"tolerated_failure_percentage": 20}, None)
    run_batches(buckets, first)
    assert handle(first, None)["within_tolerance"] is False
    buckets.put_object(Bucket=INPUTS, Key="bad.parquet", Body=cell_file(80, seed=9))
    retry = kick_off(REQUEST | {"run_id": "run-2", "retry_of": "run-1", "tolerated_failure_percentage": 20}, None)
    run_batches(buckets, retry)
    answer = handle(retry, None)
    assert (answer["n_found"], answer["n_done"], answer["n_files"], answer["n_succeeded"]) == (5, 3, 2, 1)
    assert [failed["filename"] for failed in answer["failures"]] == ["worse.parquet"]
    assert answer["n_joined_frames"] == 4
    # One of five, not one of the two that were left.
    assert answer["within_tolerance"] is True


def test_outputs_that_another_run_replaced_are_not_passed_off_as_those_of_this_run(buckets):
    for number in range(2):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    other = kick_off(REQUEST | {"run_id": "run-2", "params": {"target_weight": 40}, "n_files": 1}, None)
    run_batches(buckets, other)
    answer = handle(plan, None)
    assert (answer["n_succeeded"], answer["n_joined_frames"]) == (1, 1)
    assert [failed["failure"]["error"] for failed in answer["failures"]] == ["OutputReplaced"]
    # A retry does again what is not there any more.
    assert kick_off(REQUEST | {"run_id": "run-3", "retry_of": "run-1"}, None)["n_files"] == 1


def test_the_verdict_stands_when_the_report_cannot_be_made(buckets, monkeypatch):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(80))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)

    def fail(*_):
        raise MemoryError("too much")

    monkeypatch.setattr("sampling_units.report.ReportBuilder.finish", fail)
    answer = handle(plan, None)
    assert (answer["within_tolerance"], answer["report_error"]) == (True, "MemoryError: too much")
    assert json.loads(content(buckets, answer["summary_key"]))["report_error"] == "MemoryError: too much"


def test_too_many_files_are_counted_but_neither_joined_nor_drawn(buckets, monkeypatch):
    monkeypatch.setattr("lambdas.summary.join.MOST_JOINED_FRAMES", 1)
    for number in range(2):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    answer = handle(plan, None)
    assert (answer["n_succeeded"], answer["n_joined_frames"], answer["joined_frame_keys"]) == (2, 0, ())
    assert "more than 1 files" in answer["report_error"]
    assert (
        "The clusters are not shown: there are more than 1 files."
        in content(buckets, "runs/run-1/report.html").decode()
    )


@pytest.mark.parametrize("by", ["a rival", "somebody's deletion of its frame"])
def test_outputs_that_kickoff_found_up_to_date_are_looked_at_once_more(buckets, by):
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    run_batches(buckets, kick_off(REQUEST, None))
    buckets.put_object(Bucket=INPUTS, Key="3.parquet", Body=cell_file(80, seed=3))
    plan = kick_off(REQUEST | {"run_id": "run-2"}, None)
    assert (plan["n_done"], plan["n_files"]) == (3, 1)
    run_batches(buckets, plan)
    if by == "a rival":
        rival = REQUEST | {"run_id": "rival", "params": {"target_weight": 40}, "n_files": 1}
        run_batches(buckets, kick_off(rival, None))
    else:
        buckets.delete_object(Bucket=OUTPUTS, Key="frame/0.parquet")
    answer = handle(plan, None)
    assert (answer["n_found"], answer["n_done"], answer["n_succeeded"], answer["n_failed"]) == (4, 2, 1, 1)
    (failed,) = answer["failures"]
    assert (failed["filename"], failed["failure"]["error"]) == ("0.parquet", "OutputReplaced")
    assert answer["n_joined_frames"] == 3
    # One of four.
    assert handle(plan | {"tolerated_failure_percentage": 24}, None)["within_tolerance"] is False
    assert handle(plan | {"tolerated_failure_percentage": 25}, None)["within_tolerance"] is True
    assert sorted(line["filename"] for line in file_lines(buckets, answer)) == ["0.parquet", "3.parquet"]
    assert kick_off(REQUEST | {"run_id": "run-3", "retry_of": "run-2"}, None)["n_files"] == 1


def test_what_an_earlier_version_knew_of_files_is_refused(buckets):
    kick_off(REQUEST, None)
    buckets.put_object(Bucket=OUTPUTS, Key="runs/run-1/known.json", Body=b'{"done": [], "failed": []}')
    with pytest.raises(errors.InvalidParameters, match=r"known\.json is of another version of this program"):
        read_known(read_plan(OUTPUTS, "run-1"))


def test_only_notes_that_are_there_are_read_and_many_at_a_time(buckets, monkeypatch):
    monkeypatch.setattr("sampling_units.runs.batch_size.MIN_BYTES_PER_BATCH", 1)
    names = [f"{number}.parquet" for number in range(4)]
    for number, name in enumerate(names):
        buckets.put_object(Bucket=INPUTS, Key=name, Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    folder = f"runs/run-1/results/{plan['started_at'].replace(':', '')}"
    for batch in range(4):
        result = content(buckets, f"{folder}/{batch:06d}.json")
        buckets.delete_object(Bucket=OUTPUTS, Key=f"{folder}/{batch:06d}.json")
        if batch < 2:
            key = f"{folder.replace('results', 'progress')}/{batch:06d}.json"
            buckets.put_object(Bucket=OUTPUTS, Key=key, Body=result)
    read, together, asked = s3.read, threading.Barrier(2, timeout=10), []

    def read_together(bucket, key):
        if "/progress/" in key:
            asked.append(key)
            together.wait()
        return read(bucket, key)

    monkeypatch.setattr(s3, "read", read_together)
    answer = handle(plan, None)
    assert len(asked) == 2
    assert (answer["n_succeeded"], answer["n_failed"]) == (2, 2)


def test_every_output_is_listed_once(buckets, monkeypatch):
    names = [f"{folder}/{number}.parquet" for folder in ("a", "z") for number in range(2)]
    keys_there = {key for name in names for key in (name, f"frame/{name}")}
    for key in (*keys_there, "runs/run-1/plan.json"):
        buckets.put_object(Bucket=OUTPUTS, Key=key, Body=b"")
    list_objects, listed = s3.list_objects, []

    def noted(*arguments, **options):
        for found in list_objects(*arguments, **options):
            listed.append(found.key)
            yield found

    monkeypatch.setattr(s3, "list_objects", noted)
    Inventory.of(OUTPUTS, "")
    assert sorted(listed) == sorted(keys_there)


def test_large_frames_are_read_one_at_a_time_and_in_their_order(buckets, monkeypatch):
    names = [f"{number}.parquet" for number in range(6)]
    for number, name in enumerate(names):
        # The two in the middle are large.
        buckets.put_object(Bucket=INPUTS, Key=name, Body=cell_file(2000 if number in (2, 3) else 80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    sizes = [found.size for found in s3.list_objects(OUTPUTS, "frame/")]
    monkeypatch.setattr("lambdas.summary.inventory.SMALL_FRAME_BYTES", max(sizes[:2] + sizes[4:]))
    large = Inventory.of(OUTPUTS, "").large_frames
    assert large == {"frame/2.parquet", "frame/3.parquet"}
    real, asked, came = frame_stream.Bucket.read, [], {}

    def noted(bucket, key):
        asked.append(key)
        return real(bucket, key)

    monkeypatch.setattr(frame_stream.Bucket, "read", noted)
    for name, _ in frame_stream.read_frames(OUTPUTS, names, large, plan["fingerprint"]):
        came[name] = len(asked)
    assert list(came) == names
    # When a large one comes, none after it has been asked for.
    assert (came["2.parquet"], came["3.parquet"]) == (3, 4)
    (part,) = joined(buckets, handle(plan, None))
    assert pc.unique(part["filename"]).to_pylist() == names


def test_a_frame_is_let_go_before_the_next_one_is_decoded(buckets, monkeypatch):
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    read, decoded = frame_stream.read_frame, []

    def read_after_the_others(*arguments):
        assert [frame() for frame in decoded] == [None] * len(decoded)
        frame = read(*arguments)
        decoded.append(weakref.ref(frame))
        return frame

    monkeypatch.setattr(frame_stream, "read_frame", read_after_the_others)
    assert handle(plan, None)["report_error"] is None
    assert len(decoded) == 3
