"""Writes docs/performance.md and its plots from what the benchmarks recorded.

.venv/bin/python -m benchmarks.page
"""

import json
from collections.abc import Callable, Mapping, Sequence
from string import Template
from typing import Any

import click
import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from benchmarks.measuring import PROJECT, RESULTS
from benchmarks.whole_file import STAGES
from sampling_units.runs.cost import estimate_cost

_TEMPLATE = PROJECT / "benchmarks" / "performance_template.md"
_PAGE, _PICTURES = PROJECT / "docs" / "performance.md", PROJECT / "docs" / "pictures"
_COST_ROWS = ((1, 10), (42_010, 500), (1_000_000, 3000))
_CELLS_PER_FILE = 824


@click.command()
def main() -> None:
    """Write the page, the plots, and the table in docs/cost.md."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    require_one_machine(found)
    plot("performance_engine.png", lambda axes: draw_engine(axes, found["engine"]["rows"]))
    plot(
        "performance_stages.png",
        lambda axes: draw_stages(axes, [row for row in found["whole_file"]["rows"] if "cells" in row["file"]]),
    )
    plot("performance_growth.png", lambda axes: draw_growth(axes, found["growth"]["rows"]))
    _PAGE.write_text(page(found))
    cost = PROJECT / "docs" / "cost.md"
    before, _, rest = cost.read_text().partition("|---|---|---|---|---|---|---|---|\n")
    _, _, after = rest.partition("\n\n")
    cost.write_text(f"{before}|---|---|---|---|---|---|---|---|\n{cost_rows()}\n\n{after}")


def require_one_machine(found: Mapping[str, Any]) -> None:
    """The page names one machine and one set of versions: those of the newest record must be those of all."""
    newest = max(found, key=lambda name: found[name]["date"])
    for key in ("machine", "versions"):
        others = [name for name in found if found[name][key] != found[newest][key]]
        if others:
            raise click.ClickException(
                f"{key} of {', '.join(others)} and of {newest}, which is the newest, are not the same; run again: "
                + ", ".join(f"python -m benchmarks.{name}" for name in others)
            )


def page(found: Mapping[str, Any]) -> str:
    """The template with figures and tables in it."""
    whole, nation, growth, cold = (found[name] for name in ("whole_file", "nation", "growth", "cold_start"))
    machine = whole["machine"]
    return Template(_TEMPLATE.read_text()).substitute(
        machine=f"{machine['processor']}, {machine['cores']} cores, {machine['system']}",
        versions=", ".join(f"{name} {number}" for name, number in whole["versions"].items()),
        whole_file=table(
            whole["rows"],
            {
                "file": "file",
                "rows": "rows",
                "k": "k",
                "ours": "ms",
                "calibrator": "calibrator ms",
                "ratio": "ratio",
                "in_range": "in range",
                "inertia_over_unconstrained": "inertia over unconstrained k-means",
            },
        ),
        peak=f"{whole['peak_megabytes']:.0f}",
        nation=table(
            nation["rows"],
            {
                "run": "run",
                "files": "files",
                "cells": "cells",
                "seconds": "seconds",
                "ms_per_file_and_core": "ms a file and core",
                "million_cells_per_second": "million cells a second",
            },
        ),
        per_file=f"{nation['seconds_per_file'] * 1e3:.1f}",
        per_thousand=f"{nation['seconds_per_cell'] * 1e6:.2f}",
        growth=table(
            growth["rows"],
            {
                "case": "case",
                "k": "k",
                "seconds": "seconds",
                "megabytes": "MB beside the input",
                "in_range": "in range",
            },
        ),
        engine=table(
            found["engine"]["rows"],
            {
                "case": "case",
                "iterations": "iterations",
                "ours": "ours, ms",
                "lloyd": "scikit-learn lloyd",
                "elkan": "scikit-learn elkan",
                "faiss": "faiss",
                "inertia": "inertia",
                "turns": "turns",
            },
        ),
        cold_start=table(cold["rows"], {"what": "what", "seconds": "seconds"}),
        first_system=f"{cold['first_system_over_handler']:.1f}",
        **{name: f"{value:.2f}" for name, value in growth["exponents"].items()},
    )


def table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    lines = [list(columns.values()), ["---"] * len(columns)]
    lines += [[shown(key, row[key]) for key in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(key: str, value: Any) -> str:
    if value is None:
        return "-"
    if key == "in_range":
        return f"{value:.1%}"
    if key == "inertia":
        return f"{value:.0e}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def cost_rows() -> str:
    lines = []
    for n_files, concurrency in _COST_ROWS:
        estimate = estimate_cost(n_files, n_files * _CELLS_PER_FILE, max_concurrency=concurrency)
        minutes = estimate.duration_seconds / 60
        parts = (estimate.dollars[name] for name in ("Lambda compute", "Step Functions transitions", "S3 requests"))
        cells = [
            f"{n_files:,} file{'s' if n_files > 1 else ''}, {concurrency:,} at a time",
            f"{estimate.n_batches:,}",
            f"{estimate.compute_seconds:,.0f} s",
            f"{minutes:,.0f} min" if minutes >= 1 else f"{estimate.duration_seconds:.0f} s",
            *(
                f"${dollars:,.2f}" if dollars >= 0.01 else f"${dollars:.4f}"
                for dollars in (estimate.total_dollars, *parts)
            ),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def plot(name: str, draw: Callable[[Any], None]) -> None:
    figure, axes = plt.subplots(figsize=(7, 3.2), dpi=110, layout="constrained")
    draw(axes)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(_PICTURES / name, metadata={"Software": None})
    plt.close(figure)


def draw_engine(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    places = np.arange(len(rows))
    for number, side in enumerate(("lloyd", "elkan", "faiss")):
        axes.bar(places + (number - 1) * 0.27, [row[side] or 0 for row in rows], 0.27, label=side)
    axes.set_yscale("log")
    axes.axhline(1, color="grey", linewidth=0.8)
    labels = [f"n = {row['n'] // 1000:,}k\nk = {row['k']:,}\n{row['iterations']} it." for row in rows]
    axes.set_xticks(places, labels, fontsize=5.5)
    axes.set_ylabel("time over ours")
    axes.legend(frameon=False, fontsize=8)


def draw_stages(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    left = np.zeros(len(rows))
    for stage in STAGES:
        widths = np.array([row[stage] / row["rows"] * 1e6 for row in rows])
        axes.barh([row["file"] for row in rows], widths, left=left, label=stage.replace("_", " "))
        left += widths
    axes.set_xlabel("nanoseconds a cell")
    axes.legend(frameon=False, fontsize=7, ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1.0))


def draw_growth(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    by_n = [row for row in rows if "n/k = 100" in row["case"] and "n/k = 1,000" not in row["case"]][:5]
    n = np.array([row["n"] for row in by_n])
    axes.loglog(n, [row["seconds"] for row in by_n], "o-", label="measured")
    axes.loglog(n, by_n[0]["seconds"] * n / n[0], "--", color="grey", label="proportional to n")
    axes.set_xlabel("points")
    axes.set_ylabel("seconds")
    axes.legend(frameon=False, fontsize=8)


if __name__ == "__main__":
    main()
