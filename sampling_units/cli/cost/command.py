"""``kmeans cost``: what a run on AWS would take and cost."""

import math
from datetime import timedelta

import click
import msgspec

from sampling_units.runs.cost import CostEstimate, FunctionSize, estimate_cost
from sampling_units.runs.events import DEFAULT_MAX_CONCURRENCY
from sampling_units.runs.work_time import BYTES_PER_CELL


@click.command()
@click.option("--files", "n_files", type=click.IntRange(0), required=True, help="Number of files to cluster.")
@click.option("--cells", "n_cells", type=click.IntRange(0), help="Number of rows of all files together.")
@click.option(
    "--bytes",
    "n_bytes",
    type=click.IntRange(0),
    help=f"Or the size of all files, if they hold little but weights and places: {BYTES_PER_CELL} bytes a row.",
)
@click.option(
    "--max-concurrency",
    type=click.IntRange(1, 10_000),
    default=DEFAULT_MAX_CONCURRENCY,
    show_default=True,
    help="Largest number of invocations at the same time.",
)
@click.option(
    "--memory-mb",
    type=click.IntRange(128, 10_240),
    default=1769,
    show_default=True,
    help="Memory of an invocation, in MB.",
)
@click.option(
    "--architecture",
    type=click.Choice(["arm64", "x86_64"]),
    default="arm64",
    show_default=True,
    help="Processor of the function.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def cost(
    n_files: int,
    n_cells: int | None,
    n_bytes: int | None,
    max_concurrency: int,
    memory_mb: int,
    architecture: str,
    as_json: bool,
) -> None:
    """Estimate duration and price of a run on AWS. Nothing is started, and no account is needed.

    From seconds that were measured on population cells, and prices of us-east-1; docs/cost.md says how, and what is
    left out. Buildings at 30 a cluster take some 50 microseconds a row instead of 1.5, and with a desired radius
    clustering takes two to three times as long.

    \b
    Examples:
      # A nation of 42,010 barangays
      kmeans cost --files 42010 --cells 34600000
    \b
      # A folder of which only the size is known, with 2,000 invocations at a time
      kmeans cost --files 10000 --bytes 2500000000 --max-concurrency 2000
    """
    if (n_cells is None) == (n_bytes is None):
        raise click.UsageError("give either --cells or --bytes")
    estimate = estimate_cost(
        n_files,
        n_cells,
        n_bytes=n_bytes,
        max_concurrency=max_concurrency,
        function=FunctionSize(memory_mb=memory_mb, architecture="x86_64" if architecture == "x86_64" else "arm64"),
    )
    if as_json:
        click.echo(msgspec.json.encode(estimate))
    else:
        _print(estimate)


def _print(estimate: CostEstimate) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_row("files", f"{estimate.n_files:,}")
    table.add_row("cells", f"{estimate.n_cells:,}")
    table.add_row("invocations", f"{estimate.n_batches:,}")
    table.add_row("compute", f"{estimate.compute_seconds:,.0f} s, {estimate.gb_seconds:,.0f} GB-seconds")
    table.add_row("duration", str(timedelta(seconds=math.ceil(estimate.duration_seconds))))
    table.add_section()
    for item, dollars in estimate.dollars.items():
        table.add_row(item, f"${dollars:,.4f}")
    table.add_section()
    table.add_row("total", f"${estimate.total_dollars:,.4f}")
    Console().print(table)
    for warning in estimate.warnings:
        click.echo(f"Warning: {warning}.", err=True)
