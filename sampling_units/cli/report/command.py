"""``kmeans report``: its options, and what is printed of the page that it makes."""

from pathlib import Path

import click
import msgspec

from sampling_units.cli.command_errors import errors_as_exit_status
from sampling_units.errors import InvalidParameters
from sampling_units.formatting import file_size, printable

_SUFFIXES = (".html", ".htm")


@click.command(epilog="Exit status: 0 done, 1 the results cannot be reported, 2 wrong usage, 130 Ctrl-C.")
@click.argument("results", type=click.Path(path_type=Path), metavar="RESULTS_DIR")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Page to write.  [default: RESULTS_DIR/report.html]"
)
@click.option("--open", "is_opened", is_flag=True, help="Show the page in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a sentence.")
def report(results: Path, out: Path | None, is_opened: bool, as_json: bool) -> None:
    """Make one HTML page of the results of a run: map, histograms, exceptions, a line for each area.

    RESULTS_DIR is the --out of kmeans cluster, or a copy of the output bucket; read are the sampling frames in its
    folder frame. The page needs no network and no other file, so it can be mailed. Up to 50,000 clusters are drawn with
    their borders, more are counted in hexagons. An older page is replaced.

    \b
    Examples:
      # Look at what came out
      kmeans cluster cells.parquet --target-weight 240 --out results
      kmeans report results --open
    \b
      # A page for a colleague, and its figures for a script
      kmeans report results --out for_manila.html --json | jq .n_clusters
    """
    with errors_as_exit_status():
        target = results / "report.html" if out is None else out
        if target.suffix.lower() not in _SUFFIXES:
            raise InvalidParameters(f"--out {target} has to end in {' or '.join(_SUFFIXES)}")
        if target.is_dir():
            raise InvalidParameters(f"{target} is a folder")
        from sampling_units.cli.report.local_report import make_report, write_page  # pyarrow takes a moment to load.

        made = make_report(results)
        write_page(made.page, target)
    if made.samples:
        names = ", ".join(printable(str(path)) for path in made.samples)
        click.echo(f"Samples, left out of the report: {names}", err=True)
    if as_json:
        click.echo(msgspec.json.encode({"report": printable(str(target)), "bytes": len(made.page), **made.figures}))
    else:
        n_files, n_clusters = made.figures["n_files"], made.figures["n_clusters"]
        of_files = "1 file" if n_files == 1 else f"{n_files:,} files"
        size = file_size(len(made.page))
        click.echo(printable(f"The report on {n_clusters:,} clusters of {of_files} is {target} ({size})."))
    if is_opened:
        click.launch(target.resolve().as_uri())
