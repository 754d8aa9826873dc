"""Time and peak memory of clustering one large file group by group, beside reading it whole with geopandas.

.venv/bin/python -m benchmarks.large_file --rows 5000000 --groups 500
"""

import json
import sys
import tempfile
from pathlib import Path

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from benchmarks.measuring import measured
from sampling_units.cores import available_cores
from sampling_units.io.encoding import points_as_wkb
from tests.support.populations import lattice

DEGREES = 1 / 1200


@click.command()
@click.option("--rows", default=5_000_000, show_default=True)
@click.option("--groups", default=500, show_default=True)
@click.option("--cells/--buildings", "has_cells", default=True, help="Cells of a lattice, or scattered buildings.")
@click.option("--shuffled", is_flag=True, help="Rows in random order instead of group by group.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where to work.  [default: a temporary folder]")
def main(rows: int, groups: int, has_cells: bool, shuffled: bool, folder: Path | None) -> None:
    """Make a file of ROWS population cells in GROUPS districts, cluster it, and print what that took."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "nation.parquet"
        write_nation(path, rows, groups, has_cells, shuffled)
        click.echo(f"{path.stat().st_size / 1e6:,.0f} MB, {pq.read_metadata(path).num_rows:,} rows")
        command = [
            sys.executable,
            "-m",
            "sampling_units",
            "cluster",
            path,
            "--out",
            Path(name) / "out",
            "--group-by",
            "code",
        ]
        command += ["--target-weight", "240", "--weight-column", "population", "--force", "--json"]
        reading = [sys.executable, "-c", "import sys, geopandas; geopandas.read_parquet(sys.argv[1])", path]
        table = Table(title=f"{rows:,} rows, {groups:,} groups, {available_cores()} cores")
        for heading in ("", "seconds", "peak memory in MB"):
            table.add_column(heading, justify="right" if heading else "left")
        for label, arguments in (("kmeans cluster --group-by", command), ("geopandas.read_parquet", reading)):
            seconds, megabytes, output = measured(arguments)
            table.add_row(label, f"{seconds:.1f}", f"{megabytes:,.0f}")
            if output:
                summary = json.loads(output)
                click.echo(
                    f"{summary['n_clusters']:,} clusters, {summary['n_in_range'] / summary['n_clusters']:.1%} in range"
                )
        Console().print(table)


def write_nation(path: Path, rows: int, groups: int, has_cells: bool, shuffled: bool) -> None:
    """Districts side by side, each with holes and two towns; or as many buildings at random places."""
    rng = np.random.default_rng(0)
    per_group, columns = rows // groups, int(np.ceil(np.sqrt(groups)))
    side = int(np.ceil(np.sqrt(per_group / 0.9))) + 2
    places, weights = [], []
    for group in range(groups):
        if has_cells:
            points, weight = lattice(rng, side, side, spacing=1.0)
        else:
            points, weight = rng.uniform(0, side, (per_group, 2)), rng.lognormal(-1, 0.5, per_group)
        row, column = divmod(group, columns)
        places.append(points[:per_group] + side * np.array([column, row]))
        weights.append(weight[:per_group])
    code = np.repeat(np.arange(groups), [len(part) for part in weights])
    coordinates = np.array([117.0, 5.0]) + np.concatenate(places) * DEGREES
    population = np.concatenate(weights)
    order = rng.permutation(len(code)) if shuffled else np.arange(len(code))
    table = pa.table(
        {
            "code": pa.array(code[order]).cast(pa.string()),
            "population": population[order].astype(np.float32),
            "grid_id": pa.array(order).cast(pa.string()),
            "geometry": points_as_wkb(coordinates[order], np.ones(len(code), bool)),
        }
    )
    geo = {"version": "1.1.0", "primary_column": "geometry"}
    geo["columns"] = {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}}
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path, compression="zstd")


if __name__ == "__main__":
    main()
