"""``kmeans split``: its options, where the files of the values go, and what is printed about them."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampling_units.cli.command_errors import errors_as_exit_status, require_file, require_text
from sampling_units.cli.row_progress import row_progress
from sampling_units.cli.split.part_names import PART_SUFFIX, part_names, renamed
from sampling_units.errors import InvalidParameters
from sampling_units.formatting import printable
from sampling_units.io.atomic import replace_all, staging_folder

if TYPE_CHECKING:
    from sampling_units.cli.split.column_values import Values

# Values that are listed; the others are counted.
_N_LISTED = 10


@click.command(epilog="Exit status: 0 done, 1 the file cannot be split, 2 wrong usage, 130 Ctrl-C.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--by", "column", required=True, metavar="COLUMN", help="Column whose values the rows are divided by.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder for the files.")
@click.option("--overwrite", is_flag=True, help="Replace files of the same names in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def split(file: Path, column: str, out: Path, overwrite: bool, as_json: bool) -> None:
    """Split a Parquet file into one file for each value of a column.

    Each value of COLUMN becomes the file <value>.parquet in --out, with its rows in input order and all columns and
    metadata. FILE may be larger than memory. What cannot be part of a file name becomes an underscore, missing values
    go to null.parquet, and values that would share a name get ~2, ~3 and so on.

    All files appear at the end, or none after an error or Ctrl-C.

    \b
    Examples:
      # A nation's population cells, one file a province, to cluster in parallel
      kmeans split nation.parquet --by province --out provinces
      kmeans cluster provinces --weight-column population --target-weight 240 --out results
    \b
      # The clusters of a file, one file a stratum; again after a change
      kmeans split results/clustered_cells.parquet --by stratum --out strata --overwrite
    """
    with errors_as_exit_status():
        values, names = _split(file, column, out, overwrite=overwrite)
    if as_json:
        parts = zip(values.texts(), names, values.n_rows.tolist(), strict=True)
        files = [{"value": text, "file": str(out / name), "n_rows": n} for text, name, n in parts]
        click.echo(json.dumps({"column": column, "files": files}))
    else:
        _print_result(values, names, out)


def _split(file: Path, column: str, out: Path, *, overwrite: bool) -> tuple["Values", list[str]]:
    """Write the files; the values of the column, and the names of their files."""
    require_file(file)
    require_text(out)
    from sampling_units.cli.split.column_values import count_values  # pyarrow takes a moment to load.
    from sampling_units.cli.split.partition import write_parts
    from sampling_units.io.geo_file import GeoFile

    source = GeoFile(str(file), str(file))
    with row_progress() as advance:
        values = count_values(source, column, advance)
        names = part_names(values.texts())
        targets = [out / name for name in names]
        _check_targets(targets, file, overwrite=overwrite)
        with staging_folder(out) as staging:
            # Not called .parquet yet, so that an unfinished file is never taken for an input.
            made = [staging / f"{number}.part" for number in range(len(names))]
            write_parts(source, values, made, staging, advance)
            replace_all(list(zip(made, targets, strict=True)), staging)
    return values, names


def _check_targets(targets: Sequence[Path], file: Path, *, overwrite: bool) -> None:
    """Refuse to replace files that the user may want to keep.

    Raises:
        InvalidParameters: names the first such file, and says what to do.
    """
    existing = [target for target in targets if os.path.lexists(target)]
    for target in existing:
        if target.is_dir():
            raise InvalidParameters(f"{target} is in the way; it is a folder")
        if target.exists() and target.samefile(file):
            raise InvalidParameters(f"{target} would be replaced by a part of itself; choose another --out")
    if existing and not overwrite:
        others = f", and {len(existing) - 1:,} more" if len(existing) > 1 else ""
        raise InvalidParameters(f"{existing[0]} exists already{others}; replace with --overwrite")


def _print_result(values: "Values", names: Sequence[str], out: Path) -> None:
    n_rows = int(values.n_rows.sum())
    files = "1 file" if len(names) == 1 else f"{len(names):,} files"
    click.echo(printable(f"{n_rows:,} rows are in {files} in {out}, one for each value of {values.column}:"))
    for name, n in list(zip(names, values.n_rows.tolist(), strict=True))[:_N_LISTED]:
        click.echo(f"  {n:,} in {name}")
    _print_more(len(names))
    changed = renamed(values.texts(), names)
    if changed:
        click.echo(f"Values that are not the name of their file: {len(changed):,}", err=True)
        for text, name in changed[:_N_LISTED]:
            click.echo(f"  {printable(text)!r} is in {name}", err=True)
        _print_more(len(changed), err=True)
    n_others = sum(path.suffix == PART_SUFFIX for path in out.iterdir()) - len(names)
    if n_others > 0:
        click.echo(printable(f"Other {PART_SUFFIX} files in {out}, left alone: {n_others:,}"), err=True)


def _print_more(number: int, *, err: bool = False) -> None:
    if number > _N_LISTED:
        click.echo(f"  and {number - _N_LISTED:,} more", err=err)
