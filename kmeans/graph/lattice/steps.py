"""The two steps of a lattice, from the offsets between points and the points nearest to them."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree

# Points whose nearest points are searched.
_SAMPLE_SIZE = 256
# Offsets that are tried as the usual one, and the share of all offsets that has to agree with it.
_CANDIDATES, _LEAST_AGREEING = 7, 0.3
# Offsets agree that differ by this share of their length: projected lattices are bent a little.
_TOLERANCE = 0.2
# In metres: the square of a shorter offset underflows to zero.
_SHORTEST = 1e-150


def lattice_steps(tree: KdTree) -> FloatArray | None:
    """The two steps of the lattice that the points seem to lie on, float64 (2, 2), or None if there is none.

    The first step is the usual offset to the nearest point, the second that to the nearest point in another direction.
    """
    n = tree.x.shape[0]
    if n < 4:
        return None
    sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE_SIZE)).astype(np.int64))
    offsets = _nearest_offsets(tree, sample, min(12, n - 1))
    first = _usual_offset(offsets[:, 0])
    if first is None:
        return None
    across = np.abs(offsets[:, :, 0] * first[1] - offsets[:, :, 1] * first[0])
    independent = across > 0.5 * np.hypot(*first) * np.hypot(offsets[:, :, 0], offsets[:, :, 1])
    has_second = independent.any(axis=1)
    if has_second.mean() < 0.5:
        return None
    nearest = np.argmax(independent[has_second], axis=1)
    second = _usual_offset(offsets[has_second][np.arange(len(nearest)), nearest])
    return None if second is None else np.array([first, second])


def _usual_offset(offsets: FloatArray) -> FloatArray | None:
    """The offset, up to its sign, that most of ``offsets`` (m, 2) are near to, or None if there is none."""
    lengths = np.hypot(offsets[:, 0], offsets[:, 1])
    # In a square lattice the nearest point lies in either direction by chance: try several, take the most usual.
    ranks = (len(lengths) - 1) * np.arange(1, _CANDIDATES + 1) // (_CANDIDATES + 1)
    best: FloatArray | None = None
    most = _LEAST_AGREEING * len(offsets)
    for candidate in offsets[np.argsort(lengths, kind="stable")[ranks]]:
        length = float(np.hypot(*candidate))
        if not _SHORTEST < length < np.inf:
            continue
        folded = offsets * np.where(offsets @ candidate < 0, -1.0, 1.0)[:, None]
        near = np.hypot(*(folded - candidate).T) < _TOLERANCE * length
        n_near = int(np.count_nonzero(near))
        if n_near > most:
            best, most = np.median(folded[near], axis=0), n_near
    return best


@kernel
def _nearest_offsets(tree: KdTree, sample: IntArray, n_nearest: int) -> FloatArray:
    """Offsets from each sampled point to its nearest other points, nearest first; infinite if there are too few."""
    offsets = np.full((sample.shape[0], n_nearest, 2), np.inf)
    squared = np.empty(n_nearest)
    for s in range(sample.shape[0]):
        i = sample[s]
        squared[:] = np.inf
        node = 0
        while node < tree.first.shape[0]:
            dx = max(tree.bounds[node, 0] - tree.x[i], tree.x[i] - tree.bounds[node, 1], 0.0)
            dy = max(tree.bounds[node, 2] - tree.y[i], tree.y[i] - tree.bounds[node, 3], 0.0)
            if dx * dx + dy * dy >= squared[n_nearest - 1]:
                node = tree.after[node]
                continue
            if tree.after[node] == node + 1:
                for other in range(tree.first[node], tree.last[node]):
                    dx, dy = tree.x[other] - tree.x[i], tree.y[other] - tree.y[i]
                    d = dx * dx + dy * dy
                    if other == i or d >= squared[n_nearest - 1]:
                        continue
                    rank = n_nearest - 1
                    while rank > 0 and squared[rank - 1] > d:
                        squared[rank] = squared[rank - 1]
                        offsets[s, rank] = offsets[s, rank - 1]
                        rank -= 1
                    squared[rank] = d
                    offsets[s, rank, 0], offsets[s, rank, 1] = dx, dy
            node += 1
    return offsets
