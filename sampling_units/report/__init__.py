"""The report page of a run: one HTML file that works without a network, for statisticians and operators."""

from sampling_units.report.headers import header_of_local_run, header_of_results, header_of_run
from sampling_units.report.report_builder import ReportBuilder
from sampling_units.report.run_header import RunHeader

__all__ = ["ReportBuilder", "RunHeader", "header_of_local_run", "header_of_results", "header_of_run"]
