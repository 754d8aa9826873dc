"""What is printed at the end of a run: a table, totals and explanations. In a pipe the table is tab-separated lines."""

import sys
from collections import Counter
from collections.abc import Iterable, Mapping

import click

import kmeans
from sampling_units.formatting import duration, printable
from sampling_units.results import FileReport, FileResult
from sampling_units.runs.summary import LocalSummary

_HEADINGS = ("file", "rows", "clusters", "in range", "radius in m", "seconds")


def print_summary(summary: LocalSummary) -> None:
    """Print the table, the totals and the explanations on standard output."""
    succeeded = [file for file in summary.files if file.report is not None]
    if succeeded:
        if sys.stdout.isatty():
            _print_table(succeeded, summary.out)
        else:
            for row in (_HEADINGS, *(_table_row(file, "") for file in succeeded)):
                click.echo("\t".join(row))
        click.echo()
    click.echo(totals(summary))
    for line in explain(count_statuses(file.report for file in succeeded if file.report is not None)):
        click.echo(line)


def print_failures(failures: Iterable[FileResult], n_files: int) -> None:
    """Print what is wrong with each failed file on standard error."""
    messages = [f"{file.failure.error}: {file.failure.message}" for file in failures if file.failure is not None]
    if messages:
        click.echo(f"{len(messages):,} of {_files(n_files)} failed:", err=True)
    for message in messages:
        click.echo(f"  {message}", err=True)


def totals(summary: LocalSummary) -> str:
    """Sentences with the number of finished and failed files, the time, and the totals over all clusters."""
    n_clustered = summary.n_succeeded - summary.n_skipped
    files = f"{_files(n_clustered)} clustered, {summary.n_skipped:,} up to date, {summary.n_failed:,} failed"
    sentence = f"{files}, in {duration(summary.elapsed_seconds)}."
    if not summary.n_succeeded:
        return sentence
    share = _share(summary.n_in_range, summary.n_clusters)
    left_out = f" {summary.n_invalid:,} invalid rows were left out." if summary.n_invalid else ""
    weight = "each row weighs 1" if summary.params.weight_column is None else f"weight: {summary.params.weight_column}"
    return (
        f"{sentence} {summary.n_rows - summary.n_invalid:,} rows are in {summary.n_clusters:,} clusters, {share} of "
        f"them inside the weight range ({printable(weight)}).{left_out} The outputs are in {summary.out}."
    )


def count_statuses(reports: Iterable[FileReport]) -> Counter[str]:
    """Number of clusters of each status over many files."""
    counts: Counter[str] = Counter()
    for report in reports:
        counts.update(report.statuses)
    return counts


def explain(counts: Mapping[str, int]) -> list[str]:
    """Lines: a heading, and for each status other than ok how many clusters have it and what it means."""
    lines = [
        f"  {counts[status]:,} {status}: {status.explanation}"
        for status in kmeans.Status
        if status != kmeans.Status.OK and counts.get(status)
    ]
    return ["Clusters whose status is not ok:", *lines] if lines else []


def _print_table(files: list[FileResult], out: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(f"Clustered files in {out}"))
    table.add_column(_HEADINGS[0], overflow="fold", min_width=16)
    for heading in _HEADINGS[1:]:
        table.add_column(heading, justify="right")
    for file in files:
        # As `Text`, because rich would read brackets in a file name as markup.
        table.add_row(*map(Text, _table_row(file, ",")))
    Console().print(table)


def _table_row(file: FileResult, thousands: str) -> list[str]:
    """The texts of a succeeded file under ``_HEADINGS``; ``thousands`` is "," or ""."""
    report = file.report
    assert report is not None
    return [
        file.filename,
        f"{report.n_rows:{thousands}}",
        f"{report.n_clusters:{thousands}}",
        _share(report.n_in_range, report.n_clusters),
        "-" if report.radius_median is None else f"{report.radius_median:{thousands}.0f}",
        "up to date" if file.skipped else "-" if file.seconds is None else f"{file.seconds:.2f}",
    ]


def _files(number: int) -> str:
    return f"{number:,} file" if number == 1 else f"{number:,} files"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
