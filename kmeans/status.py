"""What is said of each cluster: inside the weight range or not, and why."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Reason codes; the values are written to ``cluster_status``.

    The first three are inside the weight range, ``POINT_ABOVE_MAX_RADIUS`` may be, the others are not.
    """

    OK = "ok"
    RADIUS_ABOVE_TARGET = "radius_above_target"
    BRIDGED = "bridged"
    POINT_ABOVE_MAX = "point_above_max"
    COMPONENT_BELOW_MIN = "component_below_min"
    TOTAL_BELOW_MIN = "total_below_min"
    NO_FEASIBLE_K = "no_feasible_k"
    ZERO_WEIGHT = "zero_weight"
    POINT_ABOVE_MAX_RADIUS = "point_above_max_radius"
    RADIUS_LIMITED = "radius_limited"
    BELOW_MIN = "below_min"
    ABOVE_MAX = "above_max"


class Reason(NamedTuple):
    """Why a cluster cannot be inside the range, or not within the largest allowed radius.

    Attributes:
        status: the code.
        value: for an island too light to stand alone the distance in metres to the nearest other ground, for a total
            that no number of clusters fits that total, otherwise NaN.
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


EXPLANATIONS = {
    Status.OK: "The weight is inside the range.",
    Status.RADIUS_ABOVE_TARGET: (
        "The weight is inside the range, the radius above the desired one: people live too far apart for both. "
        "The range goes first; lower the weights or accept the radius."
    ),
    Status.BRIDGED: "The weight is inside the range; the cluster holds an island that is too light to stand alone.",
    Status.POINT_ABOVE_MAX: (
        "One point alone is heavier than the maximum. Use smaller cells there, or a higher maximum, or select in the "
        "cell by segments."
    ),
    Status.COMPONENT_BELOW_MIN: (
        "The ground around is an island lighter than the minimum. Join it to its neighbour by bridging, or lower the "
        "minimum."
    ),
    Status.TOTAL_BELOW_MIN: "All points together are lighter than the minimum. Join the file with a neighbour.",
    Status.NO_FEASIBLE_K: (
        "The total of the connected ground falls into a gap: too heavy for some number of clusters, too light for one "
        "more. Widen the range a little, or join with a neighbour."
    ),
    Status.ZERO_WEIGHT: "No point of this ground has any weight. Leave such cells out of the file.",
    Status.POINT_ABOVE_MAX_RADIUS: (
        "One geometry alone is wider than the largest allowed radius. It stands by itself, whatever it weighs. Use "
        "smaller cells or polygons there, or allow a larger radius."
    ),
    Status.RADIUS_LIMITED: "Lighter than the minimum because the largest allowed radius was honoured first.",
    Status.BELOW_MIN: (
        "Lighter than the minimum: no division was found that keeps all of the ground in the range, as happens where "
        "few points are heavy against it. Widen the range, use smaller cells, or leave the number of clusters free."
    ),
    Status.ABOVE_MAX: (
        "Heavier than the maximum: no division was found that keeps all of the ground in the range, as happens where "
        "few points are heavy against it. Widen the range, use smaller cells, or leave the number of clusters free."
    ),
}
