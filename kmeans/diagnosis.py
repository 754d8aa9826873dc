"""Says in words why clusters of a clustering are not as they should be, for reports."""

import math
from collections.abc import Sequence

import numpy as np

from kmeans.clustering import Clustering
from kmeans.parameters import Parameters, parameters_of
from kmeans.status import Finding, Status


def diagnose(clustering: Clustering, params: Parameters | Sequence[Parameters]) -> list[Finding]:
    """One finding for each status other than ``ok``, in the order of ``Status``.

    ``params`` are those of the clustering: one for all groups, or a sequence with one for each group number.
    """
    findings = []
    present = set(clustering.status.tolist()) - {Status.OK.value}
    for status in Status if present else ():
        if status.value not in present:
            continue
        members = np.flatnonzero(clustering.status == status)
        values = clustering.reason_value[members]
        text = status.explanation
        if status is Status.COMPONENT_BELOW_MIN:
            text += f" {_distances(values)}"
        elif status is Status.NO_FEASIBLE_K:
            groups = clustering.group[members].tolist()
            ranges = [parameters_of(params, group).weight_range for group in groups]
            gaps = sorted(set(zip(values.tolist(), ranges, strict=True)))
            text += "".join(f" {_gap(total, low, high)}" for total, (low, high) in gaps[:_MOST_TOTALS])
        findings.append(Finding(status.value, len(members), float(clustering.weight[members].sum()), text))
    return findings


# Totals that are spelled out; a longer list would not be read.
_MOST_TOTALS = 5


def _distances(metres: np.ndarray) -> str:
    near, far = f"{metres.min():,.0f} m", f"{metres.max():,.0f} m"
    return f"The nearest other ground is {near if near == far else f'{near} to {far}'} away."


def _gap(total: float, low: float, high: float) -> str:
    """The two totals between which ``total`` lies, and how many clusters they stand for."""
    fewer = math.floor(total / high)
    return (
        f"The total {total:,.6g} lies between {fewer * high:,.6g} ({fewer} clusters at most) "
        f"and {(fewer + 1) * low:,.6g} ({fewer + 1} at least)."
    )
