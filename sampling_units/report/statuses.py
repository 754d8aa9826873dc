"""What the page says of each status: words, colour, and whether it is an exception from the weight range."""

from typing import NamedTuple

from kmeans import EXPLANATIONS, Status


class StatusStyle(NamedTuple):
    """How a status is shown.

    Attributes:
        code: as written in the files.
        label, explanation: for people.
        colour: on the map, "" for the quiet one of clusters that are as wanted.
        in_range: whether such clusters are inside the weight range; None when each has to be looked at.
    """

    code: str
    label: str
    explanation: str
    colour: str
    in_range: bool | None


# Colours of Okabe and Ito, which everybody can tell apart, and of Tol's muted scheme where those run out.
_STYLES = {
    Status.OK: ("As wanted", "", True),
    Status.RADIUS_ABOVE_TARGET: ("Radius above target", "#56b4e9", True),
    Status.BRIDGED: ("Bridged", "#009e73", True),
    Status.POINT_ABOVE_MAX: ("One place above the maximum", "#d55e00", False),
    Status.COMPONENT_BELOW_MIN: ("Island below the minimum", "#e69f00", False),
    Status.TOTAL_BELOW_MIN: ("Whole area below the minimum", "#f0e442", False),
    Status.NO_FEASIBLE_K: ("No number of clusters fits", "#cc79a7", False),
    Status.ZERO_WEIGHT: ("No weight at all", "#8c8c8c", False),
    Status.POINT_ABOVE_MAX_RADIUS: ("One place above the largest radius", "#0072b2", None),
    Status.RADIUS_LIMITED: ("Below the minimum, radius limited", "#999933", False),
    Status.BELOW_MIN: ("Below the minimum", "#44aa99", False),
    Status.ABOVE_MAX: ("Above the maximum", "#aa4499", False),
}


def status_styles() -> list[StatusStyle]:
    """The styles of all statuses; ``ok`` is the first."""
    return [
        StatusStyle(status.value, label, EXPLANATIONS[status], colour, in_range)
        for status, (label, colour, in_range) in _STYLES.items()
    ]


def unknown_style(code: str) -> StatusStyle:
    """Of a status that this version does not know."""
    return StatusStyle(code, code, "This version of the program does not know this status.", "#8c8c8c", False)
