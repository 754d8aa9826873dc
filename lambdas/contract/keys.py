"""Names of objects in the input and output bucket, and of the files of a local run."""

import posixpath
import re

from lambdas.contract.errors import InvalidInput

INPUT_SUFFIXES = (".parquet", ".geoparquet")
OUTPUT_PREFIX = "clustered_"
FRAME_PREFIX = "frame/"
# Bytes, in S3.
_LONGEST_KEY = 1024
RUNS_PREFIX = "runs/"
# A run is called like the execution of the state machine; of the names that Step Functions allows, these are plain
# in object keys and in shells.
RUN_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,80}")
# A moment in UTC, as in `RunPlan.started_at`.
MOMENT_PATTERN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

# User metadata of a clustered file: together they tell whether it and its frame are up to date without opening them.
FINGERPRINT_METADATA = "parameters-fingerprint"
INPUT_ETAG_METADATA = "input-etag"
FRAME_ETAG_METADATA = "frame-etag"


def is_input(key: str) -> bool:
    """Whether an object of the input bucket is a file to cluster."""
    return key.lower().endswith(INPUT_SUFFIXES)


def check_filename(filename: str) -> None:
    """Refuse names that are no file to cluster, or that S3 and local disks do not understand alike.

    Raises:
        InvalidInput: another suffix, a leading or doubled slash, ``.`` or ``..`` as a folder, control characters, or a
            folder in which outputs are kept.
    """
    if len((OUTPUT_PREFIX + filename).encode("utf-8", "replace")) > _LONGEST_KEY:
        raise InvalidInput("has a name that is too long for those of its outputs", filename=filename)
    if not is_input(filename):
        raise InvalidInput(f"is not named like a Parquet file ({' or '.join(INPUT_SUFFIXES)})", filename=filename)
    if any(part in ("", ".", "..") for part in filename.split("/")) or not filename.isprintable():
        reason = "it has an empty folder, `.`, `..` or a character that is not printed"
        raise InvalidInput(f"is not a possible file name: {reason}; rename it", filename=filename)
    if filename.startswith((FRAME_PREFIX, RUNS_PREFIX)):
        raise InvalidInput(
            f"lies in a folder whose name is taken by outputs ({FRAME_PREFIX}, {RUNS_PREFIX})", filename=filename
        )


def output_key(filename: str) -> str:
    """``clustered_<name>``, in the folder of the input."""
    folder, name = posixpath.split(filename)
    return posixpath.join(folder, OUTPUT_PREFIX + name)


def frame_key(filename: str) -> str:
    """``frame/<name>``, with the folder of the input below ``frame``."""
    return FRAME_PREFIX + filename


def output_prefixes(prefix: str) -> list[str]:
    """Where the clustered files of inputs under ``prefix`` are: its last part may begin a file name or a folder's."""
    is_folder = prefix == "" or prefix.endswith("/")
    return [prefix] if is_folder else [prefix, output_key(prefix)]


def file_stem(filename: str) -> str:
    """Name without suffix, with which cluster ids begin; with its folder, so that ids are unique over all files."""
    return posixpath.splitext(filename)[0]


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

    Names of runs are free again after 90 days: the moment tells their results apart.
    """
    return f"{run_prefix(run_id)}results/{_moment(started_at)}/"


def _moment(started_at: str) -> str:
    return started_at.replace(":", "")


def result_key(run_id: str, started_at: str, batch: int) -> str:
    return f"{results_prefix(run_id, started_at)}{batch:06d}.json"


def progress_prefix(run_id: str, started_at: str) -> str:
    """Where batches that were interrupted note how far they came; most have no need to."""
    return f"{run_prefix(run_id)}progress/{_moment(started_at)}/"


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
