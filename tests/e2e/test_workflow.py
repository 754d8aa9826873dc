"""The real state machine with the real handlers, from a file in a bucket to clusters in a bucket."""

import itertools
import json

import pytest

from sampling_units.cli.aws.execution import Execution
from sampling_units.cli.cluster.local_run import run as run_locally
from sampling_units.parameters import parse_parameters
from tests.support.geoparquet_files import cell_file

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("emulator")]
names = (f"test-{number}" for number in itertools.count())
PARAMS = {"target_weight": 40}


@pytest.fixture
def s3(emulator, deployment):
    client = emulator.client("s3")
    yield client
    for bucket in (deployment.input_bucket, deployment.output_bucket):
        for found in client.list_objects_v2(Bucket=bucket).get("Contents", []):
            client.delete_object(Bucket=bucket, Key=found["Key"])


@pytest.fixture
def start(emulator, deployment):
    """Start a run, follow it to its end; returns its description and output."""

    def run(**request):
        client = emulator.client("stepfunctions")
        request = {"max_concurrency": 2, "params": PARAMS} | request
        execution = Execution.start(client, deployment.state_machine_arn, next(names), request)
        *_, last = execution.progress()
        described = execution.describe()
        return described | {"batches": last, "summary": json.loads(described.get("output", "null"))}

    return run


def upload(s3, deployment, files):
    for name, content in files.items():
        s3.put_object(Bucket=deployment.input_bucket, Key=name, Body=content)


def outputs(s3, deployment):
    listed = s3.list_objects_v2(Bucket=deployment.output_bucket).get("Contents", [])
    return {
        found["Key"]: s3.get_object(Bucket=deployment.output_bucket, Key=found["Key"])["Body"].read()
        for found in listed
        if "clustered_" in found["Key"]
    }


def test_files_in_a_bucket_become_clusters_in_a_bucket_and_are_not_done_twice(s3, deployment, start, tmp_path):
    files = {f"{number}.parquet": cell_file(200, seed=number) for number in range(5)}
    upload(s3, deployment, files)
    first = start()
    assert first["status"] == "SUCCEEDED", first
    assert (first["summary"]["n_succeeded"], first["summary"]["n_rows"]) == (5, 1000)
    assert first["batches"][0] == first["batches"][1] > 0

    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    run_locally([tmp_path], tmp_path / "out", parse_parameters(PARAMS), jobs=1, force=False)
    local = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.parquet")}
    assert outputs(s3, deployment) == local

    second = start()
    assert second["status"] == "SUCCEEDED"
    assert (second["summary"]["n_done"], second["summary"]["n_files"]) == (5, 0)
    assert start(force=True)["summary"]["n_files"] == 5
    assert start(params={"target_weight": 41}, n_files=2)["summary"]["n_files"] == 2


def test_a_bad_file_is_reported_and_the_tolerance_decides(s3, deployment, start):
    upload(s3, deployment, {f"{number}.parquet": cell_file(100, seed=number) for number in range(3)})
    upload(s3, deployment, {"bad.parquet": b"bad"})
    tolerant = start(tolerated_failure_percentage=25)
    assert tolerant["status"] == "SUCCEEDED"
    assert tolerant["summary"]["failures"][0]["failure"]["error"] == "InvalidInput"
    assert len(outputs(s3, deployment)) == 3
    strict = start(tolerated_failure_percentage=0)
    assert (strict["status"], strict["error"]) == ("FAILED", "ToleratedFailuresExceeded")


@pytest.mark.parametrize(
    "request_",
    [{"params": {"target_weight": -1}}, {"input_bucket": "not-mine"}, {"max_concurrency": 0}, {"typo": 1}],
)
def test_a_wrong_request_fails_before_anything_runs(s3, deployment, start, request_):
    upload(s3, deployment, {"a.parquet": cell_file(50)})
    assert start(**request_)["status"] == "FAILED"
    assert outputs(s3, deployment) == {}
