"""Gathers the frames and failures of a run, one file after the other, and makes the report page of them."""

from sampling_units.frame.reading import Frame
from sampling_units.parameters import RunParameters
from sampling_units.report.cluster_records import ClusterRecords
from sampling_units.report.failures import Failures
from sampling_units.report.file_totals import FileTotals
from sampling_units.report.page import render_page
from sampling_units.report.page_data import page_data
from sampling_units.report.page_text import page_text
from sampling_units.report.run_header import RunHeader
from sampling_units.results import FileResult

# Up to here each cluster is drawn with its borders; a page stays below 8 MB.
MOST_DETAILED = 50_000


class ReportBuilder:
    """The page of one run, made as its results come in.

    Some 50 bytes are held for each cluster, and up to ``MOST_DETAILED`` clusters their ids and polygons.
    """

    def __init__(self, params: RunParameters, most_detailed: int = MOST_DETAILED) -> None:
        """``most_detailed`` is the number of clusters up to which each is drawn with its borders."""
        self._params = params
        self._clusters = ClusterRecords(most_detailed)
        self._failures = Failures()
        self._totals = FileTotals()

    def add_frame(self, filename: str, frame: Frame) -> None:
        """Take in the clusters of an input file; frames come in the order of these names."""
        self._clusters.add(filename, frame)
        self._totals.add(frame.origin.report)

    def add_failure(self, result: FileResult) -> None:
        """Take in a file that could not be clustered; its ``failure`` is set."""
        self._failures.add(result)

    def finish(self, header: RunHeader) -> bytes:
        """The page, UTF-8 encoded HTML; the same bytes for the same input.

        Raises:
            VendorMissing: the libraries that go into the page are not there.
        """
        data = page_data(self._clusters, self._params)
        return render_page(page_text(header, self._clusters, self._totals, self._failures), data)
