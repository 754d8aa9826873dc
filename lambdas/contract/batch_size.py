"""How many batches a run is cut into: known to the kickoff function, which fills them, and to the cost model."""

import math

from lambdas.contract.events import MAX_FILES_PER_BATCH

# Some 1.4 million cells: seconds of computing. A batch of many small files takes up to a minute, nearly all of it
# waiting for S3. Both are far from the function's timeout.
MAX_BYTES_PER_BATCH = 16 * 1024 * 1024
# Less than this is not worth the start-up of a function of its own.
MIN_BYTES_PER_BATCH = 256 * 1024
# With a few batches for each concurrent execution none of them waits long for the last one.
BATCHES_PER_EXECUTION = 4


def count_batches(n_files: int, n_bytes: int, max_concurrency: int) -> int:
    """Enough batches to keep ``max_concurrency`` executions busy, each within the bounds above; never an empty one."""
    wanted = n_bytes / (max_concurrency * BATCHES_PER_EXECUTION)
    bytes_per_batch = min(max(wanted, MIN_BYTES_PER_BATCH), MAX_BYTES_PER_BATCH)
    n_batches = max(math.ceil(n_bytes / bytes_per_batch), math.ceil(n_files / MAX_FILES_PER_BATCH), 1)
    return min(n_batches, n_files)
