"""``kmeans export``: its options, and what is printed about the file that it makes."""

import json
import os
from pathlib import Path

import click

from sampling_units.cli.command_errors import errors_as_exit_status, require_file, require_text
from sampling_units.cli.row_progress import row_progress
from sampling_units.errors import InvalidParameters
from sampling_units.formatting import file_size, printable
from sampling_units.io.atomic import staged_file


@click.command(epilog="Exit status: 0 done, 1 a file cannot be exported, 2 wrong usage, 130 Ctrl-C.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="File to write: .gpkg, .geojson or .json, .fgb.",
)
@click.option("--overwrite", is_flag=True, help="Replace a file that exists already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def export(files: tuple[Path, ...], out: Path, overwrite: bool, as_json: bool) -> None:
    """Export GeoParquet files as GeoPackage, GeoJSON or FlatGeobuf.

    The suffix of --out chooses the format. FILEs are sampling frames, clustered files, or any GeoParquet; several of
    the same columns become one layer, called like --out. GeoJSON is in longitude and latitude with 7 digits
    (RFC 7946), the other formats keep the coordinate system. What a format cannot hold unchanged is listed.

    The file appears at the end, or not at all after an error or Ctrl-C.

    \b
    Examples:
      # A sampling frame for QGIS or ArcGIS
      kmeans export results/frame/cells.parquet --out frame.gpkg
    \b
      # The frames of all provinces in one layer, for the web
      kmeans export results/frame/*.parquet --out nation.geojson
    """
    with errors_as_exit_status():
        from sampling_units.cli.export.attributes import FORMATS  # pyarrow takes a moment to load.

        wanted = FORMATS.get(out.suffix.lower())
        if wanted is None:
            raise InvalidParameters(f"--out {out} has to end in {', '.join(FORMATS)}")
        if out.is_dir():
            raise InvalidParameters(f"--out {out} is a folder")
        if os.path.lexists(out) and not overwrite:
            raise InvalidParameters(f"{out} exists already; replace it with --overwrite")
        for file in files:
            require_file(file)
        require_text(out)
        from sampling_units.cli.export.map_layer import write_layer

        with staged_file(out) as path:
            with row_progress() as advance:
                written = write_layer(files, path, wanted, advance)
            size = path.stat().st_size
    if as_json:
        result = {"out": str(out), "format": wanted.name, "n_rows": written.n_rows, "bytes": size}
        click.echo(json.dumps(result | {"changes": list(written.changes)}))
        return
    of_files = "" if len(files) == 1 else f" of {len(files):,} files"
    click.echo(printable(f"{written.n_rows:,} rows{of_files} are in {out} ({wanted.name}, {file_size(size)})."))
    if written.changes:
        click.echo(f"What {wanted.name} cannot hold unchanged:", err=True)
        for change in written.changes:
            click.echo(f"  {printable(change)}", err=True)
