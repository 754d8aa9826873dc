"""``kmeans aws plan`` against the deployed stack."""

import json
import os
import subprocess
import sys

import pytest

from lambdas.contract.cost_model import estimate_cost
from tests.e2e.test_workflow import PARAMS, s3, start, upload  # noqa: F401 (fixtures)
from tests.support.geoparquet_files import cell_file
from tests.support.project import PROJECT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("emulator")]


@pytest.fixture
def plan(emulator, deployment):
    def run(*options, region="us-east-1"):
        command = [sys.executable, "-m", "cli.main", "aws", "plan", "--endpoint-url", emulator.endpoint]
        environment = os.environ | {"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"}
        return subprocess.run(
            [*command, "--region", region, *options],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


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
        (["--endpoint-url", "http://127.0.0.1:9"], 1, "StorageUnavailable: the stack SamplingUnits-dev cannot be"),
    ],
)
def test_what_cannot_be_planned_says_why(plan, options, status, message):
    done = plan(*options)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_bucket_says_so(s3, deployment, plan):  # noqa: F811
    assert f"There is no .parquet or .geoparquet file in s3://{deployment.input_bucket}" in plan().stderr
