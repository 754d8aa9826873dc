"""``kmeans inspect``: what files are, one after the other."""

import sys
from pathlib import Path

import click
import msgspec

from sampling_units.cli.command_errors import FAILED, errors_as_exit_status, require_file
from sampling_units.errors import RunError
from sampling_units.formatting import printable


@click.command(epilog="Exit status: 0 all files shown, 1 some could not be read, 2 wrong usage, 130 Ctrl-C.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line, one for each file.")
def inspect(files: tuple[Path, ...], as_json: bool) -> None:
    """Show what Parquet files are and how they were made.

    Rows, columns, geometries, coordinate system and bounding box of inputs and outputs; of clustered files and sampling
    frames also the version and parameters they were made with, and what came out. Little more than the metadata is
    read, so that large files take no longer than small ones.

    \b
    Examples:
      # Can these be clustered, and in which coordinate system are they?
      kmeans inspect cells.parquet rooftops.parquet
    \b
      # Which target weight was this frame made with?
      kmeans inspect results/frame/cells.parquet --json | jq .origin.parameters.target_weight
    """
    with errors_as_exit_status():
        n_failed = sum(not _show(file, as_json=as_json) for file in files)
    if n_failed:
        sys.exit(FAILED)


def _show(path: Path, *, as_json: bool) -> bool:
    """Show a file; False if there is nothing to show but an error."""
    from sampling_units.cli.inspect.description_text import print_description  # pyarrow takes a moment to load.
    from sampling_units.cli.inspect.file_description import describe

    try:
        require_file(path)
        description = describe(path)
    except RunError as error:
        message = printable(str(error))
        if as_json:
            click.echo(msgspec.json.encode({"file": printable(str(path)), "error": error.code, "message": message}))
        click.echo(f"{error.code}: {message}", err=True)
        return False
    if as_json:
        click.echo(msgspec.json.encode(description))
    else:
        print_description(description)
    return True
