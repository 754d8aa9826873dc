"""Systematic selection with probability proportional to size, and with certainty where that would be above one.

Madow 1949, "On the theory of systematic sampling, II": the sizes are laid end to end in the order of the frame, and
every unit is taken in which a point falls, the points lying one interval apart from a random start. In frames whose
order follows the map the sample is spread over it.
"""

from dataclasses import dataclass

import numpy as np

from kmeans.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class Selection:
    """A sample of the n units of a frame.

    Attributes:
        is_selected: bool (n,).
        probability: float64 (n,), inclusion probability of each unit; 0 for units of size 0.
        is_certain: bool (n,), units so large that they are in every sample.
        n_by_stratum: int64 (s,), units to select in each stratum.
    """

    is_selected: BoolArray
    probability: FloatArray
    is_certain: BoolArray
    n_by_stratum: IntArray


def select(sizes: FloatArray, strata: IntArray, n_selected: int, seed: int) -> Selection:
    """Select units; the same seed gives the same sample.

    Args:
        sizes: float64 (n,), at least 0, in the order of the frame.
        strata: int64 (n,), stratum of each unit, from 0; each has its own random start.
        n_selected: units to select in all, shared out in proportion to the sizes of the strata.
        seed: of the random starts.

    Raises:
        ValueError: fewer units than that have a size, or a stratum has some and would get none.

    >>> sample = select(np.array([50.0, 30.0, 20.0]), np.zeros(3, np.int64), n_selected=1, seed=0)
    >>> sample.probability.tolist(), int(sample.is_selected.sum())
    ([0.5, 0.3, 0.2], 1)
    """
    n_strata = int(strata.max(initial=-1)) + 1
    available = np.bincount(strata[sizes > 0], minlength=n_strata)
    if not 1 <= n_selected <= available.sum():
        raise ValueError(f"{n_selected:,} units cannot be selected from {int(available.sum()):,} with a size above 0")
    totals = np.bincount(strata, sizes, n_strata).astype(np.float64)
    counts = allocate(totals, available, n_selected)
    rng = np.random.default_rng(seed)
    probability, is_certain = np.zeros(len(sizes)), np.zeros(len(sizes), bool)
    is_selected = np.zeros(len(sizes), bool)
    for stratum, start in enumerate(rng.random(n_strata).tolist()):
        members = np.flatnonzero(strata == stratum)
        chances = inclusion_probabilities(sizes[members], int(counts[stratum]))
        probability[members] = chances
        is_certain[members] = chances == 1
        is_selected[members] = systematic(chances, start)
    return Selection(is_selected, probability, is_certain, counts)


def inclusion_probabilities(sizes: FloatArray, n_selected: int) -> FloatArray:
    """Probabilities in proportion to the sizes, float64 (n,), that add up to ``n_selected``; none is above 1.

    Units that would have more are taken with certainty, and the rest is shared among the others; this is repeated until
    no unit has more than 1.

    >>> inclusion_probabilities(np.array([80.0, 10.0, 10.0]), 2).tolist()
    [1.0, 0.5, 0.5]
    """
    probability = np.zeros(len(sizes))
    is_open = sizes > 0
    while True:
        left = n_selected - int((probability == 1).sum())
        total = sizes[is_open].sum()
        if left <= 0 or total <= 0:
            return probability
        # As many units as are left, up to rounding: all of them.
        is_large = is_open & (sizes * left >= total * (1 - 1e-12))
        if not is_large.any():
            probability[is_open] = sizes[is_open] * (left / total)
            return probability
        probability[is_large] = 1
        is_open &= ~is_large


def systematic(probability: FloatArray, start: float) -> BoolArray:
    """Units selected by points at ``start``, ``start`` + 1 ... on the sum of the probabilities, bool (n,).

    Args:
        probability: float64 (n,), between 0 and 1; they add up to a whole number.
        start: at least 0 and below 1.

    >>> systematic(np.array([0.5, 0.5, 0.5, 0.5]), start=0.2).tolist()
    [True, False, True, False]
    """
    reached = np.cumsum(probability)
    # Rounding must not lose the last point, nor give one to a unit that has no chance.
    whole = round(float(reached[-1])) if len(reached) else 0
    reached = np.minimum(reached, whole)
    if len(reached) and whole:
        reached[np.flatnonzero(probability)[-1] :] = whole
    points = np.ceil(reached - start)
    return np.asarray(np.diff(points, prepend=np.ceil(0.0 - start)) > 0)


def allocate(totals: FloatArray, available: IntArray, n_selected: int) -> IntArray:
    """Units of each stratum, int64 (s,), in proportion to ``totals``, rounded by largest remainders.

    No stratum gets more than it has, and each that has a unit gets one.

    Raises:
        ValueError: there are more strata than units to select.

    >>> allocate(np.array([600.0, 300.0, 100.0]), np.array([9, 9, 9]), 10).tolist()
    [6, 3, 1]
    """
    if n_selected < np.count_nonzero(available):
        raise ValueError(
            f"{np.count_nonzero(available):,} strata need at least one unit each, more than {n_selected:,} in all"
        )
    counts = np.minimum(1, available).astype(np.int64)
    while (left := n_selected - int(counts.sum())) > 0:
        wanted = np.where(counts < available, n_selected * totals / totals.sum() - counts, -np.inf)
        # One by one where the largest share is missing; the order of the strata decides among equals.
        whole = np.maximum(np.floor(wanted), 0)
        if whole.sum() == 0 or whole.sum() > left:
            counts[np.argmax(wanted)] += 1
        else:
            counts = np.minimum(counts + whole.astype(np.int64), available)
    return counts
