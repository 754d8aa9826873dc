"""The job of one file, the same in Lambda and on a laptop: the input in, the clustered file and its frame out."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

import kmeans
from kmeans.arrays import FloatArray
from sampling_units.errors import InvalidInput, InvalidParameters
from sampling_units.file_names import file_stem
from sampling_units.frame.writing import FrameFigures, write_frame
from sampling_units.io.clustered_file import ClusterColumns, write_clustered
from sampling_units.io.columns import Grouping
from sampling_units.io.geometry import is_out_of_memory
from sampling_units.io.group_names import group_names
from sampling_units.io.provenance import encode_provenance
from sampling_units.job_input import JobInput, read_input
from sampling_units.parameters import RunParameters
from sampling_units.results import FileReport
from sampling_units.versions import OUTPUT_VERSION


@dataclass(frozen=True)
class Sinks:
    """Where the outputs of a file are written: paths, or file objects of pyarrow.

    Nothing is written before the file is clustered; after an error what is there is incomplete.
    """

    clustered: Any
    frame: Any


def cluster_file(
    source: Any, filename: str, input_etag: str, params: RunParameters, sinks: Sinks, n_threads: int = 1
) -> FileReport:
    """Cluster one file.

    Args:
        source: the input: a path, or a file object of pyarrow.
        filename: its name: cluster ids begin with its stem, errors name it.
        input_etag: identifies this version of the input; noted in the outputs.
        params: how to cluster.
        sinks: where to write the clustered file and the frame.
        n_threads: groups that are clustered at the same time.

    Raises:
        InvalidInput: something in the file is wrong; names column, row and value.
        InvalidParameters: a parameter does not fit the file.
        MemoryError: it does not fit into memory.
    """
    with _memory_told_apart():
        return _clustered(source, filename, input_etag, params, sinks, n_threads)


@contextmanager
def _memory_told_apart() -> Iterator[None]:
    """Turn failures of GEOS for want of memory into what they are."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise MemoryError(str(error)) from error
        raise


def _clustered(
    source: Any, filename: str, input_etag: str, params: RunParameters, sinks: Sinks, n_threads: int
) -> FileReport:
    job_input = read_input(source, filename, params)
    rows, grouping = job_input.rows, job_input.rows.grouping
    clustering = _cluster(job_input, params, filename, n_threads)
    labels = np.full(len(rows.points), -1, np.int64)
    labels[rows.is_sound] = clustering.labels
    clusters = ClusterColumns(
        labels,
        _cluster_ids(filename, clustering, grouping),
        clustering.weight,
        clustering.status.tolist(),
        params.column_prefix,
    )
    report = _report(job_input, clustering)
    origin = describe_origin(params, input_etag)
    provenance = encode_provenance(origin | {"crs": job_input.projection.name, "report": msgspec.to_builtins(report)})
    figures = FrameFigures(
        {name: values.take(pa.array(clustering.group)) for name, values in grouping.values.items()},
        clustering.n_points,
        clustering.pieces,
        clustering.radius,
        clustering.centroid,
    )
    write_frame(sinks.frame, job_input, clusters, figures, provenance)
    write_clustered(sinks.clustered, job_input.file, rows, clusters, provenance)
    return report


def describe_origin(params: RunParameters, input_etag: str) -> dict[str, Any]:
    """How an output is made, as its file metadata say: what decides it, and what people want to know besides."""
    return {
        "version": kmeans.__version__,
        "output_version": OUTPUT_VERSION,
        "parameters": params.to_json().decode(),
        **output_identity(params, input_etag),
    }


def output_identity(params: RunParameters, input_etag: str) -> dict[str, str]:
    """What decides an output; an output that says the same of itself is up to date, whichever release made it."""
    return {"parameters_fingerprint": params.fingerprint(), "input_etag": input_etag}


def _cluster(job_input: JobInput, params: RunParameters, filename: str, n_threads: int) -> "kmeans.Clustering":
    try:
        return kmeans.cluster_groups(
            job_input.points,
            job_input.weights,
            job_input.groups,
            job_input.parameters,
            job_input.footprints,
            None if job_input.cells is None else job_input.cells.lattice.index,
            n_threads,
        )
    except kmeans.InvalidWeight as error:
        raise InvalidInput(
            f"the weight is {error.value}, more than the clustering can add up",
            filename=filename,
            column=params.weight_column,
            row=int(np.flatnonzero(job_input.rows.is_sound)[error.row]),
            value=str(error.value),
        ) from error
    except kmeans.InvalidParameter as error:
        raise InvalidParameters(str(error)) from error


def _cluster_ids(filename: str, clustering: "kmeans.Clustering", grouping: Grouping) -> list[str]:
    """``<file stem>_<number>``, within groups ``<file stem>_<group>_<number>``; with equally many digits in each."""
    names = group_names(grouping)
    sizes = np.bincount(clustering.group, minlength=len(names))
    first = np.cumsum(sizes) - sizes
    stem = file_stem(filename)
    ids = []
    for cluster, group in enumerate(clustering.group.tolist()):
        digits = len(str(max(int(sizes[group]) - 1, 0)))
        ids.append(f"{stem}{names[group]}_{cluster - int(first[group]):0{digits}d}")
    return ids


def _report(job_input: JobInput, clustering: "kmeans.Clustering") -> FileReport:
    statuses = Counter(clustering.status.tolist())
    return FileReport(
        n_rows=job_input.file.n_rows,
        n_invalid=job_input.file.n_rows - len(job_input.points),
        n_clusters=clustering.n_clusters,
        n_in_range=int(clustering.in_range.sum()),
        weight=float(clustering.weight.sum()),
        weight_in_range=float(clustering.weight[clustering.in_range].sum()),
        radius_median=_median(clustering.radius) if clustering.n_clusters else None,
        statuses=dict(sorted(statuses.items())),
        findings=kmeans.diagnose(clustering, job_input.parameters),
    )


def _median(values: FloatArray) -> float:
    """The median; that of numpy takes longer than all else in a report of a few clusters."""
    middle = np.sort(values)[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return float(middle.sum() / len(middle))
