"""How ``kmeans inspect`` shows a file: two columns on a terminal, lines with a tab in a pipe."""

import sys
from collections.abc import Iterator
from itertools import groupby

import click
import msgspec

import kmeans
from sampling_units.cli.inspect.file_description import FileDescription, Geometry, Origin
from sampling_units.formatting import file_size, printable
from sampling_units.results import FileReport

_KINDS = {
    "input": "input that can be clustered, as far as the metadata show",
    "clustered": "clustered file: the rows of the input with their clusters",
    "frame": "sampling frame: one row for each cluster",
    "other": "Parquet, cannot be clustered",
}
_SOURCES = {
    "metadata": "from the metadata",
    "statistics": "from the statistics of the row groups",
    "geometries": "computed",
}

_EXPLANATIONS = {status.value: status.explanation for status in kmeans.Status}

Fact = tuple[str, str]


def print_description(description: FileDescription) -> None:
    """Show a file on standard output, and an empty line."""
    if sys.stdout.isatty():
        _print_grid(list(_facts(description, ",")))
    else:
        for label, value in _facts(description, ""):
            click.echo(f"{label}\t{value}")
    click.echo()


def _print_grid(facts: list[Fact]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(overflow="fold")
    for label, group in groupby(facts, key=lambda fact: fact[0]):
        for number, (_, value) in enumerate(group):
            # Names may hold brackets, which are not meant as markup.
            grid.add_row("" if number else label, Text(value))
    Console().print(grid)


def _facts(description: FileDescription, thousands: str) -> Iterator[Fact]:
    """Labels and values in the order shown; a label may repeat."""
    yield "file", printable(description.file)
    yield "kind", _KINDS[description.kind]
    if description.obstacle is not None:
        yield "obstacle", printable(description.obstacle)
    yield "rows", f"{description.n_rows:{thousands}}"
    yield "row groups", f"{description.n_row_groups:{thousands}}"
    yield "size", file_size(description.n_bytes)
    if description.geoparquet_version is not None:
        yield "GeoParquet version", printable(description.geoparquet_version)
    for geometry in description.geometries:
        yield from _facts_of_geometry(geometry)
    for column in description.columns:
        yield "column", printable(f"{column.name}: {column.type}")
    if description.origin is not None:
        yield from _facts_of_origin(description.origin, description, thousands)


def _facts_of_geometry(geometry: Geometry) -> Iterator[Fact]:
    name = " and ".join(geometry.columns)
    kinds = ", ".join(geometry.types) or "any type"
    how = "columns of coordinates" if geometry.encoding is None else f"{kinds}, encoding {geometry.encoding}"
    yield "geometry", printable(f"{name}: {how}{', primary' if geometry.is_primary and geometry.encoding else ''}")
    crs, code = geometry.crs, "no code"
    if crs is not None and crs.code is not None:
        code = crs.code
    yield "coordinate system", "unknown" if crs is None else printable(f"{crs.name}, {code}")
    if geometry.bounding_box is not None:
        box = geometry.bounding_box
        yield "bounding box", f"{', '.join(f'{bound:.10g}' for bound in box.bounds)} ({_SOURCES[box.source]})"


def _facts_of_origin(origin: Origin, description: FileDescription, thousands: str) -> Iterator[Fact]:
    yield "made by", printable(f"kmeans {origin.version}")
    if origin.output_version is not None:
        yield "output version", str(origin.output_version)
    known = {"run": origin.run, "input fingerprint": origin.input_etag, "worked in": origin.crs}
    yield from ((label, printable(value)) for label, value in known.items() if value is not None)
    unchanged = {name: value for name, value in origin.parameters.items() if name not in origin.changed_parameters}
    for name, value in (origin.changed_parameters | unchanged).items():
        yield "parameter", printable(f"{name}: {_value(value)}{' (default)' if name in unchanged else ''}")
    report = _report(origin)
    if report is None:
        return
    share = f" ({report.n_in_range / report.n_clusters:.1%})" if report.n_clusters else ""
    yield "clusters", f"{report.n_clusters:{thousands}}"
    yield "in range", f"{report.n_in_range:{thousands}}{share}"
    for status, n in report.statuses.items():
        explanation = _EXPLANATIONS.get(status, "not known to this version")
        yield "status", printable(f"{n:{thousands}} {status}: {explanation}")
    yield "rows left out", f"{report.n_invalid:{thousands}} of {report.n_rows:{thousands}}"
    n_whole = report.n_clusters if description.kind == "frame" else report.n_rows
    if n_whole != description.n_rows:
        yield "part", f"the figures are those of a whole file of {n_whole:{thousands}} rows, which this is a part of"


def _report(origin: Origin) -> FileReport | None:
    """The figures of the run, None if another version wrote them otherwise."""
    try:
        return msgspec.convert(origin.report, FileReport)
    except msgspec.ValidationError:
        return None


def _value(value: object) -> str:
    """A parameter as people write it."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(part)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
