"""What a run has left in its folder, broken: whoever reads it gets an error of the contract, or nothing."""

import gzip
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas import run_records
from lambdas.contract import errors, keys
from lambdas.contract.events import Batch, FileItem, RunPlan
from lambdas.contract.parameters import RunParameters
from lambdas.contract.results import BatchResult, FileResult, KnownFiles
from tests.hostile.test_fuzzing import ANYTHING, mutated

STARTED_AT = "2026-11-23T09:30:00.000000Z"
NAMES = ["a.parquet", "north/b.parquet"]
PLAN = RunPlan(
    run_id="r", started_at=STARTED_AT, input_bucket="inputs", output_bucket="outputs",
    prefix="",
    manifest_key=keys.manifest_key("r"),
    n_found=2, n_done=0, n_unchanged=0, n_files=2, n_batches=1, n_bytes=7, max_concurrency=1,
    tolerated_failure_percentage=10, tolerated_batch_percentage=10, fingerprint="f", params=RunParameters(),
)  # fmt: skip
MANIFEST = [Batch(batch=0, files=tuple(FileItem(name) for name in NAMES))]
FAILED = FileResult.failed(NAMES[1], errors.InvalidInput("is empty", filename=NAMES[1], row=3))
RESULTS = BatchResult(results=[FileResult(filename=NAMES[0], output="o", frame="f", seconds=0.1), FAILED])
KNOWN = KnownFiles(done=[NAMES[0]], failed=[FAILED])


def broken(record):
    """Bytes that were once this record."""
    content = msgspec.json.encode(record)
    return mutated(content) | st.binary(max_size=20) | ANYTHING.map(lambda value: json.dumps(value).encode())


def with_content(content):
    """S3 with this content in every object."""
    patch = pytest.MonkeyPatch()
    patch.setattr(run_records.s3, "read", lambda bucket, key: content)
    return patch


def only_run_errors(content, read):
    patch = with_content(content)
    try:
        read()
    except errors.RunError:
        pass
    finally:
        patch.undo()


@given(broken(PLAN))
def test_plans(content):
    only_run_errors(content, lambda: run_records.read_plan("outputs", "r"))


@given(broken(MANIFEST))
def test_manifests(content):
    only_run_errors(content, lambda: run_records.read_manifest(PLAN))


@given(broken(KNOWN))
def test_known_files(content):
    only_run_errors(content, lambda: run_records.read_known(PLAN))


@given(broken(RESULTS))
def test_results_of_a_batch(content):
    key = keys.result_key("r", STARTED_AT, 0)
    only_run_errors(content, lambda: list(run_records.batch_outcomes(PLAN, MANIFEST, {key})))


@given(mutated(gzip.compress(msgspec.json.encode(FAILED), mtime=0)) | broken(FAILED).map(gzip.compress))
def test_lists_of_results(content):
    only_run_errors(content, lambda: run_records.decode_files(content))
