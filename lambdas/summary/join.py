"""Joins the results of a run, so that every file sent is accounted for, and the frames of all its files."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa

import kmeans
from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.cost_model import cost_of_work
from lambdas.contract.errors import FileMissing, InvalidInput
from lambdas.contract.events import MOST_JOINED_FRAMES, RunPlan, StateError
from lambdas.contract.parameters import RunParameters
from lambdas.contract.results import FileResult, Totals, add_up
from lambdas.geodata.frame_reading import Frame, read_frame
from lambdas.object_store import Bucket
from lambdas.report import ReportBuilder, RunHeader
from lambdas.run_records import file_results, read_known
from lambdas.settings import DeploymentSettings
from lambdas.summary.inventory import Inventory
from lambdas.summary.joined_frame import JoinedFrame

# Twice as many are held: most are small, but those of a whole nation have a hundred megabytes.
_FRAMES_AT_A_TIME = 16


class RunSummary(Totals, frozen=True, kw_only=True):
    """What a run did.

    Attributes:
        started_at: ISO 8601 in UTC.
        duration_seconds: from the beginning of the kickoff to the summary.
        dollars: what the run cost, about.
        retry_of: the run whose failed files these were, if any.
        n_found, n_done: input files, and those among them that were finished before the run.
        tolerated_failure_percentage: as requested.
        within_tolerance: whether the failed files are no larger a share of all, those done before included, than the
            request tolerates.
        map_error: why the map over the batches gave up, if it did.
        files_key: where the result of each file is.
        n_joined_frames: files whose clusters are joined and drawn: all that are done, now or before.
        joined_frame_keys: the parts of the joined frame.
        report_error: why the joined frame or the report is missing, if one is.
    """

    run_id: str
    started_at: str
    duration_seconds: float
    dollars: float
    input_bucket: str
    output_bucket: str
    params: RunParameters
    retry_of: str | None
    n_found: int
    n_done: int
    tolerated_failure_percentage: float
    within_tolerance: bool
    map_error: StateError | None
    files_key: str
    n_joined_frames: int = 0
    joined_frame_keys: tuple[str, ...] = ()
    report_error: str | None = None


@dataclass(frozen=True)
class Summarised:
    """A run added up: what is known before its frames are looked at.

    Attributes:
        summary: the verdict.
        done: names of all files that are clustered, now or before.
    """

    summary: RunSummary
    done: list[str]


def summarise(plan: RunPlan, deployment: DeploymentSettings, folder: Path) -> Summarised:
    """Add up all results of a run, and write down those of each file.

    Memory holds names and failures, not results; ``folder`` is for the file on its way to S3.
    """
    known = read_known(plan)
    done = list(known.done)
    inventory = Inventory.of(plan.output_bucket, plan.prefix)
    files_key = keys.files_key(plan.run_id)
    listed = folder / "files.jsonl.gz"
    with gzip.GzipFile(listed, "wb", compresslevel=1, mtime=0) as lines:

        def written_down() -> Iterator[FileResult]:
            for result in map(inventory.checked, file_results(plan, known)):
                lines.write(msgspec.json.encode(result) + b"\n")
                if result.failure is None:
                    done.append(result.filename)
                yield result

        totals = add_up(written_down())
    s3.upload(plan.output_bucket, files_key, listed, "application/gzip")
    started_at = datetime.fromisoformat(plan.started_at)
    n_all = totals["n_files"] + plan.n_done
    summary = RunSummary(
        run_id=plan.run_id,
        started_at=plan.started_at,
        duration_seconds=round((datetime.now(UTC) - started_at).total_seconds(), 1),
        dollars=_dollars(plan, deployment, totals["seconds"]),
        input_bucket=plan.input_bucket,
        output_bucket=plan.output_bucket,
        params=plan.params,
        retry_of=plan.retry_of,
        n_found=plan.n_found,
        n_done=plan.n_done,
        tolerated_failure_percentage=plan.tolerated_failure_percentage,
        within_tolerance=100 * totals["n_failed"] <= plan.tolerated_failure_percentage * n_all,
        map_error=plan.map_error,
        files_key=files_key,
        **totals,
    )
    return Summarised(summary, sorted(done))


def join_frames(plan: RunPlan, summarised: Summarised, folder: Path) -> RunSummary:
    """Write the frames of all files that are done as one, and the report; the summary with what came of it.

    One frame after the other is read; held are the rows of one row group, and what the report shows. ``folder`` is for
    files on their way to S3.
    """
    summary, bucket = summarised.summary, plan.output_bucket

    def hand_over(path: Path, part: int) -> None:
        key = keys.joined_frame_key(plan.run_id, part)
        s3.upload(bucket, key, path, "application/vnd.apache.parquet")

    report = ReportBuilder(plan.params)
    for failure in summary.failures:
        report.add_failure(failure)
    provenance = {
        "version": kmeans.__version__,
        "parameters": plan.params.to_json().decode(),
        "parameters_fingerprint": plan.fingerprint,
        "run": plan.run_id,
    }
    joined, n_joined = JoinedFrame(folder, plan.params.column_prefix, provenance, hand_over), 0
    is_too_large = len(summarised.done) > MOST_JOINED_FRAMES
    for filename, frame in _frames(plan, [] if is_too_large else summarised.done):
        joined.add(filename, frame)
        report.add_frame(filename, frame)
        n_joined += 1
    joined.close()
    error = f"there are more than {MOST_JOINED_FRAMES:,} files" if is_too_large else None
    page = report.finish(_header(summary, error))
    s3.write(bucket, keys.report_key(plan.run_id), page, "text/html; charset=utf-8")
    return msgspec.structs.replace(
        summary,
        n_joined_frames=n_joined,
        joined_frame_keys=tuple(keys.joined_frame_key(plan.run_id, part) for part in range(joined.n_parts)),
        report_error=error,
    )


def _header(summary: RunSummary, note: str | None) -> RunHeader:
    return RunHeader(
        title=summary.run_id,
        params=summary.params,
        version=kmeans.__version__,
        started=f"{summary.started_at[:16].replace('T', ' ')} UTC",
        duration_seconds=summary.duration_seconds,
        dollars=summary.dollars,
        input=f"s3://{summary.input_bucket}",
        output=f"s3://{summary.output_bucket}",
        n_found=summary.n_found,
        n_done=summary.n_done + summary.n_succeeded,
        n_skipped=summary.n_done,
        n_failed=summary.n_failed,
        note=note,
    )


def _frames(plan: RunPlan, filenames: list[str]) -> Iterator[tuple[str, Frame]]:
    """The frames of these files; one that somebody has removed, or another run replaced, is left out."""
    bucket = Bucket(plan.output_bucket)

    def content(filename: str) -> bytes | None:
        try:
            return bucket.read(keys.frame_key(filename)).content
        except FileMissing:
            return None

    for filename, found in zip(filenames, s3.concurrently(content, filenames, _FRAMES_AT_A_TIME), strict=True):
        if found is None:
            continue
        try:
            frame = read_frame(pa.BufferReader(found), keys.frame_key(filename))
        except InvalidInput:
            continue
        if frame.origin.parameters_fingerprint == plan.fingerprint:
            yield filename, frame


def _dollars(plan: RunPlan, deployment: DeploymentSettings, seconds: float) -> float:
    return cost_of_work(
        seconds,
        n_files=plan.n_files,
        n_batches=plan.n_batches,
        n_done=plan.n_done,
        max_concurrency=plan.max_concurrency,
        memory_mb=deployment.memory_mb,
        architecture=deployment.architecture,
    )
