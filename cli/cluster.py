"""``kmeans cluster``: its options, what is checked before the work starts, and its exit status."""

import math
import sys
from pathlib import Path
from typing import Literal

import click
import msgspec

from cli.local_run import Interrupted, LocalSummary, run
from cli.stop_signals import Stopped, stop_signals
from cli.summary_text import print_failures, print_summary
from lambdas.contract.errors import OutputNotWritable, RunError
from lambdas.contract.parameters import AUTOMATIC_CRS, Radius, RunParameters, parse_parameters

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
@click.option("--target-weight", required=True, type=float, help="Desired weight of a cluster.")
@click.option("--min-weight", type=float, help="Lightest allowed cluster, 0: any.  [default: 0.75 of the target]")
@click.option(
    "--max-weight",
    type=_number_or_unlimited,
    metavar="NUMBER|unlimited",
    help="Heaviest allowed cluster, or unlimited.  [default: 1.25 of the target]",
)
@click.option("--weight-column", help="Numeric column with the weight of a row.  [default: every row weighs 1]")
@click.option("--radius", type=float, help="Desired radius of a cluster in metres.")
@click.option("--radius-urban", type=float, help="The same for files that are urban by most of their weight ...")
@click.option("--radius-rural", type=float, help="... and for the others.")
@click.option("--max-radius", type=float, help="Largest allowed radius in metres; goes before the weight range.")
@click.option("--bridge", is_flag=True, help="Join islands lighter than the minimum to the nearest ground.")
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
    max_weight: float | Literal["unlimited"] | None,
    weight_column: str | None,
    radius: float | None,
    radius_urban: float | None,
    radius_rural: float | None,
    max_radius: float | None,
    bridge: bool,
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
    """Cluster GeoParquet files on this machine.

    It is the same job as on AWS, on all cores. Each FILE, and each .parquet file below each DIR, becomes
    clustered_<name> in --out: all its rows and columns, plus cluster_id, cluster_weight and cluster_status. Files that
    are already done with the same parameters are skipped, and so are outputs of earlier runs that lie in a DIR.

    \b
    Examples:
      # Population cells, about 240 people a cluster, aiming at 1 km around
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
            "max_radius": max_radius,
            "bridge": bridge,
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
        with stop_signals():
            summary = _run(paths, out, params, jobs=jobs, force=force)
    except Interrupted as interrupted:
        advice = "Run it without --force to go on." if force else "The same command goes on from here."
        click.echo(f"Stopped. {interrupted}. {advice}", err=True)
        sys.exit(interrupted.exit_status)
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


def _parameters(values: dict[str, object]) -> RunParameters:
    """The parameters, checked; a complaint names the option where the contract names the parameter."""
    try:
        params = parse_parameters(values)
        if params.crs != AUTOMATIC_CRS:
            from lambdas.clustering.projection import check_crs  # pyproj takes a moment to load.

            check_crs(params.crs)
    except RunError as error:
        name, _, rest = error.message.removeprefix("params: ").partition(" ")
        if name not in values:
            raise click.UsageError(error.message) from error
        raise click.UsageError(f"--{name.replace('_', '-')} {rest}") from error
    return params


def _radius(radius: float | None, urban: float | None, rural: float | None) -> float | Radius | None:
    if urban is None and rural is None:
        return radius
    if radius is not None or urban is None or rural is None:
        raise click.UsageError("Use --radius alone, or --radius-urban and --radius-rural together.")
    return Radius(urban, rural)
