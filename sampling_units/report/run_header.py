"""What the head of the page says of a run: where it came from, how long it took, with which parameters."""

import math
from typing import Any, NamedTuple

import msgspec

from sampling_units.formatting import duration
from sampling_units.parameters import BySettlement, Parameter, RunParameters, parameter_table


class RunHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a run besides its frames; what is None is left out of the page.

    Attributes:
        title: name of the run.
        params: what it was started with.
        version: the release that clustered.
        started: date and time, as it is to be read.
        duration_seconds: from start to end.
        dollars: estimated cost.
        input, output: buckets or folders.
        n_found: files that there are, n_done: those that are clustered now, n_skipped: those of them that an earlier
            run had done, n_failed: those that could not be; by default the first two come from what the
            builder got, and so does n_failed if it got a failure, without which nothing is said of failures.
        note: a sentence that the reader has to know, such as what is not on the page.
    """

    title: str
    params: RunParameters
    version: str | None = None
    started: str | None = None
    duration_seconds: float | None = None
    dollars: float | None = None
    input: str | None = None
    output: str | None = None
    n_found: int | None = None
    n_done: int | None = None
    n_skipped: int | None = None
    n_failed: int | None = None
    note: str | None = None


class Fact(NamedTuple):
    """A line of a table: what it is, its value, and the parameter's name if it is one."""

    label: str
    value: str
    name: str = ""


class WeightRange(NamedTuple):
    """Lightest and heaviest allowed cluster, infinite for no maximum; the kind is "" where all are alike."""

    kind: str
    low: float
    high: float
    target: float


def weight_ranges(params: RunParameters) -> list[WeightRange]:
    """The range of all clusters, or those of urban and of rural ones where they differ."""
    urban, rural = params.for_settlement(True), params.for_settlement(False)
    if urban.weight_range == rural.weight_range:
        return [WeightRange("", *urban.weight_range, max(urban.target_weight, rural.target_weight))]
    return [
        WeightRange("urban", *urban.weight_range, urban.target_weight),
        WeightRange("rural", *rural.weight_range, rural.target_weight),
    ]


def target_radii(params: RunParameters) -> list[tuple[str, float]]:
    """The desired radii in metres with the kind they are for, "" for all; empty if none is wanted."""
    if params.radius is None:
        return []
    if isinstance(params.radius, BySettlement):
        return [("urban", params.radius.urban), ("rural", params.radius.rural)]
    return [("", params.radius)]


def range_text(limits: WeightRange) -> str:
    """The range as people read it."""
    kind = f" ({limits.kind})" if limits.kind else ""
    if math.isinf(limits.high):
        return f"{number(limits.low)} or more{kind}"
    return f"{number(limits.low)} to {number(limits.high)}{kind}"


def parameter_facts(params: RunParameters) -> tuple[list[Fact], list[Fact]]:
    """The parameters that differ from their defaults together with target and weights, and all others."""
    changed = params.changed()
    chosen: list[Fact] = []
    others: list[Fact] = []
    for name, parameter in parameter_table().items():
        fact = Fact(parameter.entry.label, _value_text(parameter, getattr(params, name)), name)
        is_chosen = name in {"target_weight", "weight_column"} or name in changed
        (chosen if is_chosen else others).append(fact)
    return chosen, others


def run_facts(header: RunHeader) -> list[Fact]:
    """What is known of the run, one line each."""
    facts = [
        ("Started", header.started),
        ("Duration", None if header.duration_seconds is None else duration(header.duration_seconds)),
        ("Estimated cost", None if header.dollars is None else _dollars_text(header.dollars)),
        ("Version of the program", header.version),
        ("Input", header.input),
        ("Output", header.output),
    ]
    return [Fact(label, value) for label, value in facts if value is not None]


def _dollars_text(dollars: float) -> str:
    if 0 < dollars < 0.0001:
        return "less than $0.0001"
    return f"${dollars:,.4f}" if 0 < dollars < 0.01 else f"${dollars:,.2f}"


def number(value: float) -> str:
    """A number with as many digits as a reader needs, thousands set apart."""
    if not math.isfinite(value):
        return "none"
    if value == round(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.3g}"


def _value_text(parameter: Parameter, value: Any) -> str:
    unit = f" {parameter.entry.unit}" if parameter.entry.unit else ""
    if isinstance(value, BySettlement):
        return f"{number(value.urban)}{unit} (urban), {number(value.rural)}{unit} (rural)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,g}{unit}"
    if value in (None, ()):
        return parameter.entry.default or "none"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
