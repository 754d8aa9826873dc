"""The Python API: pandas and geopandas tables in, sampling units out. A table takes the same way as a file.

pandas and geopandas are imported when a function is called: the rest of the application does not need them.
"""

import io
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from sampling_units import file_names
from sampling_units.call_parameters import n_threads_of_call, parameters_of_call
from sampling_units.errors import FileMissing, RunError, without_options
from sampling_units.io.atomic import AtomicFiles
from sampling_units.io.clustered_file import added_columns
from sampling_units.io.digest import content_digest
from sampling_units.io.provenance import read_own_outputs
from sampling_units.job import Sinks
from sampling_units.job import cluster_file as cluster_source
from sampling_units.results import FileResult
from sampling_units.table_input import table_as_parquet
from sampling_units.units import Units

if TYPE_CHECKING:
    import pandas as pd

# Takes the place of a file name: the ids of units begin with its stem.
_TABLE = "unit.parquet"


def cluster(
    table: "pd.DataFrame",
    target_weight: Any = 240.0,
    *,
    weight: str | None = None,
    by: str | Sequence[str] | None = None,
    n_threads: int | None = None,
    **parameters: Any,
) -> Units:
    """Group the rows of a table into sampling units: connected, compact, with summed weights inside a range.

    Args:
        table: a GeoDataFrame of points or polygons in any coordinate system, or a DataFrame with columns of longitude
            and latitude; it is not changed. Columns that no parameter names may have any type.
        target_weight: desired weight of a unit; a pair (urban, rural), or a dict with these keys, if the two differ.
        weight: name of the numeric column with the weight of each row; None gives every row the weight 1.
        by: name of a column, or of several: all rows of a unit have the same values there.
        n_threads: groups that are clustered at the same time, by default as many as there are cores.
        parameters: any other run parameter, see docs/parameters.md and ``RunParameters``.

    Raises:
        InvalidParameters: a parameter is unknown or out of its domain.
        InvalidInput: a row or column cannot be used; the error names it. Rows count from 0, whatever the index is.
        ImportError: geopandas is not installed.
        TypeError: ``table`` is not a DataFrame.

    >>> import geopandas, shapely
    >>> roofs = geopandas.GeoDataFrame(geometry=shapely.points([(0, 0), (9, 0), (900, 0), (909, 0)]), crs="EPSG:32631")
    >>> cluster(roofs, target_weight=2).rows["cluster_id"].nunique()
    2
    """
    geopandas = _geopandas()
    params = parameters_of_call({"target_weight": target_weight, "weight": weight, "by": by}, parameters)
    threads = n_threads_of_call(n_threads)
    sinks = Sinks(clustered=pa.BufferOutputStream(), frame=pa.BufferOutputStream())
    with _errors_in_python("filename"):
        source = pa.BufferReader(table_as_parquet(table, params))
        report = cluster_source(source, _TABLE, "", params, sinks, threads)
    names = list(added_columns(params.column_prefix))
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
    by: str | Sequence[str] | None = None,
    n_threads: int | None = None,
    **parameters: Any,
) -> FileResult:
    """Cluster one file, and write ``clustered_<name>`` and ``frame/<name>`` to a folder, as ``kmeans cluster`` does.

    Outputs of an earlier run are replaced. Each output is complete or absent, also after an error.

    Args:
        path: the file to cluster.
        out: the folder for the outputs; it is made if it is missing.
        target_weight, weight, by, n_threads, parameters: as in ``cluster``.

    Raises:
        FileMissing: there is no such file.
        InvalidParameters, InvalidInput: as in ``cluster``.
        OutputNotWritable: an output cannot be written, or another file has its name.

    >>> cluster_file("nowhere.parquet", "results")
    Traceback (most recent call last):
    sampling_units.errors.FileMissing: nowhere.parquet: there is no such file
    """
    params = parameters_of_call({"target_weight": target_weight, "weight": weight, "by": by}, parameters)
    threads = n_threads_of_call(n_threads)
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"the path of a file is needed, not {type(path).__name__}; cluster takes tables")
    source, folder = Path(path), Path(out)
    if source.is_dir():
        raise FileMissing("is a folder, not a file; kmeans cluster takes folders", filename=str(source))
    if not source.is_file():
        raise FileMissing("there is no such file", filename=str(source))
    file_names.check_filename(source.name)
    target, frame = folder / file_names.output_key(source.name), folder / file_names.frame_key(source.name)
    read_own_outputs((frame, target))
    began = time.perf_counter()
    digest = content_digest(source)
    files = AtomicFiles((frame, target), writer=os.getpid())
    with _errors_in_python(), files.written() as (partial_frame, partial_target):
        sinks = Sinks(clustered=str(partial_target), frame=str(partial_frame))
        report = cluster_source(str(source), source.name, digest, params, sinks, threads)
    seconds = round(time.perf_counter() - began, 4)
    return FileResult(filename=source.name, output=str(target), frame=str(frame), seconds=seconds, report=report)


@contextmanager
def _errors_in_python(*hidden: str) -> Iterator[None]:
    """Raise the errors of the job in words for a caller from Python, without the names of command-line options.

    Args:
        hidden: keys of ``RunError.where`` to leave out, such as the file name of what is really a table.
    """
    try:
        yield
    except RunError as error:
        where = {name: value for name, value in error.where.items() if name not in hidden}
        # `from None`: the original traceback would show the message with command-line options.
        raise type(error)(without_options(error.message), **where) from None


def _geopandas() -> Any:
    try:
        import geopandas
    except ImportError as error:
        raise ImportError("tables need geopandas: pip install 'sampling-units[notebook]'") from error
    return geopandas
