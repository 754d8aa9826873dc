"""What ``cluster`` gives back: the rows with their units, the frame, and the result in words."""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from kmeans import Status
from sampling_units.formatting import counted
from sampling_units.parameters import RunParameters
from sampling_units.results import FileReport

if TYPE_CHECKING:
    import geopandas
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Units:
    """Sampling units of a table. A notebook shows the summary and the diagnosis.

    Attributes:
        rows: the table, with the id, weight and status of each row's unit; same rows, order and index.
        frame: GeoDataFrame, the sampling frame: one row a unit, with its figures and its polygon.
        report: the figures of the whole.
        params: what they were made with.

    >>> import pandas as pd, sampling_units
    >>> cells = pd.DataFrame({"lon": [0.0, 0.001, 0.0, 0.001], "lat": [0.0, 0.0, 0.001, 0.001], "people": 100})
    >>> units = sampling_units.cluster(cells, target_weight=200, weight="people")
    >>> units
    <Units: 2 units of 4 rows; 2 inside the weight range.>
    >>> len(units), sorted(set(units.rows["cluster_weight"]))
    (2, [200.0])
    """

    rows: "pd.DataFrame"
    frame: "geopandas.GeoDataFrame"
    report: FileReport
    params: RunParameters

    def __len__(self) -> int:
        return self.report.n_clusters

    @property
    def diagnosis(self) -> "pd.DataFrame":
        """One row for each status that units have: ``status``, ``n_units``, ``weight`` and ``explanation``.

        >>> import pandas as pd, sampling_units
        >>> cells = pd.DataFrame({"lon": [0.0, 0.001, 0.002], "lat": 0.0, "people": [90, 110, 900]})
        >>> units = sampling_units.cluster(cells, target_weight=200, weight="people")
        >>> units.diagnosis[["status", "n_units", "weight"]].values.tolist()
        [['ok', 1, 200.0], ['point_above_max', 1, 900.0]]
        """
        import pandas as pd

        prefix = self.params.column_prefix
        weights = self.frame.groupby(f"{prefix}status")[f"{prefix}weight"].sum()
        texts = {finding.status: finding.text for finding in self.report.findings}
        lines = [
            (status.value, n_units, float(weights[status.value]), texts.get(status.value, status.explanation))
            for status in Status
            if (n_units := self.report.statuses.get(status.value, 0))
        ]
        return pd.DataFrame(lines, columns=["status", "n_units", "weight", "explanation"])

    def summary(self) -> str:
        """The result in words: how many units are inside the weight range, and why the others are not.

        >>> import pandas as pd, sampling_units
        >>> cells = pd.DataFrame({"lon": [0.0, 0.001], "lat": 0.0, "people": [9, 11]})
        >>> print(sampling_units.cluster(cells, target_weight=200, weight="people").summary())
        1 unit of 2 rows; 0 inside the weight range.
        1 unit total_below_min: All points together are lighter than the minimum. Join the file with a neighbour.
        """
        findings = [f"{counted(it.n_clusters, 'unit')} {it.status}: {it.text}" for it in self.report.findings]
        return "\n".join([self._figures(), *findings])

    __str__ = summary

    def __repr__(self) -> str:
        return f"<Units: {self._figures()}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        import pandas as pd

        # Else pandas cuts the explanations off.
        with pd.option_context("display.max_colwidth", None):
            table = self.diagnosis.to_html(index=False, border=0)
        return f"<div><p>{escape(self._figures())}</p>{table}</div>"

    def _figures(self) -> str:
        report = self.report
        left_out = f", {counted(report.n_invalid, 'invalid row')} left out" if report.n_invalid else ""
        return (
            f"{counted(report.n_clusters, 'unit')} of {counted(report.n_rows, 'row')}{left_out}; "
            f"{report.n_in_range:,} inside the weight range."
        )
