"""The Python API: tables of pandas and geopandas in, sampling units out, by the same job as files.

pandas and geopandas are imported by its calls only: the rest of the application does without them.
"""

import difflib
import io
import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from kmeans import Status
from sampling_units import file_names
from sampling_units.cores import available_cores
from sampling_units.errors import FileMissing, InvalidInput, InvalidParameters
from sampling_units.formatting import counted, explained, shortened
from sampling_units.io.atomic import AtomicFiles
from sampling_units.io.digest import content_digest
from sampling_units.io.provenance import read_own_outputs
from sampling_units.job import Sinks
from sampling_units.job import cluster_file as cluster_source
from sampling_units.parameters import RunParameters, parse_parameters
from sampling_units.results import FileReport, FileResult

if TYPE_CHECKING:
    import geopandas
    import pandas as pd

# What a table is called where a file has its name: ids of units begin with its stem.
_TABLE = "unit.parquet"
# Names here of parameters that a run calls otherwise.
_ALIASES = {"weight": "weight_column", "by": "group_by"}
# What a unit says of itself in every row, behind the parameter ``column_prefix``.
_ROW_COLUMNS = ("id", "weight", "status")


@dataclass(frozen=True, eq=False)
class Units:
    """Sampling units of a table.

    Attributes:
        rows: the table, with the id, weight and status of each row's unit; same rows, order and index.
        frame: GeoDataFrame, the sampling frame: one row a unit, with its figures and its polygon.
        report: the figures of the whole.
        params: what they were made with.

    >>> import pandas as pd
    >>> cells = pd.DataFrame({"lon": [0.0, 0.001, 0.0, 0.001], "lat": [0.0, 0.0, 0.001, 0.001], "people": 100})
    >>> units = cluster(cells, target_weight=200, weight="people")
    >>> len(units), sorted(set(units.rows["cluster_weight"]))
    (2, [200.0])
    """

    rows: "pd.DataFrame"
    frame: "geopandas.GeoDataFrame"
    report: FileReport
    params: RunParameters

    def __len__(self) -> int:
        return self.report.n_clusters

    @property
    def diagnosis(self) -> "pd.DataFrame":
        """One row for each status that units have: ``status``, ``n_units``, ``weight`` and ``explanation``."""
        import pandas as pd

        prefix = self.params.column_prefix
        weights = self.frame.groupby(f"{prefix}status")[f"{prefix}weight"].sum()
        texts = {finding.status: finding.text for finding in self.report.findings}
        lines = [
            (status.value, n_units, float(weights[status.value]), texts.get(status.value, status.explanation))
            for status in Status
            if (n_units := self.report.statuses.get(status.value, 0))
        ]
        return pd.DataFrame(lines, columns=["status", "n_units", "weight", "explanation"])

    def summary(self) -> str:
        """The result in words: how many units are inside the weight range, and why the others are not."""
        report = self.report
        left_out = f", {counted(report.n_invalid, 'invalid row')} left out" if report.n_invalid else ""
        lines = [
            f"{counted(report.n_clusters, 'unit')} of {counted(report.n_rows, 'row')}{left_out}; "
            f"{report.n_in_range:,} inside the weight range."
        ]
        lines += [f"{counted(it.n_clusters, 'unit')} {it.status}: {it.text}" for it in report.findings]
        return "\n".join(lines)

    __str__ = summary


def cluster(
    table: "pd.DataFrame",
    target_weight: Any = 240.0,
    *,
    weight: str | None = None,
    by: str | Sequence[str] = (),
    n_threads: int | None = None,
    **parameters: Any,
) -> Units:
    """Group the rows of a table into sampling units: connected, compact, with summed weights inside a range.

    Args:
        table: a GeoDataFrame of points or polygons in any coordinate system, or a DataFrame with columns of longitude
            and latitude; never changed.
        target_weight: desired weight of a unit; a dict with ``urban`` and ``rural`` for two of them.
        weight: numeric column with the weight of each row; None: every row weighs 1.
        by: columns whose values a unit never mixes.
        n_threads: groups that are clustered at the same time, by default as many as there are cores.
        parameters: any other run parameter, see docs/parameters.md and ``RunParameters``.

    Raises:
        InvalidParameters: a parameter is unknown or out of its domain.
        InvalidInput: a row or column cannot be clustered; names it. Rows count from 0, whatever the index.
        TypeError: ``table`` is no table.

    >>> import geopandas, shapely
    >>> roofs = geopandas.GeoDataFrame(geometry=shapely.points([(0, 0), (9, 0), (900, 0), (909, 0)]), crs="EPSG:32631")
    >>> cluster(roofs, target_weight=2).rows["cluster_id"].nunique()
    2
    """
    params = _parameters({"target_weight": target_weight, "weight": weight, "by": by}, parameters)
    geopandas = _geopandas()
    source = _as_parquet(table)
    sinks = Sinks(clustered=pa.BufferOutputStream(), frame=pa.BufferOutputStream())
    n_threads = available_cores() if n_threads is None else n_threads
    report = cluster_source(pa.BufferReader(source), _TABLE, "", params, sinks, n_threads)
    names = [params.column_prefix + name for name in _ROW_COLUMNS]
    clustered = pq.read_table(pa.BufferReader(sinks.clustered.getvalue()), columns=names)
    rows = table.copy()
    for name in names:
        rows[name] = clustered[name].to_pandas().to_numpy()
    frame = geopandas.read_parquet(io.BytesIO(sinks.frame.getvalue()))
    return Units(rows, frame, report, params)


