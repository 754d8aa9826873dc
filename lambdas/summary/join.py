"""Joins the results of a run, so that every file sent is accounted for, and the frames of all its files."""

import gzip
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import kmeans
from lambdas.summary.frame_stream import read_frames
from lambdas.summary.inventory import Inventory
from sampling_units.aws import s3
from sampling_units.aws.run_folder import file_results, read_known, results_before
from sampling_units.frame.joined import JoinedFrame
from sampling_units.report import ReportBuilder, RunHeader
from sampling_units.results import FileResult, add_up
from sampling_units.runs import keys
from sampling_units.runs.cost import cost_of_work
from sampling_units.runs.events import MOST_JOINED_FRAMES, RunPlan
from sampling_units.runs.settings import DeploymentSettings
from sampling_units.runs.summary import RunSummary
from sampling_units.versions import OUTPUT_VERSION


@dataclass(frozen=True)
class Summarised:
    """A run added up: what is known before its frames are looked at.

    Attributes:
        summary: the verdict.
        done: names of all files that are clustered, now or before.
        large_frames: keys of frames of which not many fit into memory.
    """

    summary: RunSummary
    done: list[str]
    large_frames: frozenset[str]


def summarise(plan: RunPlan, deployment: DeploymentSettings, folder: Path) -> Summarised:
    """Add up all results of a run, and write down those of each file.

    Memory holds names and failures, not results; ``folder`` is for the file on its way to S3.
    """
    known = read_known(plan)
    inventory = Inventory.of(plan.output_bucket, plan.prefix)
    replaced = [result for result in map(inventory.checked, results_before(known)) if result.failure is not None]
    names_replaced = {result.filename for result in replaced}
    done = [name for name in known.done if name not in names_replaced]
    n_done = len(done)
    files_key = keys.files_key(plan.run_id)
    listed = folder / "files.jsonl.gz"
    with gzip.GzipFile(listed, "wb", compresslevel=1, mtime=0) as lines:

        def written_down() -> Iterator[FileResult]:
            for result in itertools.chain(replaced, map(inventory.checked, file_results(plan, known))):
                lines.write(msgspec.json.encode(result) + b"\n")
                if result.failure is None:
                    done.append(result.filename)
                yield result

        totals = add_up(written_down())
    s3.upload(plan.output_bucket, files_key, listed, "application/gzip")
    started_at = datetime.fromisoformat(plan.started_at)
    n_all = totals["n_files"] + n_done
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
        n_done=n_done,
        tolerated_failure_percentage=plan.tolerated_failure_percentage,
        within_tolerance=100 * totals["n_failed"] <= plan.tolerated_failure_percentage * n_all,
        map_error=plan.map_error,
        files_key=files_key,
        **totals,
    )
    return Summarised(summary, sorted(done), inventory.large_frames)


def join_frames(plan: RunPlan, summarised: Summarised, folder: Path) -> RunSummary:
    """Write the frames of all files that are done as one, and the report; the summary with what came of it.

    One frame after the other is decoded; held are the rows of one row group, and what the report shows. ``folder`` is
    for files on their way to S3.
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
        "output_version": OUTPUT_VERSION,
        "parameters": plan.params.to_json().decode(),
        "parameters_fingerprint": plan.fingerprint,
        "run": plan.run_id,
    }
    joined, n_joined = JoinedFrame(folder, plan.params.column_prefix, provenance, hand_over), 0
    is_too_large = len(summarised.done) > MOST_JOINED_FRAMES
    filenames = [] if is_too_large else summarised.done
    for filename, frame in read_frames(bucket, filenames, summarised.large_frames, plan.fingerprint):
        joined.add(filename, frame)
        report.add_frame(filename, frame)
        n_joined += 1
        del frame  # Before the next one is decoded.
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
