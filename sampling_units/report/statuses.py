"""How the page shows each status: the entries of ``kmeans.Status``, and codes that this version does not know."""

from typing import NamedTuple

from kmeans import Status, Verdict


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


_IN_RANGE = {Verdict.INSIDE: True, Verdict.OUTSIDE: False, Verdict.EITHER: None}


def status_styles() -> list[StatusStyle]:
    """The styles of all statuses; ``ok`` is the first."""
    return [
        StatusStyle(status.value, status.label, status.explanation, status.colour, _IN_RANGE[status.verdict])
        for status in Status
    ]


def unknown_style(code: str) -> StatusStyle:
    """Of a status that this version does not know."""
    return StatusStyle(code, code, "This version of the program does not know this status.", "#8c8c8c", False)
