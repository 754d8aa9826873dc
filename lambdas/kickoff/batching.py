"""Packs files into batches of near-equal bytes, so that small files share an invocation and no batch lags behind."""

import heapq
import math

from lambdas.contract.events import MAX_FILES_PER_BATCH, Batch, FileItem

# About half a minute of work on one vCPU: far from the function's timeout, long against its start-up.
MAX_BYTES_PER_BATCH = 16 * 1024 * 1024
# Less than this is not worth the start-up of a function of its own.
MIN_BYTES_PER_BATCH = 256 * 1024
# With a few batches for each concurrent execution none of them waits long for the last one.
BATCHES_PER_EXECUTION = 4


def pack(files: list[FileItem], max_concurrency: int) -> list[Batch]:
    """Spread ``files`` over batches, the largest file first and always into the lightest batch that has room.

    The number of batches follows from the bytes in all: enough to keep ``max_concurrency`` executions busy, within the
    bounds above. Graham's rule keeps the heaviest batch within 4/3 of the best possible one.
    """
    if not files:
        return []
    total = sum(file.bytes or 0 for file in files)
    wanted = total / (max_concurrency * BATCHES_PER_EXECUTION)
    bytes_per_batch = min(max(wanted, MIN_BYTES_PER_BATCH), MAX_BYTES_PER_BATCH)
    n_batches = max(math.ceil(total / bytes_per_batch), math.ceil(len(files) / MAX_FILES_PER_BATCH), 1)
    contents: list[list[FileItem]] = [[] for _ in range(min(n_batches, len(files)))]
    # Bytes and files of each batch that has room: of two equally light ones, the one with fewer files is next.
    open_batches = [(0, 0, number) for number in range(len(contents))]
    for file in sorted(files, key=lambda file: (-(file.bytes or 0), file.filename)):
        n_bytes, n_files, number = heapq.heappop(open_batches)
        contents[number].append(file)
        if n_files + 1 < MAX_FILES_PER_BATCH:
            heapq.heappush(open_batches, (n_bytes + (file.bytes or 0), n_files + 1, number))
    return [Batch(number, tuple(content)) for number, content in enumerate(contents)]
