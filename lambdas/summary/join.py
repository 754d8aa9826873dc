"""Adds up the results of a run, so that every file is accounted for, and joins the frames of all its files."""

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
from sampling_units.report import ReportBuilder, header_of_run
from sampling_units.results import FileResult, add_up
from sampling_units.runs import keys
from sampling_units.runs.cost import cost_of_work
from sampling_units.runs.events import MOST_JOINED_FRAMES, RunPlan
from sampling_units.runs.settings import DeploymentSettings
from sampling_units.runs.summary import RunSummary
from sampling_units.versions import OUTPUT_VERSION


@dataclass(frozen=True)
class Summarised:
    """The totals of a run: what is known before its frames are read.

    Attributes:
        summary: how the run ended.
        done: names of all files that are clustered, now or before.
        large_frames: keys of frames that are too large to hold several in memory.
    """

    summary: RunSummary
    done: list[str]
    large_frames: frozenset[str]


def summarise(plan: RunPlan, deployment: DeploymentSettings, folder: Path) -> Summarised:
    """Add up all results of a run, and write the result of each file to ``files.jsonl.gz``.

    Names and failures are in memory, other results are not; ``folder`` is for the file until it is uploaded.
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

        def written() -> Iterator[FileResult]:
            for result in itertools.chain(replaced, map(inventory.checked, file_results(plan, known))):
                lines.write(msgspec.json.encode(result) + b"\n")
                if result.failure is None:
                    done.append(result.filename)
                yield result

        totals = add_up(written())
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
    """Write the joined frame of all files that are done, and the report; returns the summary with their keys.

    One frame after the other is decoded; in memory are the rows of one row group and what the report shows. ``folder``
    is for files until they are uploaded.
    """
    summary, bucket = summarised.summary, plan.output_bucket

    def upload_part(path: Path, part: int) -> None:
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
    joined, n_joined = JoinedFrame(folder, plan.params.column_prefix, provenance, upload_part), 0
    is_too_large = len(summarised.done) > MOST_JOINED_FRAMES
    filenames = [] if is_too_large else summarised.done
    for filename, frame in read_frames(bucket, filenames, summarised.large_frames, plan.fingerprint):
        joined.add(filename, frame)
        report.add_frame(filename, frame)
        n_joined += 1
        del frame  # Before the next one is decoded.
    joined.close()
    error = f"there are more than {MOST_JOINED_FRAMES:,} files" if is_too_large else None
    page = report.finish(header_of_run(summary, error))
    s3.write(bucket, keys.report_key(plan.run_id), page, "text/html; charset=utf-8")
    return msgspec.structs.replace(
        summary,
        n_joined_frames=n_joined,
        joined_frame_keys=tuple(keys.joined_frame_key(plan.run_id, part) for part in range(joined.n_parts)),
        report_error=error,
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
