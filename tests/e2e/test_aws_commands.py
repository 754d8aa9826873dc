"""``kmeans aws`` against the deployed stack."""

import json
import os
import subprocess
import sys

import pytest

from sampling_units.cli.aws.deployment import find_deployment
from sampling_units.cli.aws.execution import Execution
from sampling_units.cli.aws.start import start_run
from sampling_units.runs.cost import estimate_cost
from tests.e2e.test_workflow import PARAMS, s3, start, upload  # noqa: F401 (fixtures)
from tests.support.geoparquet_files import cell_file
from tests.support.project import PROJECT

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.xdist_group("emulator")]


@pytest.fixture
def command(emulator, deployment):
    def run(*words):
        line = [sys.executable, "-m", "sampling_units", "aws", words[0], "--endpoint-url", emulator.endpoint]
        environment = os.environ | {"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"}
        return subprocess.run(
            [*line, *words[1:]], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture
def plan(command):
    return lambda *options: command("plan", *options)


def as_json(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def counts(plan, *options):
    found = as_json(plan("--params", json.dumps(PARAMS), "--json", *options))
    return tuple(found[name] for name in ("n_found", "n_done", "n_stale", "n_files"))


def test_a_plan_tells_what_a_run_would_do(s3, deployment, start, plan):  # noqa: F811
    files = {f"{number}.parquet": cell_file(200, seed=number) for number in range(4)}
    upload(s3, deployment, files)
    assert counts(plan) == (4, 0, 0, 4)
    assert counts(plan, "--n-files", "3") == (4, 0, 0, 3)
    assert counts(plan, "--prefix", "2") == (1, 0, 0, 1)
    assert start()["status"] == "SUCCEEDED"
    assert counts(plan) == (4, 4, 0, 0)
    upload(s3, deployment, {"1.parquet": cell_file(200, seed=99), "new.parquet": cell_file(50)})
    assert counts(plan) == (5, 3, 1, 2)
    assert counts(plan, "--params", '{"target_weight": 41}') == (5, 0, 4, 5)
    assert counts(plan, "--force") == (5, 0, 0, 5)
    printed = plan("--force").stdout
    assert "to do" in printed
    assert "Nothing was started" in printed


def test_a_plan_costs_what_the_cost_model_says(s3, deployment, plan, tmp_path):  # noqa: F811
    upload(s3, deployment, {f"{number}.parquet": cell_file(300, seed=number) for number in range(3)})
    (tmp_path / "params.json").write_text('{"target_weight": 60}')
    found = as_json(plan("--json", "--max-concurrency", "2", "--params", f"@{tmp_path / 'params.json'}"))
    estimate = estimate_cost(3, n_bytes=found["n_bytes"], max_concurrency=2)
    assert found["n_bytes"] > 0
    assert found["estimate"]["total_dollars"] == pytest.approx(estimate.total_dollars)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--stack", "Nowhere"], 2, "there is no stack Nowhere"),
        (["--params", "{"], 2, "is no JSON object"),
        (["--params", "@missing.json"], 2, "missing.json cannot be read"),
        (["--params", '{"target_weight": -1}'], 2, "target_weight"),
        (["--endpoint-url", "http://127.0.0.1:9"], 1, "StorageUnavailable: stack SamplingUnits-dev: "),
    ],
)
def test_what_cannot_be_planned_says_why(plan, options, status, message):
    done = plan(*options)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_bucket_says_so(s3, deployment, plan):  # noqa: F811
    assert f"There is no .parquet or .geoparquet file in s3://{deployment.input_bucket}" in plan().stderr


def test_a_slip_in_the_prefix_starts_nothing(s3, deployment, command):  # noqa: F811
    upload(s3, deployment, {"1.parquet": cell_file(200)})
    done = command("start", "--prefix", "nosuch/")
    assert done.returncode == 2
    assert f"there is no .parquet or .geoparquet file in s3://{deployment.input_bucket}/nosuch/" in done.stderr


def test_without_credentials_it_says_what_to_do(command, monkeypatch):
    done = command("list", "--profile", "nobody")
    assert done.returncode == 1
    assert "AccessDenied: stack SamplingUnits-dev: The config profile (nobody) could not be found" in done.stderr
    assert "choose --profile" in done.stderr


def test_a_run_is_started_and_watched(s3, deployment, command):  # noqa: F811
    upload(s3, deployment, {f"{number}.parquet": cell_file(200, seed=number) for number in range(3)})
    upload(s3, deployment, {"bad.parquet": b"bad"})
    options = ["--params", json.dumps(PARAMS), "--tolerated-failure-percentage", "30"]
    started = as_json(command("start", "--name", "watched", *options, "--json"))
    assert (started["run"], started["stack"], started["started"]) == ("watched", "SamplingUnits-dev", True)
    assert (started["n_found"], started["n_done"], started["n_files"]) == (4, 0, 4)
    done = command("watch", "watched")
    assert done.returncode == 3, done.stderr
    assert "3 files clustered, 0 were up to date, 1 failed" in done.stdout
    assert "InvalidInput: 1 file\n  bad.parquet" in done.stderr
    assert "kmeans aws retry watched" in done.stderr
    assert len(s3.list_objects_v2(Bucket=deployment.output_bucket, Prefix="clustered_")["Contents"]) == 3
    # Again from anywhere; the answer is the same.
    assert json.loads(command("watch", "watched", "--json").stdout)["summary"]["n_failed"] == 1
    taken = command("start", "--name", "watched", "--prefix", "1")
    assert taken.returncode == 2
    assert "there was a run called watched already" in taken.stderr


def test_a_run_that_fails_says_why(s3, deployment, command):  # noqa: F811
    upload(s3, deployment, {"bad.parquet": b"bad"})
    command("start", "--name", "failing", "--tolerated-failure-percentage", "0")
    done = command("watch", "failing")
    assert done.returncode == 1
    assert "failing has ended as FAILED (1 of 1 file failed, more than the 0 % tolerated)" in done.stderr
    assert "failing\tFAILED\t" in command("list").stdout


def test_the_same_request_is_not_started_twice(emulator, s3, deployment, monkeypatch):  # noqa: F811
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "embedded")
    upload(s3, deployment, {f"{number}.parquet": cell_file(3000, seed=number) for number in range(12)})
    stack = find_deployment("SamplingUnits-dev")
    request = {"params": {"target_weight": 43}, "max_concurrency": 1}
    first = start_run(stack, request, "twice")
    assert first == ("twice", True)
    assert start_run(stack, request, None) == ("twice", False)
    other, is_new = start_run(stack, request | {"max_concurrency": 2}, "other")
    assert (other, is_new) == ("other", True)
    for name in ("twice", "other"):
        *_, last = Execution(emulator.client("stepfunctions"), stack.execution_arn(name)).progress()
        assert last[0] == last[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["start", "--params", '{"target_weight": -1}'], "target_weight"),
        (["start", "--name", "no spaces"], "`run_id` has to be"),
        (["start", "--max-concurrency", "0"], "0 is not in the range"),
        (["watch", "nobody"], "there is no run nobody of SamplingUnits-dev"),
        (["stop", "nobody"], "there is no run nobody of SamplingUnits-dev"),
        (["retry", "nobody"], "there is no run nobody of SamplingUnits-dev"),
        (["report", "nobody"], "there is no report of nobody in SamplingUnits-dev"),
        (["fetch", "nobody", "--out", "build/nobody"], "there is no run nobody of SamplingUnits-dev"),
    ],
)
def test_what_cannot_be_started_or_watched_says_why(command, words, message):
    done = command(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
