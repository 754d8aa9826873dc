"""The heads of report pages: of a run on AWS, of a run on this machine, of a folder of results."""

from pathlib import Path

import kmeans
from sampling_units.parameters import RunParameters
from sampling_units.report.run_header import RunHeader
from sampling_units.runs.summary import LocalSummary, RunSummary


def header_of_run(run: RunSummary, note: str | None = None) -> RunHeader:
    """The head for a run on AWS; ``note`` is a sentence that the reader has to know."""
    return RunHeader(
        title=run.run_id,
        params=run.params,
        version=kmeans.__version__,
        started=f"{run.started_at[:16].replace('T', ' ')} UTC",
        duration_seconds=run.duration_seconds,
        dollars=run.dollars,
        input=f"s3://{run.input_bucket}",
        output=f"s3://{run.output_bucket}",
        n_found=run.n_found,
        # Files of earlier runs are not in the totals.
        n_done=run.n_done + run.n_succeeded,
        n_skipped=run.n_done,
        n_failed=run.n_failed,
        note=note,
    )


def header_of_local_run(run: LocalSummary) -> RunHeader:
    """The head for a run on this machine."""
    return RunHeader(
        title=Path(run.out).resolve().name,
        params=run.params,
        version=kmeans.__version__,
        duration_seconds=run.elapsed_seconds,
        output=run.out,
        n_found=run.n_files,
        # Files of earlier runs are in the totals.
        n_done=run.n_succeeded,
        n_skipped=run.n_skipped,
        n_failed=run.n_failed,
    )


def header_of_results(results: Path, params: RunParameters, version: str) -> RunHeader:
    """The head for a folder of results; nobody knows any more how the run went. ``version`` made the frames."""
    return RunHeader(title=results.resolve().name, params=params, version=version, output=str(results))
