import json

import numpy as np
import pytest

from lambdas.clustering import batch
from lambdas.clustering.handler import handle
from sampling_units import errors
from sampling_units.runs import keys
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file, read_table

BUCKETS = {"input_bucket": INPUTS, "output_bucket": OUTPUTS}


ODD_NAMES = ["../up.parquet", "/first.parquet", "a//first.parquet", "./first.parquet", "a\nb.parquet"]

STARTED_AT = "2026-11-23T09:30:00.000000Z"


def batch_event(*names, **more):
    return {"files": [{"filename": name} for name in names], **BUCKETS, **more}


def test_three_fields_give_a_clustered_file(buckets):
    content = cell_file(300, population=np.full(300, 8.0))
    buckets.put_object(Bucket=INPUTS, Key="north/area.parquet", Body=content)
    answer = handle({"filename": "north/area.parquet", **BUCKETS}, None)
    assert (answer["n_files"], answer["n_failed"]) == (1, 0)
    result = answer["results"][0]
    assert result["output"] == "north/clustered_area.parquet"
    assert result["report"]["n_rows"] == 300
    assert result["report"]["weight"] == 2400
    stored = buckets.get_object(Bucket=OUTPUTS, Key=result["output"])
    table = read_table(stored["Body"].read())
    source = read_table(content)
    assert table.select(source.column_names).equals(source)
    assert len(table["cluster_id"].unique()) == result["report"]["n_clusters"]
    frame = buckets.get_object(Bucket=OUTPUTS, Key="frame/north/area.parquet")
    assert read_table(frame["Body"].read())["cluster_id"].to_pylist() == sorted(set(table["cluster_id"].to_pylist()))
    assert stored["Metadata"] == frame["Metadata"] | {"frame-etag": frame["ETag"].strip('"')}
    assert (result["output_etag"], result["frame_etag"]) == (stored["ETag"].strip('"'), frame["ETag"].strip('"'))
    provenance = json.loads(table.schema.metadata[b"kmeans"])
    assert provenance["input_etag"] == stored["Metadata"]["input-etag"]
    assert provenance["parameters_fingerprint"] == stored["Metadata"]["parameters-fingerprint"]


def test_one_bad_file_does_not_harm_its_neighbours(buckets):
    good = {"first.parquet": cell_file(100, 1), "last.parquet": cell_file(100, 2)}
    bad = {
        "text.parquet": b"not a table",
        "column.parquet": cell_file(100, population=np.ones(100)).replace(b"population", b"popXlation"),
        "negative.parquet": cell_file(100, population=np.where(np.arange(100) == 42, -1.5, 1.0)),
        "nan.parquet": cell_file(100, population=np.where(np.arange(100) == 7, np.nan, 1.0)),
    }
    for name, content in (good | bad).items():
        buckets.put_object(Bucket=INPUTS, Key=name, Body=content)
    names = ["first.parquet", *bad, "gone.parquet", "a.csv", *ODD_NAMES, "last.parquet"]
    answer = handle(batch_event(*names, params={"target_weight": 20}), None)
    assert [result["filename"] for result in answer["results"]] == names
    failures = {result["filename"]: result["failure"] for result in answer["results"] if "failure" in result}
    assert answer["n_failed"] == len(failures) == len(names) - 2
    codes = {name: failure["error"] for name, failure in failures.items()}
    assert codes == dict.fromkeys(bad, "InvalidInput") | {
        "gone.parquet": "FileMissing",
        "a.csv": "InvalidInput",
    } | dict.fromkeys(ODD_NAMES, "InvalidInput")
    assert all(ascii(name)[1:-1] in failure["message"] for name, failure in failures.items())
    assert failures["column.parquet"]["column"] == "population"
    assert (failures["negative.parquet"]["row"], failures["negative.parquet"]["value"]) == (42, "-1.5")
    assert (failures["nan.parquet"]["row"], failures["nan.parquet"]["column"]) == (7, "population")
    written = {found["Key"] for found in buckets.list_objects_v2(Bucket=OUTPUTS)["Contents"]}
    assert written == {part + name for part in ("clustered_", "frame/") for name in ("first.parquet", "last.parquet")}


