"""The steps of a rehearsal: deploy, cluster some files, look at what came out, tear down."""

import json
from pathlib import Path

import numpy as np

from tests.rehearsal import checks
from tests.rehearsal.errors import expect
from tests.rehearsal.readme import command
from tests.rehearsal.tools import Tools
from tests.support.geoparquet_files import cell_file

STACK = "SamplingUnits-dev"
RUN = "first-run"
# Where the documented commands look for input, the one of its last example, and where they put the outputs.
INPUTS, SINGLE, RESULTS = "cells", "cells.parquet", "results"
N_CELLS = {SINGLE: 2000, "north/lower.parquet": 1500, "north/upper.parquet": 800}
_SECONDS_FOR_A_RUN = 180
_BUCKETS = ("INPUT_BUCKET", "OUTPUT_BUCKET", "ACCESS_LOG_BUCKET")
# It has to be told that a payload is no base64; version 1, the one that PyPI has, takes it as it is.
_OF_VERSION_2 = " --cli-binary-format raw-in-base64-out "


def deploy(tools: Tools, options: str) -> dict[str, str]:
    """Bootstrap, deploy, and see that nothing is left to deploy; returns the stack's outputs."""
    tools.run(command("node_modules/.bin/cdk bootstrap") + options)
    tools.run(command("node_modules/.bin/cdk deploy") + " --require-approval never" + options)
    checks.check_docker_calls(tools.docker_calls.read_text())
    tools.run(command("node_modules/.bin/cdk diff") + " --fail" + options)
    shown = tools.run(command("aws cloudformation describe-stacks").replace("--output table", "--output json"))
    return {output["OutputKey"]: output["OutputValue"] for output in json.loads(shown)}


def write_inputs(folder: Path) -> None:
    """Some files of cells, half of them urban, in a folder and below it."""
    for seed, (name, n_cells) in enumerate(N_CELLS.items()):
        path = folder / INPUTS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cell_file(n_cells, seed, urban=np.arange(n_cells) % 2 == 0))


def cluster(tools: Tools, folder: Path, outputs: dict[str, str]) -> None:
    """Upload, run, download and look; then the same for one file without a run."""
    buckets = {"INPUT_BUCKET": outputs["InputBucketName"], "OUTPUT_BUCKET": outputs["OutputBucketName"]}
    tools.run(command(f"aws s3 cp {INPUTS}/", buckets))
    machine = {"STATE_MACHINE_ARN": outputs["StateMachineArn"]}
    started = json.loads(tools.run(command("aws stepfunctions start-execution", machine)))
    ask = command("aws stepfunctions describe-execution", {"EXECUTION_ARN": started["executionArn"]})
    described = tools.run_until(ask, lambda shown: json.loads(shown)["status"] != "RUNNING", _SECONDS_FOR_A_RUN)
    expect(json.loads(described)["status"] == "SUCCEEDED", f"the run ended so:\n{described}")
    tools.run(command("aws s3 cp s3://OUTPUT_BUCKET", buckets))
    for name in N_CELLS:
        checks.check_clustered_file(folder / INPUTS, folder / RESULTS, name)
    summary = tools.run(f"aws s3 cp s3://{outputs['OutputBucketName']}/runs/{RUN}/summary.json -")
    checks.check_summary(json.loads(summary), N_CELLS)
    function = {"CLUSTERING_FUNCTION": outputs["ClusteringFunctionName"]}
    invoke = command("aws lambda invoke", buckets | function).replace(_OF_VERSION_2, " ")
    said = json.loads(tools.run(invoke))
    expect("FunctionError" not in said, f"the function failed: {said}")
    checks.check_answer(json.loads((folder / "answer.json").read_text()), SINGLE, N_CELLS[SINGLE])


def tear_down(tools: Tools, options: str, outputs: dict[str, str]) -> None:
    """Empty the buckets and destroy the stack, then see that both are gone."""
    buckets = {name: outputs[f"{name.title().replace('_', '')}Name"] for name in _BUCKETS}
    for name in _BUCKETS:
        tools.run(command(f"aws s3 rm s3://{name} ", buckets))
    tools.run(command("node_modules/.bin/cdk destroy") + " --force" + options)
    tools.run(command("aws cloudformation describe-stacks"), fails_with=f"Stack with id {STACK} does not exist")
    left = tools.run("aws s3 ls")
    expect(not any(bucket in left for bucket in buckets.values()), f"buckets of the stack are left:\n{left}")
