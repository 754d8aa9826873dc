"""Clusters many groups of rows, each by itself, on one or more threads.

Groups share nothing and kernels release the interpreter's lock, so threads do without copies of the data.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from kmeans.arrays import IntArray, int_array
from kmeans.clustering import NO_CLUSTERS, Clustering, checked_cells, checked_rows, cluster_checked
from kmeans.errors import InvalidArray, InvalidParameter
from kmeans.parameters import Parameters, parameters_of
from kmeans.spatial.footprints import Footprints

# Groups of fewer rows spend most of their time in Python between the kernels, where threads hinder each other.
_SMALL = 200
# What a clustering says of each cluster.
_COLUMNS = [field.name for field in fields(Clustering) if field.name not in ("labels", "inertia")]


def cluster_groups(
    points: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    groups: npt.ArrayLike,
    params: Parameters | Sequence[Parameters],
    footprints: Footprints | None = None,
    cells: npt.ArrayLike | None = None,
    n_threads: int = 1,
) -> Clustering:
    """Like ``cluster``, but no cluster mixes rows of different groups.

    Clusters are numbered group after group in ascending order, within a group along its Hilbert curve. The result does
    not depend on the number of threads.

    >>> points = [[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [100.0, 100.0]]
    >>> found = cluster_groups(points, None, [0, 1, 0, 1], Parameters(target_weight=2.0))
    >>> found.labels.tolist(), found.group.tolist()
    ([0, 1, 0, 1], [0, 1])

    Args:
        points: float64 (n, 2), coordinates in metres; n may be 0.
        weights: float64 (n,), at least 0; None gives every point the weight 1.
        groups: int64 (n,), number of each row's group, from 0; a number without rows gives no cluster.
        params: what the clusters should look like; one for all groups, or a sequence with one for each group number.
            A fixed number of clusters is that of each group.
        footprints, cells: as in ``cluster``.
        n_threads: groups that are clustered at the same time. Each uses some hundred bytes a row while it runs.

    Raises:
        InvalidPoint, InvalidWeight, InvalidArray: as in ``cluster``; rows are those of these arrays.
        InvalidParameter: ``n_threads`` is below 1.
        InvalidArray: ``groups`` has another length than ``points``, or a number below 0 or without parameters.
    """
    points, weights, footprints = checked_rows(points, weights, footprints)
    cells = checked_cells(cells, len(points))
    groups = int_array("groups", groups)
    _check_groups(groups, len(points), params)
    if n_threads < 1:
        raise InvalidParameter("n_threads", n_threads, "has to be at least 1")
    if len(points) and not groups.any():
        return cluster_checked(points, weights, parameters_of(params, 0), footprints, cells)
    order, begin, end = _rows_by_group(groups)
    # From here on a group is known by its index among those that have rows.
    numbers = groups[order[begin]]
    labels = np.empty(len(points), np.int64)

    def work(index: int) -> Clustering:
        rows = order[begin[index] : end[index]]
        number = int(numbers[index])
        own_footprints = None if footprints is None else footprints.of_rows(rows)
        own_cells = None if cells is None else cells[rows]
        found = cluster_checked(points[rows], weights[rows], parameters_of(params, number), own_footprints, own_cells)
        # No two groups share a row, so threads may write here at the same time.
        labels[rows] = found.labels
        return replace(found, labels=labels[:0], group=np.full(found.n_clusters, number))

    # The largest first: a large one that came last would keep one thread busy while the others are done.
    by_size = np.argsort(begin - end, kind="stable").tolist()
    n_parallel = np.count_nonzero(end - begin >= _SMALL) if n_threads > 1 else 0
    found = _in_threads(work, by_size[:n_parallel], n_threads) if n_parallel else {}
    found |= {index: work(index) for index in by_size[n_parallel:]}
    parts = [found[index] for index in range(len(by_size))]
    n_clusters = 0
    for index, part in enumerate(parts):
        labels[order[begin[index] : end[index]]] += n_clusters
        n_clusters += part.n_clusters
    columns = {name: np.concatenate([getattr(part, name) for part in [NO_CLUSTERS, *parts]]) for name in _COLUMNS}
    return Clustering(labels=labels, inertia=sum((part.inertia for part in parts), 0.0), **columns)


def _check_groups(groups: IntArray, n_rows: int, params: Parameters | Sequence[Parameters]) -> None:
    if groups.shape != (n_rows,):
        raise InvalidArray(
            "groups", f"{n_rows} points need as many group numbers, not an array of shape {groups.shape}"
        )
    if n_rows == 0:
        return
    row = int(np.argmin(groups))
    if groups[row] < 0:
        raise InvalidArray("groups", f"row {row}: the group is {groups[row]}, but has to be at least 0")
    row = int(np.argmax(groups))
    if not isinstance(params, Parameters) and groups[row] >= len(params):
        raise InvalidArray(
            "groups", f"row {row}: the group is {groups[row]}, but there are parameters for {len(params)} groups"
        )


def _rows_by_group(groups: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Row numbers group after group, and where the rows of each group that has some begin and end among them."""
    order = np.argsort(groups, kind="stable")
    sorted_groups = groups[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = sorted_groups[1:] != sorted_groups[:-1]
    begin = np.flatnonzero(is_first)
    return order, begin, np.append(begin, len(order))[1:]


def _in_threads(work: Callable[[int], Clustering], indices: list[int], n_threads: int) -> dict[int, Clustering]:
    """``work`` of each index, by index; started in the order of ``indices``."""
    executor = ThreadPoolExecutor(n_threads)
    try:
        futures = {executor.submit(work, index): index for index in indices}
        return {futures[future]: future.result() for future in as_completed(futures)}
    finally:
        # After an error or an interrupt only those that run are waited for.
        executor.shutdown(cancel_futures=True)