def cluster_file(
    path: str | Path,
    out: str | Path,
    target_weight: Any = 240.0,
    *,
    weight: str | None = None,
    by: str | Sequence[str] = (),
    n_threads: int | None = None,
    **parameters: Any,
) -> FileResult:
    """Cluster one file into a folder, as ``kmeans cluster`` does: ``clustered_<name>``, and ``frame/<name>``.

    Both outputs appear whole or not at all; those of an earlier run are replaced.

    Args:
        path: of the file.
        out: the folder, made if need be.
        target_weight, weight, by, n_threads, parameters: as in ``cluster``.

    Raises:
        FileMissing: there is no such file.
        InvalidParameters, InvalidInput: as in ``cluster``.
        OutputNotWritable: an output cannot be written, or another file has its name.

    >>> cluster_file("nowhere.parquet", "results")
    Traceback (most recent call last):
    sampling_units.errors.FileMissing: nowhere.parquet: there is no such file
    """
    params = _parameters({"target_weight": target_weight, "weight": weight, "by": by}, parameters)
    source, folder = Path(path), Path(out)
    if not source.is_file():
        raise FileMissing("there is no such file", filename=str(source))
    file_names.check_filename(source.name)
    target, frame = folder / file_names.output_key(source.name), folder / file_names.frame_key(source.name)
    read_own_outputs((frame, target))
    n_threads = available_cores() if n_threads is None else n_threads
    began = time.perf_counter()
    etag = content_digest(source)
    with AtomicFiles((frame, target), writer=os.getpid()).written() as (partial_frame, partial_target):
        sinks = Sinks(clustered=str(partial_target), frame=str(partial_frame))
        report = cluster_source(str(source), source.name, etag, params, sinks, n_threads)
    seconds = round(time.perf_counter() - began, 4)
    return FileResult(filename=source.name, output=str(target), frame=str(frame), seconds=seconds, report=report)


def _parameters(named: dict[str, Any], others: dict[str, Any]) -> RunParameters:
    """The run parameters from the arguments of a call."""
    known = RunParameters.__struct_fields__
    for alias, name in _ALIASES.items():
        if name in others:
            if named[alias]:
                raise InvalidParameters(f"{alias} and {name} are the same parameter: give one of them")
            named = {key: value for key, value in named.items() if key != alias}
    for name in others:
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *_ALIASES], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InvalidParameters(f"there is no parameter {shortened(name)}{hint}")
    values = {_ALIASES.get(name, name): _plain(value) for name, value in (named | others).items()}
    if isinstance(values["group_by"], str):
        values["group_by"] = [values["group_by"]]
    return parse_parameters(values)


def _plain(value: Any) -> Any:
    """A value as JSON has it: numpy's numbers as Python's, no limit as the word."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and math.isinf(value):
        return "unlimited"
    return value


def _geopandas() -> Any:
    try:
        import geopandas
    except ImportError as error:
        raise ImportError("tables need geopandas: pip install 'sampling-units[notebook]'") from error
    return geopandas


def _as_parquet(table: Any) -> bytes:
    """The table as the file that it would be, without its index.

    Raises:
        InvalidInput: a column cannot be written.
        TypeError: it is no table.
    """
    import pandas as pd

    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"a DataFrame or GeoDataFrame is needed, not {type(table).__name__}")
    names = list(table.columns)
    for name in names:
        if not isinstance(name, str):
            raise InvalidInput("the name of this column is not text", column=shortened(name))
        if names.count(name) > 1:
            raise InvalidInput("there are several columns of that name", column=shortened(name))
    content = io.BytesIO()
    try:
        table.reset_index(drop=True).to_parquet(content, index=False)
    except (pa.ArrowException, TypeError, ValueError, NotImplementedError) as error:
        raise InvalidInput(f"the table cannot be written as Parquet ({explained(error)})") from error
    return content.getvalue()
