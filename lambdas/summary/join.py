"""Joins the results of a run, so that every file sent is accounted for, and the frames of all its files."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pyarrow as pa

import kmeans
from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.cost_model import cost_of_work
from lambdas.contract.errors import FileMissing, InvalidInput
from lambdas.contract.events import MOST_JOINED_FRAMES, MapError, RunPlan
from lambdas.contract.parameters import RunParameters
from lambdas.contract.results import FileResult, Totals, add_up
from lambdas.geodata.frame_reading import Frame, read_frame
from lambdas.object_store import Bucket
from lambdas.report import ReportBuilder, RunHeader
from lambdas.run_records import file_results, read_known
from lambdas.settings import DeploymentSettings
from lambdas.summary.joined_frame import JoinedFrame


class RunSummary(Totals, frozen=True, kw_only=True):
    """What a run did.

    Attributes:
        started_at: ISO 8601 in UTC.
        duration_seconds: from the beginning of the kickoff to the summary.
        dollars: what the run cost, about.
        retry_of: the run whose failed files these were, if any.
        n_found, n_done: input files, and those among them that were finished before the run.
        within_tolerance: whether the failed files are no larger a share of all, those done before included, than the
            request tolerates.
        map_error: why the map over the batches gave up, if it did.
        n_joined_frames: files whose clusters are in the joined frame: all that are done, now or before.
        joined_frame_keys: its parts.
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
    within_tolerance: bool
    map_error: MapError | None
    files_key: str
    n_joined_frames: int
    joined_frame_keys: list[str]


def summarise(plan: RunPlan, deployment: DeploymentSettings, folder: Path) -> RunSummary:
    """Add up all results of a run; write down those of each file, the joined frame and the report.

    Memory holds names, failures and what the report shows, not results or frames; ``folder`` is for files on their way
    to S3.
    """
    known = read_known(plan)
    succeeded: list[str] = []
    report = ReportBuilder(plan.params)
    files_key = keys.files_key(plan.run_id)
    listed = folder / "files.jsonl.gz"
    with gzip.GzipFile(listed, "wb", compresslevel=1, mtime=0) as lines:

        def written_down() -> Iterator[FileResult]:
            for result in file_results(plan, known):
                lines.write(msgspec.json.encode(result) + b"\n")
                if result.failure is None:
                    succeeded.append(result.filename)
                else:
                    report.add_failure(result)
                yield result

        totals = add_up(written_down())
    s3.upload(plan.output_bucket, files_key, listed, "application/gzip")
    joined, n_joined = _join_frames(plan, sorted({*known.done, *succeeded}), folder, report)
    started_at = datetime.fromisoformat(plan.started_at)
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
        within_tolerance=100 * totals["n_failed"]
        <= plan.tolerated_failure_percentage * (totals["n_files"] + plan.n_done),
        map_error=plan.map_error,
        files_key=files_key,
        n_joined_frames=n_joined,
        joined_frame_keys=[keys.joined_frame_key(plan.run_id, part) for part in range(joined.n_parts)],
        **totals,
    )
    s3.write(
        plan.output_bucket, keys.report_key(plan.run_id), report.finish(_header(summary)), "text/html; charset=utf-8"
    )
    return summary


def _join_frames(plan: RunPlan, filenames: list[str], folder: Path, report: ReportBuilder) -> tuple[JoinedFrame, int]:
    """Write the frames of these files as one and show them to the report; returns the frame, and how many are in it."""

    def hand_over(path: Path, part: int) -> None:
        key = keys.joined_frame_key(plan.run_id, part)
        s3.upload(plan.output_bucket, key, path, "application/vnd.apache.parquet")

    joined, n_joined = JoinedFrame(folder, plan.params.column_prefix, hand_over), 0
    for filename, frame in _frames(plan, filenames if len(filenames) <= MOST_JOINED_FRAMES else []):
        joined.add(filename, frame)
        report.add_frame(filename, frame)
        n_joined += 1
    joined.close()
    return joined, n_joined


def _header(summary: RunSummary) -> RunHeader:
    return RunHeader(
        title=summary.run_id,
        params=summary.params,
        version=kmeans.__version__,
        started=f"{summary.started_at.replace('T', ' ').removesuffix('Z')} UTC",
        duration_seconds=summary.duration_seconds,
        dollars=summary.dollars,
        input=f"s3://{summary.input_bucket}",
        output=f"s3://{summary.output_bucket}",
        n_found=summary.n_found,
        n_done=summary.n_done + summary.n_succeeded,
        n_skipped=summary.n_done,
        n_failed=summary.n_failed,
    )


def _frames(plan: RunPlan, filenames: list[str]) -> Iterator[tuple[str, Frame]]:
    """The frames of these files; one that somebody has removed or replaced is left out."""
    bucket = Bucket(plan.output_bucket)

    def content(filename: str) -> bytes | None:
        try:
            return bucket.read(keys.frame_key(filename)).content
        except FileMissing:
            return None

    for filename, found in zip(filenames, s3.concurrently(content, filenames), strict=True):
        if found is None:
            continue
        try:
            frame = read_frame(pa.BufferReader(found), keys.frame_key(filename))
        except InvalidInput:
            continue
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
