"""How many batches a run is cut into: known to the kickoff function, which fills them, and to the cost model."""

import math
from dataclasses import dataclass

from sampling_units.runs.events import MAX_FILES_PER_BATCH
from sampling_units.runs.work_time import BYTES_PER_CELL, MEGABYTES_PER_VCPU, working_seconds

DEFAULT_TIMEOUT_MINUTES = 5
# Some 1.4 million cells: seconds of computing.
MAX_BYTES_PER_BATCH = 16 * 1024 * 1024
# Less than this is not worth an invocation of its own.
MIN_BYTES_PER_BATCH = 256 * 1024
# The files of a batch as JSON. The state machine passes at most 256 KiB from state to state; the rest is for
# parameters, bucket names, and an error with a cause of up to 32 KiB.
MAX_ENCODED_BYTES_PER_BATCH = 160 * 1024
# With a few batches for each concurrent invocation, no run waits long for its last batch.
BATCHES_PER_INVOCATION_SLOT = 4
# Shares of the function's timeout that a batch is planned to take: for the number of its files (nearly all of it
# waiting for S3), and for their cells. The rest is for files that are slower than most.
_TIMEOUT_FOR_FILES, _TIMEOUT_FOR_CELLS = 1 / 4, 1 / 12


@dataclass(frozen=True)
class BatchLimits:
    """Files and bytes that a batch may have, so that it ends long before the function's timeout."""

    files: int
    bytes: int

    @classmethod
    def of(cls, memory_mb: int = MEGABYTES_PER_VCPU, timeout_minutes: int = DEFAULT_TIMEOUT_MINUTES) -> "BatchLimits":
        """The limits for a clustering function of so much memory and time."""
        timeout = 60 * timeout_minutes
        n_files = int(timeout * _TIMEOUT_FOR_FILES / working_seconds(1, 0, memory_mb))
        n_cells = timeout * _TIMEOUT_FOR_CELLS / working_seconds(0, 1, memory_mb)
        n_bytes = min(int(n_cells * BYTES_PER_CELL), MAX_BYTES_PER_BATCH)
        return cls(max(1, min(n_files, MAX_FILES_PER_BATCH)), max(n_bytes, MIN_BYTES_PER_BATCH))


def count_batches(n_files: int, n_bytes: int, max_concurrency: int, limits: BatchLimits) -> int:
    """Enough batches to keep ``max_concurrency`` invocations busy, each within the limits; never an empty one."""
    wanted = n_bytes / (max_concurrency * BATCHES_PER_INVOCATION_SLOT)
    bytes_per_batch = min(max(wanted, MIN_BYTES_PER_BATCH), limits.bytes)
    n_batches = max(math.ceil(n_bytes / bytes_per_batch), math.ceil(n_files / limits.files), 1)
    return min(n_batches, n_files)
