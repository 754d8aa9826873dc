"""What the table says of one run parameter besides its name, type and default."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import msgspec

# The value of ``crs`` with which each file gets a projection of its own.
AUTOMATIC_CRS = "auto"


class BySettlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One number for urban and another one for rural groups.

    >>> BySettlement(urban=300, rural=200).rural
    200
    """

    urban: float
    rural: float


class Rule(Enum):
    """A rule that needs the library of coordinate systems, which this package does not load.

    Who has loaded it checks the rule before the first file is read.
    """

    CRS = "a known coordinate system"
    PROJECTED_CRS = "a known projected coordinate system in metres, or auto"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of a run parameter; its name, type and default are those of the field that it annotates.

    Attributes:
        help: one or two sentences, with the unit: the help of the option, and the beginning of the documentation.
        details: what the documentation says besides, in Markdown.
        label: what a report calls it.
        unit: written behind the value in a report, "" for none.
        default: what happens by default, where the default itself (None, no values) does not say so.
        bounds: limits of the value, as keywords of JSON Schema.
        rule: a further rule that is checked before the work starts.
        option: name of the command-line option, without dashes; by default that of the parameter. For a parameter with
            several values, which the option takes one at a time, the name of one.
        metavar: what the help of the command calls a value; by default its type.
        is_required: whether the command line has no default.
        command_line_default: the default on the command line where it is another one.
    """

    help: str
    label: str
    details: str = ""
    unit: str = ""
    default: str = ""
    bounds: dict[str, Any] = field(default_factory=dict)
    rule: Rule | None = None
    option: str | None = None
    metavar: str | None = None
    is_required: bool = False
    command_line_default: Any = msgspec.UNSET
