"""``kmeans cluster``: options, progress and what is printed at the end."""

import sys
from pathlib import Path

import click
import msgspec

from cli.local_run import Interrupted, LocalSummary, run
from lambdas.contract.errors import RunError
from lambdas.contract.parameters import AUTOMATIC_CRS, Radius, RunParameters, parse_parameters

ALL_FAILED, USAGE, SOME_FAILED, INTERRUPTED = 1, 2, 3, 130


@click.command(epilog="Exit status: 0 all files done, 3 some failed, 1 all failed, 2 wrong usage, 130 interrupted.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE_OR_DIR...")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the outputs.")
@click.option("--target-weight", required=True, type=float, help="Desired weight of a cluster.")
@click.option("--min-weight", type=float, help="Lightest allowed cluster.  [default: 0.75 of the target]")
@click.option("--max-weight", type=float, help="Heaviest allowed cluster.  [default: 1.25 of the target]")
@click.option("--weight-column", help="Numeric column with the weight of a row.  [default: every row weighs 1]")
@click.option("--radius", type=float, help="Desired radius of a cluster in metres.")
@click.option("--radius-urban", type=float, help="The same for files that are urban by most of their weight ...")
@click.option("--radius-rural", type=float, help="... and for the others.")
@click.option("--urban-column", default="urban", show_default=True, help="Boolean column that tells urban rows.")
@click.option("--group-by", multiple=True, metavar="COLUMN", help="Clusters never cross its values; repeatable.")
@click.option("--n-clusters", type=int, help="Fix the number of clusters instead of choosing it.")
@click.option(
    "--weight-importance",
    type=float,
    default=0.5,
    show_default=True,
    help="What the weight counts against the radius when the number of clusters is chosen, 0 to 1.",
)
@click.option("--crs", default=AUTOMATIC_CRS, show_default=True, help="Projected system in metres, or auto: UTM.")
@click.option("--random-state", type=int, default=0, show_default=True, help="Seed of every random choice.")
@click.option("--jobs", type=click.IntRange(min=1), help="Files at the same time.  [default: one per core]")
@click.option("--force", is_flag=True, help="Also redo files whose output is up to date.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of a table.")
def cluster(
    paths: tuple[Path, ...],
    out: Path,
    target_weight: float,
    min_weight: float | None,
    max_weight: float | None,
    weight_column: str | None,
    radius: float | None,
    radius_urban: float | None,
    radius_rural: float | None,
    urban_column: str,
    group_by: tuple[str, ...],
    n_clusters: int | None,
    weight_importance: float,
    crs: str,
    random_state: int,
    jobs: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Cluster GeoParquet files on this machine: the same job as on AWS, on all cores.

    Each FILE, and each .parquet file below each DIR, becomes clustered_<name> in --out: all its rows and columns, plus
    cluster_id, cluster_weight and cluster_status. Files that are already done with the same parameters are skipped.

    \b
    Examples:
      # Population cells, about 240 people a cluster, at most 1 km around
      kmeans cluster cells.parquet --weight-column population --target-weight 240 --radius 1000 --out results
    \b
      # A folder of building footprints, 30 buildings a cluster
      kmeans cluster rooftops/ --target-weight 30 --out results
    \b
      # Never across a stratum; the figures as JSON
      kmeans cluster cells.parquet --weight-column population --target-weight 240 --group-by stratum \\
          --out results --json
    """
    params = _parameters(
        {
            "target_weight": target_weight,
            "min_weight": min_weight,
            "max_weight": max_weight,
            "radius": _radius(radius, radius_urban, radius_rural),
            "weight_column": weight_column,
            "urban_column": urban_column,
            "group_by": group_by,
            "crs": crs,
            "weight_importance": weight_importance,
            "n_clusters": n_clusters,
            "random_state": random_state,
        }
    )
    try:
        summary = run(paths, out, params, jobs=jobs, force=force)
    except RunError as error:
        raise click.UsageError(f"{error.code}: {error}") from error
    except Interrupted as stopped:
        click.echo(f"Stopped. {stopped}. The same command goes on from here.", err=True)
        sys.exit(INTERRUPTED)
    if as_json:
        click.echo(msgspec.json.encode(summary))
    else:
        _print_table(summary)
    for failed in summary.failures:
        if failed.failure is not None:
            click.echo(f"{failed.failure.error}: {failed.failure.message}", err=True)
    if summary.n_failed:
        sys.exit(ALL_FAILED if summary.n_failed == summary.n_files and not summary.n_done else SOME_FAILED)


def _parameters(values: dict[str, object]) -> RunParameters:
    try:
        return parse_parameters(values)
    except RunError as error:
        raise click.UsageError(str(error)) from error


def _radius(radius: float | None, urban: float | None, rural: float | None) -> float | Radius | None:
    if urban is None and rural is None:
        return radius
    if radius is not None or urban is None or rural is None:
        raise click.UsageError("Use --radius alone, or --radius-urban and --radius-rural together.")
    return Radius(urban, rural)


def _print_table(summary: LocalSummary) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"Clustered files in {summary.out}")
    table.add_column("file", overflow="fold")
    for heading in ("rows", "clusters", "in range", "median radius", "seconds"):
        table.add_column(heading, justify="right")
    for file in summary.files:
        if file.report is not None:
            report = file.report
            radius = "-" if report.radius_median is None else f"{report.radius_median:,.0f} m"
            table.add_row(
                file.filename,
                f"{report.n_rows:,}",
                f"{report.n_clusters:,}",
                _share(report.n_in_range, report.n_clusters),
                radius,
                f"{file.seconds or 0:.2f}",
            )
    table.add_section()
    table.add_row(
        f"{summary.n_succeeded:,} done, {summary.n_done:,} were up to date, {summary.n_failed:,} failed",
        f"{summary.n_rows:,}",
        f"{summary.n_clusters:,}",
        _share(summary.n_in_range, summary.n_clusters),
        "",
        f"{summary.seconds:.2f}",
    )
    Console().print(table)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"
