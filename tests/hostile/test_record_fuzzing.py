"""What a run has left in its folder, broken: whoever reads it gets an error of the contract, or nothing."""

import gzip
import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sampling_units import errors
from sampling_units.aws import run_folder
from sampling_units.cli.aws.run_outcome import RunOutcome, read_summary
from sampling_units.parameters import RunParameters
from sampling_units.results import FileResult
from sampling_units.runs import keys
from sampling_units.runs.events import Batch, FileItem, RunPlan
from sampling_units.runs.records import BatchProgress, BatchResult, KnownFiles, decode_progress
from sampling_units.runs.summary import RunSummary
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
KNOWN = KnownFiles(done=[NAMES[0]], failed=[FAILED], output_etags=["e"], frame_etags=["f"])
PROGRESS = BatchProgress(results=RESULTS.results[:1], in_progress=NAMES[1], n_begun=1)
SUMMARY = RunSummary(
    run_id="r", started_at=STARTED_AT, duration_seconds=1.5, dollars=0.01, input_bucket="inputs",
    output_bucket="outputs", params=RunParameters(), retry_of=None, n_found=2, n_done=0,
    tolerated_failure_percentage=10, within_tolerance=False, map_error=None, files_key=keys.files_key("r"),
    n_files=2, n_succeeded=1, n_failed=1, n_rows=3, n_invalid=0, n_clusters=1, n_in_range=1, weight=3,
    weight_in_range=3, seconds=0.1, failures=[FAILED],
)  # fmt: skip


def broken(record):
    """Bytes that were once this record."""
    content = msgspec.json.encode(record)
    return mutated(content) | st.binary(max_size=20) | ANYTHING.map(lambda value: json.dumps(value).encode())


def with_content(content):
    """S3 with this content in every object."""
    patch = pytest.MonkeyPatch()
    patch.setattr(run_folder.s3, "read", lambda bucket, key: content)
    return patch


def only_run_errors(content, read):
    patch = with_content(content)
    try:
        read()
    except errors.RunError:
        pass
    finally:
        patch.undo()


@example(msgspec.json.encode(PLAN).replace(b"2026-11-23T", b"2026-13-32T"))
@given(broken(PLAN))
def test_plans(content):
    only_run_errors(content, lambda: datetime.fromisoformat(run_folder.read_plan("outputs", "r").started_at))


@given(broken(MANIFEST))
def test_manifests(content):
    only_run_errors(content, lambda: run_folder.read_manifest(PLAN))


@given(broken(KNOWN))
def test_known_files(content):
    only_run_errors(content, lambda: run_folder.read_known(PLAN))


@given(broken(RESULTS))
def test_results_of_a_batch(content):
    key = keys.result_key("r", STARTED_AT, 0)
    only_run_errors(content, lambda: list(run_folder.batch_outcomes(PLAN, MANIFEST, {key})))


@given(broken(PROGRESS))
def test_notes_of_interrupted_batches(content):
    progress = decode_progress(content, NAMES)
    assert progress is None or len(progress.results) <= len(NAMES)
    key = keys.progress_key("r", STARTED_AT, 0)
    only_run_errors(content, lambda: list(run_folder.batch_outcomes(PLAN, MANIFEST, {key})))


@example(msgspec.json.encode(SUMMARY).replace(b"2026-11-23T", b"2026-13-32T"))
@example(msgspec.json.encode(SUMMARY).replace(b'"failure":', b'"other":'))
@given(broken(SUMMARY))
def test_summaries(content):
    def read_and_print():
        summary = read_summary("outputs", "r", datetime(2026, 11, 23, 9, 30, tzinfo=UTC))
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            RunOutcome("r", "FAILED", "ToleratedFailuresExceeded", "", summary).print(as_json=False, option="")

    only_run_errors(content, read_and_print)


@given(mutated(gzip.compress(msgspec.json.encode(FAILED), mtime=0)) | broken(FAILED).map(gzip.compress))
def test_lists_of_results(content):
    only_run_errors(content, lambda: run_folder.decode_files(content))
