"""``kmeans sample``: its options, and the table of what was selected."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from sampling_units.cli.command_errors import errors_as_exit_status, require_file, require_text
from sampling_units.errors import InvalidParameters
from sampling_units.formatting import printable
from sampling_units.io.atomic import staged_file

if TYPE_CHECKING:
    from sampling_units.sampling.sample_files import StratumSample

# Strata that the table shows; --json has all.
_SHOWN_STRATA = 30


@click.command(epilog="Exit status: 0 done, 1 a frame cannot be sampled, 2 wrong usage, 130 Ctrl-C.")
@click.argument("frames", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FRAME...")
@click.option("--n", type=click.IntRange(1), required=True, help="Number of clusters to select, over all strata.")
@click.option(
    "--stratify", multiple=True, metavar="COLUMN", help="Column of strata, each sampled by itself; repeatable."
)
@click.option("--size", default="cluster_weight", show_default=True, help="Column with the measure of size.")
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Seed of the draw; another seed gives another sample.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE", help="Parquet file to write.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def sample(frames: tuple[Path, ...], out: Path, overwrite: bool, as_json: bool, **options: Any) -> None:
    """Select clusters from a sampling frame, with probability proportional to size.

    Selection is systematic in the order of the frame, where near clusters are near each other, so the sample is
    spread over the ground. Strata share the sample in proportion to their size, at least one cluster each. Clusters
    larger than the interval are taken with certainty. The output has all columns of the frame, and besides
    selection_probability, base_weight (its inverse) and is_certainty_unit. Several FRAMEs are one frame, in the
    order given.

    \b
    Examples:
      # 100 clusters of a district, by their population
      kmeans sample results/frame/cells.parquet --n 100 --out sample.parquet
    \b
      # 600 clusters of a nation, province by province, another draw
      kmeans sample results/frame/*.parquet --n 600 --stratify province_code --seed 7 --out sample.parquet
    """
    with errors_as_exit_status():
        if os.path.lexists(out) and not overwrite:
            raise InvalidParameters(f"{out} exists already; replace it with --overwrite")
        for path in frames:
            require_file(path)
        require_text(out)
        # pyarrow takes a moment to load.
        from sampling_units.sampling.sample_files import SampleDesign, draw, read_frames, write_sample

        design = SampleDesign(**options)
        frame = read_frames(frames, design)
        selection, strata = draw(frame, design)
        drawn = {"frames": [str(path) for path in frames]} | msgspec.to_builtins(design)
        with staged_file(out) as path:
            write_sample(frame, selection, path, drawn)
    if frame.differing_file is not None:
        message = f"Note: {frame.differing_file} and {frames[0]} were not made with the same parameters and version."
        click.echo(printable(message), err=True)
    if as_json:
        strata_as_json = [msgspec.to_builtins(stratum) for stratum in strata]
        click.echo(msgspec.json.encode({**drawn, "out": str(out), "strata": strata_as_json}))
        return
    _print(strata, design.stratify)
    click.echo(printable(f"{design.n:,} of {len(frame.sizes):,} clusters are in {out} (seed {design.seed})."))


def _print(strata: "list[StratumSample]", stratify: tuple[str, ...]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    table.add_column(", ".join(stratify) or "stratum")
    for heading in ("clusters", "size", "selected", "certain", "base weights"):
        table.add_column(heading, justify="right")
    for stratum in strata[:_SHOWN_STRATA]:
        table.add_row(
            printable(stratum.name),
            f"{stratum.n_units:,}",
            f"{stratum.total_size:,.0f}",
            f"{stratum.n_selected:,}",
            f"{stratum.n_certain:,}",
            f"{stratum.smallest_weight:,.1f} to {stratum.largest_weight:,.1f}" if stratum.n_selected else "",
        )
    Console().print(table)
    if len(strata) > _SHOWN_STRATA:
        click.echo(f"and {len(strata) - _SHOWN_STRATA:,} more strata; --json lists all")
