"""Sums over the reports of the clustered files."""

from sampling_units.results import FileReport


class FileTotals:
    """Sums over the reports of the clustered files, and the explanations that only one file gave."""

    def __init__(self) -> None:
        self.n_files = self.n_rows = self.n_invalid = self.n_clusters = self.n_in_range = 0
        self.weight = self.weight_in_range = 0.0
        self._explanations: dict[str, str | None] = {}

    def add(self, report: FileReport) -> None:
        self.n_files += 1
        self.n_rows += report.n_rows
        self.n_invalid += report.n_invalid
        self.n_clusters += report.n_clusters
        self.n_in_range += report.n_in_range
        self.weight += report.weight
        self.weight_in_range += report.weight_in_range
        for finding in report.findings:
            # What several files say differs in its distances and totals: then the general explanation is better.
            known = finding.status in self._explanations
            self._explanations[finding.status] = None if known else finding.text

    def explanation(self, status: str) -> str | None:
        """What the one file with clusters of this status says of them; None if there are several."""
        return self._explanations.get(status)
