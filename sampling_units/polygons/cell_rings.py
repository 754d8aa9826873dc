"""Borders of clusters of lattice cells: closed rings of corners, traced along the sides between different clusters."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kmeans.arrays import IntArray
from kmeans.jit import kernel

# Sides of a cell: below, right, above, left. Each runs counter-clockwise round the cell.
_SIDES = 4


class Rings(NamedTuple):
    """Rings that do not cross themselves, exteriors counter-clockwise and holes clockwise, both without repeated ends.

    Attributes:
        corners: int64 (m, 2), column and row; the cell (i, j) has the corners (i, j) to (i + 1, j + 1).
        indptr: int64 (r + 1,), the corners of ring q are ``corners[indptr[q]:indptr[q + 1]]``.
        region: int64 (r,), the connected region inside; cells that meet only at a corner are not connected.
        is_hole: bool (r,); each region has one exterior and any number of holes.
        label: int64 (number of regions,), cluster of each region.
    """

    corners: IntArray
    indptr: IntArray
    region: IntArray
    is_hole: npt.NDArray[np.bool_]
    label: IntArray


class _Buffers(NamedTuple):
    """Where rings are traced and written, with room for all s sides of all rings.

    Attributes:
        path: int64 (s,), corners of the ring that is being traced.
        is_kept: bool (s,), whether a corner of ``path`` is a corner of the ring.
        corners: int64 (s, 2), with the following three as in ``Rings``.
        indptr: int64 (s + 1,).
        region: int64 (s,).
        is_hole: bool (s,).
    """

    path: IntArray
    is_kept: npt.NDArray[np.bool_]
    corners: IntArray
    indptr: IntArray
    region: IntArray
    is_hole: npt.NDArray[np.bool_]


@kernel
def _empty_buffers(n_sides: int) -> _Buffers:
    return _Buffers(
        np.empty(n_sides, np.int64),
        np.empty(n_sides, np.bool_),
        np.empty((n_sides, 2), np.int64),
        np.zeros(n_sides + 1, np.int64),
        np.empty(n_sides, np.int64),
        np.empty(n_sides, np.bool_),
    )


@kernel
def trace_rings(keys: IntArray, labels: IntArray, width: int, keeps_all: bool) -> Rings:
    """Trace the rings of all clusters.

    Args:
        keys: int64 (n,), row * width + column of the cells, strictly ascending; no column is 0 or ``width - 1``.
        labels: int64 (n,), cluster of each cell.
        width: see ``keys``.
        keeps_all: keep also corners at which a ring goes straight on and nothing else ends.
    """
    n = keys.shape[0]
    beside = _cells_beside(keys, width)
    region, label_of_region = _regions(beside, labels)
    n_sides = 0
    for i in range(n):
        for side in range(_SIDES):
            n_sides += _is_border(beside, labels, i, side)
    buffers = _empty_buffers(n_sides)
    path, is_kept = buffers.path, buffers.is_kept
    n_rings = 0
    is_done = np.zeros((n, _SIDES), np.bool_)
    # Positions in the path where its region meets itself across a corner.
    pinches = np.empty(n_sides, np.int64)
    for start in range(n * _SIDES):
        i, side = start // _SIDES, start % _SIDES
        if is_done[i, side] or not _is_border(beside, labels, i, side):
            continue
        own = region[i]
        length, n_pinches = 0, 0
        while not is_done[i, side]:
            is_done[i, side] = True
            corner = _end(keys[i], side, width)
            ahead = (side + 1) % _SIDES
            if _is_border(beside, labels, i, ahead):
                # A region that meets itself here, across the corner, makes two rings of one.
                if _meets_itself(keys, region, keys[i] + _diagonal(side, width), own):
                    for p in range(n_pinches):
                        begin = pinches[p]
                        if path[begin] == corner:
                            _close(buffers, begin, length, width, own, n_rings)
                            n_rings += 1
                            length, n_pinches = begin, p
                            break
                    pinches[n_pinches] = length
                    n_pinches += 1
                path[length], is_kept[length] = corner, True
                side = ahead
            else:
                j = beside[i, ahead]
                if _is_border(beside, labels, j, side):
                    outer_i, outer_j = beside[i, side], beside[j, side]
                    other_i = labels[outer_i] if outer_i >= 0 else -1
                    other_j = labels[outer_j] if outer_j >= 0 else -1
                    path[length], is_kept[length] = corner, keeps_all or other_i != other_j
                    i = j
                else:
                    path[length], is_kept[length] = corner, True
                    i, side = beside[j, side], (side + 3) % _SIDES
            length += 1
        _close(buffers, 0, length, width, own, n_rings)
        n_rings += 1
    return Rings(
        buffers.corners[: buffers.indptr[n_rings]].copy(),
        buffers.indptr[: n_rings + 1].copy(),
        buffers.region[:n_rings].copy(),
        buffers.is_hole[:n_rings].copy(),
        label_of_region,
    )


@kernel
def _cells_beside(keys: IntArray, width: int) -> npt.NDArray[np.int32]:
    """The cells below, right, above and left of each cell, -1 where there is none."""
    n = keys.shape[0]
    beside = np.full((n, _SIDES), -1, np.int32)
    above = 0
    for i in range(n):
        if i + 1 < n and keys[i + 1] == keys[i] + 1:
            beside[i, 1], beside[i + 1, 3] = i + 1, i
        while above < n and keys[above] < keys[i] + width:
            above += 1
        if above < n and keys[above] == keys[i] + width:
            beside[i, 2], beside[above, 0] = above, i
    return beside


@kernel
def _regions(beside: npt.NDArray[np.int32], labels: IntArray) -> tuple[IntArray, IntArray]:
    """Number the regions, which are connected across sides: the region of each cell, and the cluster of each region."""
    n = labels.shape[0]
    region, label_of_region = np.full(n, -1, np.int64), np.empty(n, np.int64)
    stack = np.empty(n, np.int64)
    n_regions = 0
    for start in range(n):
        if region[start] >= 0:
            continue
        region[start] = n_regions
        label_of_region[n_regions] = labels[start]
        stack[0] = start
        depth = 1
        while depth > 0:
            depth -= 1
            i = stack[depth]
            for side in range(_SIDES):
                j = beside[i, side]
                if j >= 0 and region[j] < 0 and labels[j] == labels[i]:
                    region[j] = n_regions
                    stack[depth] = j
                    depth += 1
        n_regions += 1
    return region, label_of_region[:n_regions].copy()


@kernel
def _is_border(beside: npt.NDArray[np.int32], labels: IntArray, i: int, side: int) -> bool:
    """Whether the side of cell i is a border of its cluster."""
    j = beside[i, side]
    return bool(j < 0 or labels[j] != labels[i])


@kernel
def _end(key: int, side: int, width: int) -> int:
    """The corner in which a side of a cell ends, numbered like the cell to its upper right."""
    if side == 0:
        return key + 1
    if side == 1:
        return key + width + 1
    return key + width if side == 2 else key


@kernel
def _diagonal(side: int, width: int) -> int:
    """From the key of a cell to that of the cell across the corner in which ``side`` ends."""
    if side == 0:
        return 1 - width
    if side == 1:
        return width + 1
    return width - 1 if side == 2 else -width - 1


@kernel
def _meets_itself(keys: IntArray, region: IntArray, key: int, own: int) -> bool:
    """Whether there is a cell ``key``, in the region ``own``."""
    i = np.searchsorted(keys, key)
    return bool(i < keys.shape[0] and keys[i] == key and region[i] == own)


@kernel
def _close(buffers: _Buffers, begin: int, end: int, width: int, region: int, ring: int) -> None:
    """Write ``path[begin:end]`` as the ring of number ``ring``, around or in ``region``."""
    path, is_kept, corners = buffers.path, buffers.is_kept, buffers.corners
    n_corners = buffers.indptr[ring]
    twice_area = 0
    x, y = path[end - 1] % width, path[end - 1] // width
    for p in range(begin, end):
        next_x, next_y = path[p] % width, path[p] // width
        twice_area += x * next_y - next_x * y
        x, y = next_x, next_y
        if is_kept[p]:
            corners[n_corners, 0], corners[n_corners, 1] = x, y
            n_corners += 1
    buffers.region[ring] = region
    buffers.is_hole[ring] = twice_area < 0
    buffers.indptr[ring + 1] = n_corners
