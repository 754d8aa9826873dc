"""What is said of each cluster: inside the weight range or not, and why."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Self


class Verdict(StrEnum):
    """What a status says of the weight: a note on a cluster inside the range, a failure outside it, or either.

    >>> Status.ABOVE_MAX.verdict is Verdict.OUTSIDE
    True
    """

    INSIDE = "inside"
    OUTSIDE = "outside"
    EITHER = "inside or outside"


class Status(StrEnum):
    """Whether a cluster is as wanted, and if not why: one entry for each status, from which all its uses are made.

    An entry is the code that is written to ``cluster_status``, a label, a verdict on the weight, a colour on maps, and
    an explanation: what it means and what to change.

    >>> Status.BRIDGED.value, Status.BRIDGED.verdict.value, Status.BRIDGED.label
    ('bridged', 'inside', 'Bridged')
    """

    label: str
    verdict: Verdict
    colour: str
    explanation: str

    def __new__(cls, code: str, label: str, verdict: Verdict, colour: str, explanation: str) -> Self:
        status = str.__new__(cls, code)
        status._value_ = code
        status.label, status.verdict, status.colour, status.explanation = label, verdict, colour, explanation
        return status

    # Colours of Okabe and Ito, which everybody can tell apart, and of Tol's muted scheme where those run out; none for
    # clusters that are as wanted.
    OK = (
        "ok",
        "As wanted",
        Verdict.INSIDE,
        "",
        "The weight is inside the range.",
    )
    RADIUS_ABOVE_TARGET = (
        "radius_above_target",
        "Radius above target",
        Verdict.INSIDE,
        "#56b4e9",
        "The weight is inside the range, the radius above the desired one: people live too far apart for "
        "both. The range goes first; lower the weights or accept the radius.",
    )
    BRIDGED = (
        "bridged",
        "Bridged",
        Verdict.INSIDE,
        "#009e73",
        "The weight is inside the range; the cluster holds an island that is too light to stand alone.",
    )
    POINT_ABOVE_MAX = (
        "point_above_max",
        "One place above the maximum",
        Verdict.OUTSIDE,
        "#d55e00",
        "One point alone is heavier than the maximum. Use smaller cells there, or a higher maximum, or "
        "select in the cell by segments.",
    )
    COMPONENT_BELOW_MIN = (
        "component_below_min",
        "Island below the minimum",
        Verdict.OUTSIDE,
        "#e69f00",
        "The ground around is an island lighter than the minimum. Join it to its neighbour by bridging, or "
        "lower the minimum.",
    )
    TOTAL_BELOW_MIN = (
        "total_below_min",
        "Whole area below the minimum",
        Verdict.OUTSIDE,
        "#f0e442",
        "All points together are lighter than the minimum. Join the file with a neighbour.",
    )
    NO_FEASIBLE_K = (
        "no_feasible_k",
        "No number of clusters fits",
        Verdict.OUTSIDE,
        "#cc79a7",
        "The total of the connected ground falls into a gap: too heavy for some number of clusters, too "
        "light for one more. Widen the range a little, or join with a neighbour.",
    )
    ZERO_WEIGHT = (
        "zero_weight",
        "No weight at all",
        Verdict.OUTSIDE,
        "#8c8c8c",
        "No point of this ground has any weight. Leave such cells out of the file.",
    )
    POINT_ABOVE_MAX_RADIUS = (
        "point_above_max_radius",
        "One place above the largest radius",
        Verdict.EITHER,
        "#0072b2",
        "One geometry alone is wider than the largest allowed radius. It stands by itself, whatever it "
        "weighs. Use smaller cells or polygons there, or allow a larger radius.",
    )
    RADIUS_LIMITED = (
        "radius_limited",
        "Below the minimum, radius limited",
        Verdict.OUTSIDE,
        "#999933",
        "Lighter than the minimum because the largest allowed radius was honoured first.",
    )
    BELOW_MIN = (
        "below_min",
        "Below the minimum",
        Verdict.OUTSIDE,
        "#44aa99",
        "Lighter than the minimum: no division was found that keeps all of the ground in the range, as "
        "happens where few points are heavy against it. Widen the range, use smaller cells, or leave the "
        "number of clusters free.",
    )
    ABOVE_MAX = (
        "above_max",
        "Above the maximum",
        Verdict.OUTSIDE,
        "#aa4499",
        "Heavier than the maximum: no division was found that keeps all of the ground in the range, as "
        "happens where few points are heavy against it. Widen the range, use smaller cells, or leave the "
        "number of clusters free.",
    )


class Reason(NamedTuple):
    """Why a cluster cannot be inside the range, or not within the largest allowed radius.

    Attributes:
        status: the code.
        value: for an island that is too light, the distance in metres to the nearest other points; for a total weight
            that no number of clusters fits, that total; otherwise NaN.
    """

    status: Status
    value: float = math.nan


@dataclass(frozen=True)
class Finding:
    """The clusters of one status other than ``ok``.

    Attributes:
        status: the code.
        n_clusters, weight: how many, and what they weigh together.
        text: what it means, what to change, and where it applies the distances or totals.
    """

    status: str
    n_clusters: int
    weight: float
    text: str
