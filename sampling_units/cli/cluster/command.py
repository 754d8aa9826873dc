"""``kmeans cluster``: its options, what is checked before the work starts, and its exit status."""

import math
import sys
from pathlib import Path
from typing import Literal

import click
import msgspec

from sampling_units.cli.cluster.local_run import LocalSummary, RunStopped, run
from sampling_units.cli.cluster.summary_text import print_failures, print_summary
from sampling_units.cli.command_errors import errors_as_exit_status
from sampling_units.cli.stop_signals import Stopped, stop_signals
from sampling_units.errors import OutputNotWritable, RunError
from sampling_units.formatting import printable
from sampling_units.parameters import AUTOMATIC_CRS, BySettlement, RunParameters, parse_parameters

ALL_FAILED, SOME_FAILED = 1, 3


def _number_or_unlimited(value: str) -> float | Literal["unlimited"]:
    """A number, or the word that stands for no limit."""
    if value == "unlimited":
        return "unlimited"
    try:
        number = float(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is neither a number nor the word unlimited") from error
    return "unlimited" if number == math.inf else number


@click.command(epilog="Exit status: 0 all files done, 3 some failed, 1 all failed, 2 wrong usage, 130 Ctrl-C.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE_OR_DIR...")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the outputs.")
@click.option("--target-weight", type=float, help="Desired weight of a cluster; required, or these two:")
@click.option("--target-weight-urban", type=float, help="The same for groups that are urban by most weight ...")
@click.option("--target-weight-rural", type=float, help="... and for the others.")
@click.option("--min-weight", type=float, help="Lightest allowed cluster, 0: any.  [default: 0.75 of the target]")
@click.option(
    "--max-weight",
    type=_number_or_unlimited,
    metavar="NUMBER|unlimited",
    help="Heaviest allowed cluster, or unlimited.  [default: 1.25 of the target]",
)
@click.option("--weight-column", help="Numeric column with the weight of a row.  [default: every row weighs 1]")
@click.option("--radius", type=float, help="Desired radius of a cluster in metres.")
@click.option("--radius-urban", type=float, help="The same for groups that are urban by most of their weight ...")
@click.option("--radius-rural", type=float, help="... and for the others.")
@click.option("--max-radius", type=float, help="Largest allowed radius in metres; goes before the weight range.")
@click.option("--bridge", is_flag=True, help="Join islands lighter than the minimum to the nearest ground.")
@click.option("--urban-column", default="urban", show_default=True, help="Column that tells urban rows from rural.")
@click.option(
    "--urban-value",
    "urban_values",
    multiple=True,
    metavar="VALUE",
    help="Value of that column that means urban; repeatable.  [default: true, 1, urban ...]",
)
@click.option("--group-by", multiple=True, metavar="COLUMN", help="Clusters never cross its values; repeatable.")
@click.option(
    "--longitude-column", metavar="COLUMN", help="In files without geometries.  [default: lon, longitude, x ...]"
)
@click.option(
    "--latitude-column", metavar="COLUMN", help="In files without geometries.  [default: lat, latitude, y ...]"
)
@click.option("--input-crs", metavar="CRS", help="Coordinate system of files that name none.  [default: degrees]")
@click.option("--drop-invalid", is_flag=True, help="Leave out rows without place or weight instead of the whole file.")
@click.option(
    "--column-prefix",
    default="cluster_",
    show_default=True,
    help="Beginning of the names of the added columns, e.g. psu_.",
)
@click.option("--n-clusters", type=int, help="Fix the number of clusters instead of choosing it.")
@click.option(
    "--weight-importance",
    type=float,
    default=0.5,
    show_default=True,
    help="What the weight counts against the radius when the number of clusters is chosen, 0 to 1.",
)
@click.option("--crs", default=AUTOMATIC_CRS, show_default=True, help="Projected system in metres to work in.")
@click.option("--random-state", type=int, default=0, show_default=True, help="Seed of every random choice.")
@click.option("--jobs", type=click.IntRange(min=1), help="Cores to use.  [default: all]")
@click.option("--force", is_flag=True, help="Also redo files whose output is up to date.")
@click.option("--report", "is_reported", is_flag=True, help="Make report.html in --out as well, a page about this run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def cluster(
    paths: tuple[Path, ...],
    out: Path,
    target_weight: float | None,
    target_weight_urban: float | None,
    target_weight_rural: float | None,
    min_weight: float | None,
    max_weight: float | Literal["unlimited"] | None,
    weight_column: str | None,
    radius: float | None,
    radius_urban: float | None,
    radius_rural: float | None,
    max_radius: float | None,
    bridge: bool,
    urban_column: str,
    urban_values: tuple[str, ...],
    group_by: tuple[str, ...],
    longitude_column: str | None,
    latitude_column: str | None,
    input_crs: str | None,
    drop_invalid: bool,
    column_prefix: str,
    n_clusters: int | None,
    weight_importance: float,
    crs: str,
    random_state: int,
    jobs: int | None,
    force: bool,
    is_reported: bool,
    as_json: bool,
) -> None:
    """Cluster Parquet files on this machine.

    It is the same job as on AWS, on all cores. Each FILE, and each .parquet file below each DIR, becomes two files in
    --out: clustered_<name> with all its rows and columns, plus cluster_id, cluster_weight and cluster_status, and
    frame/<name> with one row and a polygon for each cluster. Files hold points or polygons as GeoParquet, or columns
    with longitude and latitude. Files that are already done with the same parameters are skipped, and so are outputs
    of earlier runs that lie in a DIR.

    \b
    Examples:
      # Population cells, about 240 people a cluster, aiming at 1 km around
      kmeans cluster cells.parquet --weight-column population --target-weight 240 --radius 1000 --out results
    \b
      # A folder of building footprints, 30 buildings a cluster
      kmeans cluster rooftops/ --target-weight 30 --out results
    \b
      # One national file, barangay by barangay, towns with larger units; the figures as JSON
      kmeans cluster nation.parquet --weight-column population --group-by barangay_code \\
          --target-weight-urban 300 --target-weight-rural 200 --out results --json
    """
    params = _parameters(
        {
            "target_weight": _target_weight(target_weight, target_weight_urban, target_weight_rural),
            "min_weight": min_weight,
            "max_weight": max_weight,
            "radius": _by_settlement("radius", radius, radius_urban, radius_rural),
            "max_radius": max_radius,
            "bridge": bridge,
            "weight_column": weight_column,
            "urban_column": urban_column,
            "urban_values": urban_values,
            "group_by": group_by,
            "longitude_column": longitude_column,
            "latitude_column": latitude_column,
            "input_crs": input_crs,
            "drop_invalid": drop_invalid,
            "column_prefix": column_prefix,
            "crs": crs,
            "weight_importance": weight_importance,
            "n_clusters": n_clusters,
            "random_state": random_state,
        }
    )
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
        sys.exit(ALL_FAILED if summary.n_failed == summary.n_files else SOME_FAILED)


def _run(paths: tuple[Path, ...], out: Path, params: RunParameters, *, jobs: int | None, force: bool) -> LocalSummary:
    """The run; what makes it impossible as a whole is wrong usage."""
    try:
        return run(paths, out, params, jobs=jobs, force=force)
    except OutputNotWritable as error:
        raise click.BadParameter(error.message, param_hint="'--out'") from error
    except RunError as error:
        raise click.UsageError(error.message) from error


def _report(summary: LocalSummary, *, is_quiet: bool) -> None:
    """Make the page about a run, beside its outputs."""
    from sampling_units.cli.report.local_report import report_of_run, write_page  # Takes a moment to load.

    target = Path(summary.out) / "report.html"
    with errors_as_exit_status():
        write_page(report_of_run(summary), target)
    if not is_quiet:
        click.echo(f"Map, histograms and tables: {printable(str(target))}")


def _parameters(values: dict[str, object]) -> RunParameters:
    """The parameters, checked; a complaint names the option where the contract names the parameter."""
    try:
        params = parse_parameters(values)
        if params.crs != AUTOMATIC_CRS:
            from sampling_units.crs.systems import check_crs  # pyproj takes a moment to load.

            check_crs(params.crs)
        if params.input_crs is not None:
            from sampling_units.io.coordinates import check_input_crs

            check_input_crs(params.input_crs)
    except RunError as error:
        name, _, rest = error.message.removeprefix("params: ").partition(" ")
        if name not in values:
            raise click.UsageError(error.message) from error
        raise click.UsageError(f"--{name.replace('_', '-')} {rest}") from error
    return params


def _target_weight(both: float | None, urban: float | None, rural: float | None) -> float | BySettlement:
    target = _by_settlement("target-weight", both, urban, rural)
    if target is None:
        raise click.UsageError("Missing option '--target-weight'.")
    return target


def _by_settlement(
    option: str, both: float | None, urban: float | None, rural: float | None
) -> float | BySettlement | None:
    """One number, or one for urban and one for rural groups."""
    if urban is None and rural is None:
        return both
    if both is not None or urban is None or rural is None:
        raise click.UsageError(f"Use --{option} alone, or --{option}-urban and --{option}-rural together.")
    return BySettlement(urban, rural)
