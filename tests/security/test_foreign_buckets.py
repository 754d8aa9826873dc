"""Events that name buckets of somebody else: each function refuses them before it asks S3 for anything."""

import pytest

from lambdas.clustering.handler import handle as cluster
from lambdas.kickoff.handler import handle as kick_off
from lambdas.summary.handler import handle as summarise
from sampling_units.errors import AccessDenied
from sampling_units.parameters import RunParameters
from tests.conftest import INPUTS, OUTPUTS

PLAN = {
    "run_id": "run-1",
    "started_at": "2026-11-23T09:30:00.000000Z",
    "prefix": "",
    "manifest_key": "runs/run-1/manifest.json",
    "n_found": 1,
    "n_done": 0,
    "n_unchanged": 0,
    "n_files": 1,
    "n_batches": 1,
    "n_bytes": 1,
    "max_concurrency": 1,
    "tolerated_failure_percentage": 10.0,
    "tolerated_batch_percentage": 10.0,
    "fingerprint": RunParameters().fingerprint(),
    "params": {},
}
BATCH = {"run_id": "run-1", "started_at": PLAN["started_at"], "batch": 0, "files": [{"filename": "a.parquet"}]}
EVENTS = {
    "kickoff": (kick_off, {"run_id": "run-1"}),
    "clustering, one file": (cluster, {"filename": "a.parquet"}),
    "clustering, a batch": (cluster, BATCH),
    "summary": (summarise, PLAN),
}


@pytest.fixture(autouse=True)
def _deployment(monkeypatch):
    """A deployment with buckets of its own, and nobody who answers for S3."""
    monkeypatch.setenv("INPUT_BUCKET", INPUTS)
    monkeypatch.setenv("OUTPUT_BUCKET", OUTPUTS)

    def asked(*arguments, **options):
        pytest.fail("S3 was asked")

    for name in ("sampling_units.aws.s3.client", "lambdas.storage.bucket.S3Store"):
        monkeypatch.setattr(name, asked)


@pytest.mark.parametrize("field", ["input_bucket", "output_bucket"])
@pytest.mark.parametrize("event", EVENTS)
def test_a_bucket_that_is_not_the_deployments_is_refused(event, field):
    handle, values = EVENTS[event]
    buckets = {"input_bucket": INPUTS, "output_bucket": OUTPUTS} | {field: "somebody-elses"}
    with pytest.raises(AccessDenied, match="not the bucket that this deployment works on"):
        handle({**values, **buckets}, None)


@pytest.mark.parametrize("name", [OUTPUTS.upper(), f"{OUTPUTS}/", f" {OUTPUTS}", f"arn:aws:s3:::{OUTPUTS}"])
@pytest.mark.parametrize("event", EVENTS)
def test_a_name_that_only_looks_alike_is_refused(event, name):
    handle, values = EVENTS[event]
    with pytest.raises(AccessDenied):
        handle({**values, "input_bucket": INPUTS, "output_bucket": name}, None)
