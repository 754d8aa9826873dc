"""The table of the demonstration: one row per region, from the downloaded files."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.table import Table

_CLUSTER_COLUMNS = ["cluster_id", "cluster_weight", "cluster_status"]


@dataclass(frozen=True)
class Figures:
    """Figures of some clustered files; ``seconds`` of those that this run worked on, None if there are none."""

    n_files: int = 0
    n_rows: int = 0
    n_clusters: int = 0
    n_in_range: int = 0
    seconds: float | None = None
    statuses: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, path: Path, weight_range: tuple[float, float], seconds: float | None) -> "Figures":
        """Figures of one clustered file."""
        rows = pq.read_table(path, columns=_CLUSTER_COLUMNS)
        clusters = rows.group_by(_CLUSTER_COLUMNS).aggregate([])
        low, high = weight_range
        weight = clusters["cluster_weight"]
        in_range = pc.and_(pc.greater_equal(weight, low), pc.less_equal(weight, high))
        statuses = Counter(clusters["cluster_status"].to_pylist())
        return cls(1, rows.num_rows, clusters.num_rows, pc.sum(in_range).as_py() or 0, seconds, statuses)

    def __add__(self, other: "Figures") -> "Figures":
        timed = [seconds for seconds in (self.seconds, other.seconds) if seconds is not None]
        return Figures(
            self.n_files + other.n_files,
            self.n_rows + other.n_rows,
            self.n_clusters + other.n_clusters,
            self.n_in_range + other.n_in_range,
            sum(timed) if timed else None,
            self.statuses + other.statuses,
        )

    def cells(self) -> list[str]:
        return [
            f"{self.n_files:,}",
            f"{self.n_rows:,}",
            f"{self.n_clusters:,}",
            f"{self.n_in_range / self.n_clusters:.1%}" if self.n_clusters else "-",
            "-" if self.seconds is None else f"{self.seconds:.2f}",
        ]


def figures_by_region(
    outputs: Mapping[str, Path],
    regions: Mapping[str, str],
    weight_range: tuple[float, float],
    seconds: Mapping[str, float | None],
) -> dict[str, Figures]:
    """Add up the clustered files of each region.

    Args:
        outputs: clustered file of each input that has one.
        regions: region of each input.
        weight_range: lightest and heaviest allowed cluster.
        seconds: time spent on each input that this run worked on.
    """
    by_region: dict[str, Figures] = {}
    for name, path in outputs.items():
        figures = Figures.of(path, weight_range, seconds.get(name))
        region = regions[name]
        by_region[region] = by_region.get(region, Figures()) + figures
    return by_region


def total(figures: Iterable[Figures]) -> Figures:
    return sum(figures, Figures())


def table_of(by_region: Mapping[str, Figures], title: str) -> Table:
    """The table with a last row for the country."""
    table = Table(title=title)
    table.add_column("region")
    for heading in ("files", "rows", "clusters", "in range", "seconds"):
        table.add_column(heading, justify="right")
    for region, figures in by_region.items():
        table.add_row(region, *figures.cells())
    table.add_section()
    table.add_row("The Philippines", *total(by_region.values()).cells())
    return table