def test_results_of_a_run_are_kept_in_its_folder(buckets):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(50))
    answer = handle(batch_event("a.parquet", "b.parquet", run_id="run-1", started_at=STARTED_AT, batch=3), None)
    assert answer == {"n_files": 2, "n_failed": 1}
    kept = json.loads(buckets.get_object(Bucket=OUTPUTS, Key=keys.result_key("run-1", STARTED_AT, 3))["Body"].read())
    assert [result["filename"] for result in kept["results"]] == ["a.parquet", "b.parquet"]


@pytest.mark.parametrize("field", ["input_bucket", "output_bucket"])
def test_a_missing_bucket_is_an_error_of_each_file(buckets, field):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(50))
    answer = handle({"filename": "a.parquet", **BUCKETS, field: "no-such-bucket"}, None)
    failure = answer["results"][0]["failure"]
    assert failure["error"] == "BucketMissing"
    assert failure["bucket"] == "no-such-bucket"


def test_a_defect_of_ours_is_reported_as_such_and_costs_one_file(buckets, monkeypatch):
    for name in ("a.parquet", "b.parquet"):
        buckets.put_object(Bucket=INPUTS, Key=name, Body=cell_file(50))
    real = batch.cluster_file

    def broken(content, filename, *rest):
        if filename == "a.parquet":
            raise ZeroDivisionError("oops")
        return real(content, filename, *rest)

    monkeypatch.setattr(batch, "cluster_file", broken)
    answer = handle(batch_event("a.parquet", "b.parquet"), None)
    assert [result.get("failure", {}).get("error") for result in answer["results"]] == ["InternalError", None]
    assert "oops" in answer["results"][0]["failure"]["message"]


@pytest.mark.parametrize(("variable", "refused"), [("INPUT_BUCKET", INPUTS), ("OUTPUT_BUCKET", OUTPUTS)])
def test_buckets_of_others_are_refused(buckets, monkeypatch, variable, refused):
    monkeypatch.setenv(variable, "mine")
    with pytest.raises(errors.AccessDenied, match=refused):
        handle({"filename": "a.parquet", **BUCKETS}, None)


def test_one_bucket_for_both_is_refused():
    with pytest.raises(errors.InvalidEvent, match="differ"):
        handle({"filename": "a.parquet", "input_bucket": INPUTS, "output_bucket": INPUTS}, None)


def test_a_name_that_is_no_text_costs_one_file(buckets):
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(50))
    handle(batch_event("\ud800.parquet", "a.parquet", run_id="r", started_at=STARTED_AT, batch=0), None)
    kept = json.loads(buckets.get_object(Bucket=OUTPUTS, Key=keys.result_key("r", STARTED_AT, 0))["Body"].read())
    assert ["failure" in result for result in kept["results"]] == [True, False]


def test_unusual_names_are_read_and_written_as_they_are(buckets):
    names = ["north east/årea #1+2&3.parquet", "100%.parquet", "a*b?.parquet", "{x}[y].parquet"]
    for number, name in enumerate(names):
        buckets.put_object(Bucket=INPUTS, Key=name, Body=cell_file(20 + number))
    answer = handle(batch_event(*names), None)
    assert [result["report"]["n_rows"] for result in answer["results"]] == [20, 21, 22, 23]
    listed = {found["Key"] for found in buckets.list_objects_v2(Bucket=OUTPUTS)["Contents"]}
    assert listed == {result[part] for result in answer["results"] for part in ("output", "frame")}


def test_a_wrong_event_is_refused():
    with pytest.raises(errors.InvalidEvent):
        handle({"filename": "a.parquet"}, None)
