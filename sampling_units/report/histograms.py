"""Histograms with round bin edges; values far out are counted in one bar at the end, which says so."""

from typing import Any

import numpy as np

from kmeans.arrays import FloatArray

_ABOUT_BINS = 60
_SHOWN_SHARE = 0.995
# The axis reaches at most so many times as far as what has to be on it.
_MOST_BEYOND = 2.5


def histogram(values: FloatArray, show_at_least: float) -> dict[str, Any]:
    """Counts of ``values`` of at least 0.

    Args:
        values: (k,) of the clusters; those that are not finite are left out.
        show_at_least: the axis reaches beyond this, such as the upper end of the range; 0 for nothing.

    Returns:
        ``step``: width of the bins, which begin at 0; ``counts``: of each; ``n_above``: values beyond the last bin.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return {"step": 1, "counts": [], "n_above": 0}
    end = float(np.quantile(values, _SHOWN_SHARE))
    if show_at_least > 0:
        end = min(max(end, show_at_least * 1.1), show_at_least * _MOST_BEYOND)
    end = end or 1.0
    step = _round_step(end / _ABOUT_BINS)
    n_bins = int(np.floor(end / step)) + 1
    bins = np.floor(values / step)
    inside = bins < n_bins
    return {
        "step": step,
        "counts": np.bincount(bins[inside].astype(np.int64), minlength=n_bins).tolist(),
        "n_above": int((~inside).sum()),
    }


def _round_step(step: float) -> float:
    """The next larger of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(round(factor * power, 12) for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * 0.999))
