"""Keys of the objects of a run in the output bucket, and their metadata."""

import re

from sampling_units.file_names import RUNS_PREFIX

# A run has the name of its state machine execution. Of the names that Step Functions allows, these need no escaping in
# object keys and in shells.
RUN_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,80}")
# In UTC, as in `RunPlan.started_at`.
TIMESTAMP_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

# User metadata of a clustered file: together they tell whether it and its frame are up to date without opening them.
FINGERPRINT_METADATA = "parameters-fingerprint"
INPUT_ETAG_METADATA = "input-etag"
FRAME_ETAG_METADATA = "frame-etag"


def run_prefix(run_id: str) -> str:
    return f"{RUNS_PREFIX}{run_id}/"


def plan_key(run_id: str) -> str:
    """What the kickoff function decided: parameters, counts, when it started."""
    return f"{run_prefix(run_id)}plan.json"


def manifest_key(run_id: str) -> str:
    return f"{run_prefix(run_id)}manifest.json"


def known_key(run_id: str) -> str:
    """The files that were up to date before the run, or would only fail again."""
    return f"{run_prefix(run_id)}known.json"


def results_prefix(run_id: str, started_at: str) -> str:
    """Where the clustering function writes the results of each batch.

    Step Functions lets a name be used again after 90 days: the timestamp keeps the results of the two runs apart.
    """
    return f"{run_prefix(run_id)}results/{_timestamp_in_key(started_at)}/"


def _timestamp_in_key(started_at: str) -> str:
    return started_at.replace(":", "")


def result_key(run_id: str, started_at: str, batch: int) -> str:
    return f"{results_prefix(run_id, started_at)}{batch:06d}.json"


def progress_prefix(run_id: str, started_at: str) -> str:
    """Where interrupted batches record how far they came; most batches write nothing here."""
    return f"{run_prefix(run_id)}progress/{_timestamp_in_key(started_at)}/"


def progress_key(run_id: str, started_at: str, batch: int) -> str:
    return f"{progress_prefix(run_id, started_at)}{batch:06d}.json"


def executions_prefix(run_id: str) -> str:
    """Where the Distributed Map writes how each of its executions ended."""
    return f"{run_prefix(run_id)}executions/"


def summary_key(run_id: str) -> str:
    return f"{run_prefix(run_id)}summary.json"


def files_key(run_id: str) -> str:
    """The result of each file, one JSON object a line."""
    return f"{run_prefix(run_id)}files.jsonl.gz"


def joined_frame_prefix(run_id: str) -> str:
    """Where the frame of all files together is."""
    return f"{run_prefix(run_id)}frame/"


def joined_frame_key(run_id: str, part: int) -> str:
    return f"{joined_frame_prefix(run_id)}part-{part:04d}.parquet"


def report_key(run_id: str) -> str:
    return f"{run_prefix(run_id)}report.html"
