"""What the page says in words and figures: the part that a reader sees without scripts."""

from typing import Any, NamedTuple

import numpy as np

from sampling_units.report.cluster_records import ClusterRecords
from sampling_units.report.failures import MOST_LISTED, Failures
from sampling_units.report.file_totals import FileTotals
from sampling_units.report.page_data import MOST_EXCEPTIONS_PER_STATUS
from sampling_units.report.run_header import RunHeader, number, parameter_facts, range_text, run_facts, weight_ranges


class KeyFigure(NamedTuple):
    """A number with what it is, and a remark below it."""

    label: str
    value: str
    remark: str = ""


class Reason(NamedTuple):
    """The clusters of a status other than ``ok``."""

    code: str
    label: str
    colour: str
    explanation: str
    n_clusters: str
    share: str
    weight: str
    verdict: str


def page_text(header: RunHeader, clusters: ClusterRecords, totals: FileTotals, failures: Failures) -> dict[str, Any]:
    """The variables of the template."""
    chosen, others = parameter_facts(header.params)
    ranges = weight_ranges(header.params)
    # A page of results alone knows nothing of failures.
    n_failed = header.n_failed if header.n_failed is not None else failures.n_files or None
    reasons = _reasons(clusters, totals)
    return {
        "title": header.title,
        "summary": _summary(totals, n_failed, " or ".join(range_text(limits) for limits in ranges), header.note),
        "figures": _key_figures(header, clusters, totals, n_failed),
        "run_facts": run_facts(header),
        "parameters": chosen,
        "other_parameters": others,
        "reasons": reasons,
        "n_clusters": f"{len(clusters):,}",
        "is_detailed": clusters.ids is not None,
        "has_several_files": totals.n_files > 1,
        "cut_reasons": [reason.label for reason in reasons if _is_cut(reason, clusters)],
        "most_exceptions": f"{MOST_EXCEPTIONS_PER_STATUS:,}",
        "failure_groups": failures.groups(),
        "are_failures_known": n_failed is not None,
        "n_failures": failures.n_files,
        "most_failures": MOST_LISTED,
        "has_groups": any(name for _, name in clusters.areas),
        "weight_name": header.params.weight_column,
    }


def _summary(totals: FileTotals, n_failed: int | None, ranges: str, note: str | None) -> str:
    if not totals.n_files:
        text = "No file was clustered." if note is None else f"The clusters are not shown: {note}."
    else:
        of_files = "1 file" if totals.n_files == 1 else f"{totals.n_files:,} files"
        text = f"{totals.n_clusters:,} clusters from {of_files}"
        if totals.n_clusters:
            text += f"; {share(totals.n_in_range, totals.n_clusters)} of them are inside the weight range of {ranges}"
        text += "."
    if n_failed:
        text += f" {'1 file' if n_failed == 1 else f'{n_failed:,} files'} could not be clustered."
    return text


def _key_figures(
    header: RunHeader, clusters: ClusterRecords, totals: FileTotals, n_failed: int | None
) -> list[KeyFigure]:
    records = clusters.array()
    n_done = totals.n_files if header.n_done is None else header.n_done
    n_outside = totals.n_clusters - totals.n_in_range
    n_exceptions = int((records["status"] > 0).sum())
    n_invalid = f"{totals.n_invalid:,} left out" if totals.n_invalid else ""
    figures = [KeyFigure("Files clustered", f"{n_done:,}", _files_remark(header, n_done, n_failed))]
    if header.note is not None and not totals.n_files:
        return figures
    figures += [
        KeyFigure("Rows", f"{totals.n_rows:,}", n_invalid),
        KeyFigure("Clusters", f"{totals.n_clusters:,}"),
    ]
    if not len(records):
        return figures
    in_range = share(totals.n_in_range, totals.n_clusters)
    weight = float(np.median(records["weight"]))
    radius = float(np.median(records["radius"]))
    return [
        *figures,
        KeyFigure("Inside the range", in_range, f"{n_outside:,} outside" if n_outside else "all of them"),
        KeyFigure("Median weight", number(weight), f"{number(totals.weight)} in all"),
        KeyFigure("Median radius", f"{number(round(radius))} m"),
        KeyFigure("Exceptions", f"{n_exceptions:,}", _exceptions_remark(n_exceptions, n_outside)),
    ]


def _exceptions_remark(n_exceptions: int, n_outside: int) -> str:
    n_notes = n_exceptions - n_outside
    if n_notes <= 0:
        return ""
    return "all of them notes only" if not n_outside else f"{n_notes:,} of them notes only"


def _files_remark(header: RunHeader, n_done: int, n_failed: int | None) -> str:
    parts = [] if n_failed is None else [f"{n_failed:,} failed"]
    if header.n_skipped:
        parts.append(f"{header.n_skipped:,} already up to date")
    n_left = (header.n_found or 0) - n_done - (n_failed or 0)
    if n_left > 0:
        parts.append(f"{n_left:,} not worked on (not sent in this run)")
    return ", ".join(parts)


def _reasons(clusters: ClusterRecords, totals: FileTotals) -> list[Reason]:
    """Those outside the range first, then the most frequent."""
    records = clusters.array()
    counts = np.bincount(records["status"], minlength=len(clusters.styles)).tolist()
    weights = np.bincount(records["status"], weights=records["weight"], minlength=len(clusters.styles)).tolist()
    present = [status for status in range(1, len(counts)) if counts[status]]
    present.sort(key=lambda status: (clusters.styles[status].in_range is True, -counts[status], status))
    verdicts = {True: "inside", False: "outside", None: "inside or outside"}
    return [
        Reason(
            code=style.code,
            label=style.label,
            colour=style.colour,
            explanation=totals.explanation(style.code) or style.explanation,
            n_clusters=f"{counts[status]:,}",
            share=share(counts[status], len(records)),
            weight=number(weights[status]),
            verdict=verdicts[style.in_range],
        )
        for status, style in ((status, clusters.styles[status]) for status in present)
    ]


def _is_cut(reason: Reason, clusters: ClusterRecords) -> bool:
    return clusters.ids is None and int(reason.n_clusters.replace(",", "")) > MOST_EXCEPTIONS_PER_STATUS


def share(part: int, whole: int) -> str:
    """A share in per cent, "100%" and "0%" only where they are exact."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < part < whole:
        percent = min(max(percent, 0.1), 99.9)
    return f"{percent:.0f}%" if percent in (0, 100) else f"{percent:.1f}%"
