"""Packs files into batches of near-equal bytes, so that small files share an invocation and no batch lags behind."""

import heapq

from lambdas.contract.batch_size import BatchLimits, count_batches
from lambdas.contract.events import Batch, FileItem


def pack(files: list[FileItem], max_concurrency: int, limits: BatchLimits) -> list[Batch]:
    """Spread ``files`` over batches, the largest file first and always into the lightest batch that has room.

    Graham's rule keeps the heaviest batch within 4/3 of the best possible one.
    """
    n_batches = count_batches(len(files), sum(file.bytes or 0 for file in files), max_concurrency, limits)
    contents: list[list[FileItem]] = [[] for _ in range(n_batches)]
    # Bytes and files of each batch that has room: of two equally light ones, the one with fewer files is next.
    open_batches = [(0, 0, number) for number in range(len(contents))]
    for file in sorted(files, key=lambda file: (-(file.bytes or 0), file.filename)):
        n_bytes, n_files, number = heapq.heappop(open_batches)
        contents[number].append(file)
        if n_files + 1 < limits.files:
            heapq.heappush(open_batches, (n_bytes + (file.bytes or 0), n_files + 1, number))
    return [Batch(number, tuple(content)) for number, content in enumerate(contents)]
