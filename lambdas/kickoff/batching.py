"""Packs files into batches of near-equal bytes, so that small files share an invocation and no batch lags."""

import heapq
import json
from dataclasses import replace

from sampling_units.runs.batch_size import MAX_ENCODED_BYTES_PER_BATCH, BatchLimits, count_batches
from sampling_units.runs.events import Batch, FileItem


def pack(files: list[FileItem], max_concurrency: int, limits: BatchLimits) -> list[Batch]:
    """Distribute ``files`` over batches: the largest file first, each into the lightest batch that has room.

    Graham's rule keeps the heaviest batch within 4/3 of the best possible one. Where names are long, batches have fewer
    files than ``limits`` allows, since a batch has to fit into an event of the state machine.
    """
    n_fitting = MAX_ENCODED_BYTES_PER_BATCH // max(map(_encoded_bytes, files), default=1)
    limits = replace(limits, files=min(limits.files, n_fitting))
    n_batches = count_batches(len(files), sum(file.bytes or 0 for file in files), max_concurrency, limits)
    contents: list[list[FileItem]] = [[] for _ in range(n_batches)]
    # Heap of (bytes, files, number) of the batches with room; of two equally light ones the one with fewer files wins.
    open_batches = [(0, 0, number) for number in range(len(contents))]
    for file in sorted(files, key=lambda file: (-(file.bytes or 0), file.filename)):
        n_bytes, n_files, number = heapq.heappop(open_batches)
        contents[number].append(file)
        if n_files + 1 < limits.files:
            heapq.heappush(open_batches, (n_bytes + (file.bytes or 0), n_files + 1, number))
    return [Batch(number, tuple(content)) for number, content in enumerate(contents)]


def _encoded_bytes(file: FileItem) -> int:
    """Bytes of a file in JSON with every other character escaped: the longest form that its name can have."""
    return len(json.dumps({"filename": file.filename, "bytes": file.bytes})) + len(", ")
