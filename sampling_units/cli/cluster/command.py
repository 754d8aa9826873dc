"""The command ``kmeans cluster``: its options, messages and exit status."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from sampling_units.cli.cluster.local_run import RunStopped, run
from sampling_units.cli.cluster.summary_text import print_failures, print_summary
from sampling_units.cli.command_errors import FAILED, PARTLY_FAILED, errors_as_exit_status
from sampling_units.cli.parameter_options import parameter_options, parameters_from_options
from sampling_units.cli.stop_signals import Stopped, stop_signals
from sampling_units.errors import OutputNotWritable, RunError
from sampling_units.formatting import printable
from sampling_units.parameters import RunParameters
from sampling_units.runs.summary import LocalSummary


@click.command(epilog="Exit status: 0 all files done, 3 some failed, 1 all failed, 2 wrong usage, 130 Ctrl-C.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE_OR_DIR...")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the outputs.")
@parameter_options
@click.option("--jobs", type=click.IntRange(min=1), help="Cores to use.  [default: all]")
@click.option("--force", is_flag=True, help="Also redo files whose output is up to date.")
@click.option("--report", "is_reported", is_flag=True, help="Also write report.html to --out, a page about this run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def cluster(
    paths: tuple[Path, ...],
    out: Path,
    jobs: int | None,
    force: bool,
    is_reported: bool,
    as_json: bool,
    **parameters: Any,
) -> None:
    """Cluster Parquet files on this machine.

    Uses all cores, and gives the same outputs as a run on AWS. Each FILE, and each .parquet file below each DIR,
    becomes two files in --out: clustered_<name> with all its rows and columns, plus cluster_id, cluster_weight and
    cluster_status, and frame/<name> with one row and a polygon for each cluster. Files hold points or polygons as
    GeoParquet, or columns with longitude and latitude. Files that are already done with the same parameters are
    skipped, and so are outputs of earlier runs that are found in a DIR.

    \b
    Examples:
      # Population cells, about 240 people a cluster, with a radius of about 1 km
      kmeans cluster cells.parquet --weight-column population --target-weight 240 --radius 1000 --out results
    \b
      # A folder of building footprints, 30 buildings a cluster
      kmeans cluster rooftops/ --target-weight 30 --out results
    \b
      # One national file, barangay by barangay, with larger clusters in towns; the summary as JSON
      kmeans cluster nation.parquet --weight-column population --group-by barangay_code \\
          --target-weight-urban 300 --target-weight-rural 200 --out results --json
    """
    params = parameters_from_options(parameters)
    try:
        with stop_signals():
            summary = _run(paths, out, params, jobs=jobs, force=force)
    except RunStopped as stopped:
        advice = "Run it without --force to go on." if force else "The same command goes on from here."
        click.echo(f"Stopped. {stopped}. {advice}", err=True)
        sys.exit(stopped.exit_status)
    except Stopped as stopped:
        click.echo("Stopped before the first file.", err=True)
        sys.exit(stopped.exit_status)
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        print_summary(summary)
    if summary.n_outputs_ignored:
        click.echo(f"Outputs of earlier runs in the given folders, left out: {summary.n_outputs_ignored:,}", err=True)
    print_failures(summary.failures, summary.n_files)
    if summary.n_failed_with_outputs:
        where = printable(str(out))
        click.echo(f"Of these have outputs of an earlier run in {where}: {summary.n_failed_with_outputs:,}", err=True)
    if is_reported:
        _report(summary, is_quiet=as_json)
    if summary.n_failed:
        sys.exit(FAILED if summary.n_failed == summary.n_files else PARTLY_FAILED)


def _run(paths: tuple[Path, ...], out: Path, params: RunParameters, *, jobs: int | None, force: bool) -> LocalSummary:
    """Run; an error that concerns the whole run, not one file, ends as wrong usage (exit status 2)."""
    try:
        return run(paths, out, params, jobs=jobs, force=force)
    except OutputNotWritable as error:
        raise click.BadParameter(error.message, param_hint="'--out'") from error
    except RunError as error:
        raise click.UsageError(error.message) from error


def _report(summary: LocalSummary, *, is_quiet: bool) -> None:
    """Write the page about a run into the folder of its outputs."""
    from sampling_units.cli.report.local_report import report_of_run, write_page  # Slow to import.

    target = Path(summary.out) / "report.html"
    with errors_as_exit_status():
        write_page(report_of_run(summary), target)
    if not is_quiet:
        click.echo(f"Map, histograms and tables: {printable(str(target))}")
