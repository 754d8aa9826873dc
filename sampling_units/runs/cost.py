"""What a run on AWS takes and costs, before it is started: measured seconds, published prices, AWS quotas.

How the constants were found, and what the model leaves out, is in docs/cost.md.
"""

import math
from typing import Literal

import msgspec

from sampling_units.runs.batch_size import DEFAULT_TIMEOUT_MINUTES, BatchLimits, count_batches
from sampling_units.runs.events import DEFAULT_MAX_CONCURRENCY, MOST_JOINED_FRAMES
from sampling_units.runs.work_time import BYTES_PER_CELL, MEGABYTES_PER_VCPU, SLOWER, slowness, working_seconds

# Initialisation and loading of compiled code, once for each execution environment, and a second for the platform.
_START_SECONDS = 2.0
# Kickoff and summary: keys listed in a second, and objects whose metadata or content are read.
_LISTED_PER_SECOND, _LOOKED_AT_PER_SECOND = 5000, 280
# Frames that the summary function reads, joins and draws in a second.
_JOINED_PER_SECOND = 300
_COORDINATOR_GB = 2
_LIST_PAGE = 1000
# Dollars, us-east-1, November 2025, without the free tier.
_GB_SECOND = {"arm64": 0.0000133334, "x86_64": 0.0000166667}
_LAMBDA_REQUEST = 0.20e-6
_STATE_TRANSITION = 25e-6
_S3_WRITE_OR_LIST, _S3_READ = 5e-6, 0.4e-6
_LOG_GB = 0.50
_LOG_BYTES_PER_FILE = 400
# Transitions of a run itself and of each batch (start, invocation).
_RUN_TRANSITIONS, _BATCH_TRANSITIONS = 10, 2

# Timeout of kickoff and summary, and what the functions can hold.
COORDINATOR_MINUTES = 15
_MOST_SUMMARISED, _LEAST_MEGABYTES = 1_000_000, 512

Architecture = Literal["arm64", "x86_64"]


class CostEstimate(msgspec.Struct, frozen=True, kw_only=True):
    """Time and money of one run.

    Attributes:
        n_files, n_cells, n_batches: what is done, in how many invocations.
        compute_seconds: of the clustering function, all invocations together.
        gb_seconds: of all functions.
        duration_seconds: from start to end, with ``max_concurrency`` invocations at a time.
        dollars: by what is paid for.
        total_dollars: their sum.
        warnings: why the run would not end as estimated.
    """

    n_files: int
    n_cells: int
    n_batches: int
    compute_seconds: float
    gb_seconds: float
    duration_seconds: float
    dollars: dict[str, float]
    total_dollars: float
    warnings: list[str]


class FunctionSize(msgspec.Struct, frozen=True, kw_only=True):
    """How the clustering function is deployed: memory in MB, processor, and timeout in minutes."""

    memory_mb: int = MEGABYTES_PER_VCPU
    architecture: Architecture = "arm64"
    timeout_minutes: int = DEFAULT_TIMEOUT_MINUTES


DEFAULT_FUNCTION = FunctionSize()


def estimate_cost(
    n_files: int,
    n_cells: int | None = None,
    *,
    n_bytes: int | None = None,
    n_done: int = 0,
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY,
    function: FunctionSize = DEFAULT_FUNCTION,
) -> CostEstimate:
    """Estimate a run that clusters ``n_files`` files.

    Args:
        n_files: files to do.
        n_cells: rows of all of them; by default as many as ``n_bytes`` usually hold.
        n_bytes: size of all of them, compressed.
        n_done: files of which an output exists already; all that happens to them is that it is looked at.
        max_concurrency: invocations at a time.
        function: how the clustering function is deployed.

    Raises:
        ValueError: neither cells nor bytes are given, or a number is below its least.
    """
    memory_mb = function.memory_mb
    if n_cells is None and n_bytes is None:
        raise ValueError("either the cells or the bytes of the files have to be given")
    if min(n_files, n_cells or 0, n_bytes or 0, n_done) < 0 or max_concurrency < 1 or memory_mb < 128:
        raise ValueError("files, cells and bytes have to be at least 0, the concurrency 1 and the memory 128 MB")
    cells = n_cells if n_cells is not None else math.ceil((n_bytes or 0) / BYTES_PER_CELL)
    size = n_bytes if n_bytes is not None else cells * BYTES_PER_CELL
    batches = count_batches(n_files, size, max_concurrency, BatchLimits.of(memory_mb, function.timeout_minutes))
    working = working_seconds(n_files, cells, memory_mb)
    bill = _bill(working, n_files, batches, n_done, max_concurrency, memory_mb, function.architecture)
    places = max(1, min(max_concurrency, batches))
    return CostEstimate(
        n_files=n_files,
        n_cells=cells,
        n_batches=batches,
        compute_seconds=bill.compute_seconds,
        gb_seconds=bill.gb_seconds,
        duration_seconds=(bill.compute_seconds / places if n_files else 0.0) + bill.coordinating_seconds,
        dollars=bill.dollars,
        total_dollars=sum(bill.dollars.values()),
        warnings=_warnings(n_files + n_done, batches, working, bill.coordinating_seconds, function),
    )


