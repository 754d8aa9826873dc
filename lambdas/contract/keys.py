"""Names of objects in the input and output bucket, and of the files of a local run."""

import posixpath
import re

INPUT_SUFFIXES = (".parquet", ".geoparquet")
OUTPUT_PREFIX = "clustered_"
RUNS_PREFIX = "runs/"
# What a state machine execution may be called, which is what a run is called.
RUN_ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,80}")

# User metadata of an output object: together they tell whether it is up to date without opening it.
FINGERPRINT_METADATA = "parameters-fingerprint"
INPUT_ETAG_METADATA = "input-etag"


def is_input(key: str) -> bool:
    """Whether an object of the input bucket is a file to cluster."""
    return key.lower().endswith(INPUT_SUFFIXES)


def output_key(filename: str) -> str:
    """``clustered_<name>``, in the folder of the input."""
    folder, name = posixpath.split(filename)
    return posixpath.join(folder, OUTPUT_PREFIX + name)


def file_stem(filename: str) -> str:
    """Name without folder and suffix, with which cluster ids begin."""
    return posixpath.splitext(posixpath.basename(filename))[0]


def run_prefix(run_id: str) -> str:
    return f"{RUNS_PREFIX}{run_id}/"


def manifest_key(run_id: str) -> str:
    return f"{run_prefix(run_id)}manifest.json"


def results_prefix(run_id: str) -> str:
    """Where the clustering function writes the results of each batch."""
    return f"{run_prefix(run_id)}results/"


def result_key(run_id: str, batch: int) -> str:
    return f"{results_prefix(run_id)}{batch:06d}.json"


def executions_prefix(run_id: str) -> str:
    """Where the Distributed Map writes how each of its executions ended."""
    return f"{run_prefix(run_id)}executions/"


def summary_key(run_id: str) -> str:
    return f"{run_prefix(run_id)}summary.json"
