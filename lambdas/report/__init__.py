"""The report page of a run: one HTML file that works without a network, for statisticians and operators."""

from lambdas.report.report_builder import ReportBuilder
from lambdas.report.run_header import RunHeader

__all__ = ["ReportBuilder", "RunHeader"]