def cost_of_work(
    seconds: float,
    *,
    n_files: int,
    n_batches: int,
    n_done: int,
    max_concurrency: int,
    memory_mb: int,
    architecture: Architecture,
) -> float:
    """Dollars of work that was done, from the seconds that its files took.

    Args:
        seconds: measured in the clustering function, all files together.
        n_files, n_batches: so far.
        n_done, max_concurrency, memory_mb, architecture: as in ``estimate_cost``.
    """
    bill = _bill(seconds, n_files, n_batches, n_done, max_concurrency, memory_mb, architecture)
    return sum(bill.dollars.values())


class _Bill(msgspec.Struct, frozen=True, kw_only=True):
    compute_seconds: float
    coordinating_seconds: float
    gb_seconds: float
    dollars: dict[str, float]


def _bill(
    working: float,
    n_files: int,
    n_batches: int,
    n_done: int,
    max_concurrency: int,
    memory_mb: int,
    architecture: Architecture,
) -> _Bill:
    """What is paid for files that keep the clustering function busy for so many seconds."""
    places = min(max_concurrency, n_batches)
    starting = _START_SECONDS * slowness(memory_mb) / SLOWER * places
    # Kickoff lists inputs, outputs and frames, and looks at the outputs that are there; summary lists outputs and
    # frames again, reads the result of every batch, and joins the frames of all files.
    n_listed = n_files + 3 * n_done + 2 * (n_files + n_done)
    coordinating = n_listed / _LISTED_PER_SECOND + (n_done + n_batches) / _LOOKED_AT_PER_SECOND
    n_joined = n_files + n_done if n_files + n_done <= MOST_JOINED_FRAMES else 0
    coordinating += n_joined / _JOINED_PER_SECOND
    gb_seconds = (working + starting) * memory_mb / 1024 + _COORDINATOR_GB * (coordinating + 1)
    n_reads = n_files + n_done + n_joined + 2 * n_batches
    return _Bill(
        compute_seconds=working + starting,
        coordinating_seconds=coordinating,
        gb_seconds=gb_seconds,
        dollars={
            "Lambda compute": gb_seconds * _GB_SECOND[architecture],
            "Lambda requests": (n_batches + 2) * _LAMBDA_REQUEST,
            "Step Functions transitions": (_RUN_TRANSITIONS + _BATCH_TRANSITIONS * n_batches) * _STATE_TRANSITION,
            "S3 requests": (2 * n_files + 2 * n_batches + math.ceil(n_listed / _LIST_PAGE)) * _S3_WRITE_OR_LIST
            + n_reads * _S3_READ,
            "CloudWatch logs": n_files * _LOG_BYTES_PER_FILE / 1e9 * _LOG_GB,
        },
    )


def _warnings(n_files: int, n_batches: int, working: float, coordinating: float, function: FunctionSize) -> list[str]:
    """What would stop such a run."""
    found = []
    minutes = working / max(n_batches, 1) / 60
    if minutes > function.timeout_minutes:
        found.append(
            f"an invocation would take about {minutes:,.0f} minutes; the function is stopped after "
            f"{function.timeout_minutes}: split the files, or raise timeout_minutes"
        )
    if coordinating > 60 * COORDINATOR_MINUTES:
        found.append(
            f"listing and looking at {n_files:,} files takes {coordinating / 60:,.0f} minutes; kickoff is stopped "
            f"after {COORDINATOR_MINUTES}: start runs by prefix"
        )
    if n_files > _MOST_SUMMARISED:
        found.append(f"the summary function has memory for {_MOST_SUMMARISED:,} files: start runs by prefix")
    if function.memory_mb < _LEAST_MEGABYTES:
        found.append(
            f"with {function.memory_mb} MB even a file of 100,000 cells does not fit; "
            f"{_LEAST_MEGABYTES} MB are the least"
        )
    return found
