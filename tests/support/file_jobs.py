"""The job of one file on bytes, for tests."""

from dataclasses import dataclass

import pyarrow as pa

from sampling_units.job import Sinks, cluster_file
from sampling_units.parameters import parse_parameters
from sampling_units.results import FileReport


@dataclass(frozen=True)
class Outcome:
    """The outputs of a file and its figures."""

    clustered: bytes
    frame: bytes
    report: FileReport


def cluster_bytes(content, filename="area.parquet", n_threads=1, **params):
    """Cluster a file of population cells; keyword arguments are parameters of the contract."""
    sinks = Sinks(pa.BufferOutputStream(), pa.BufferOutputStream())
    parsed = parse_parameters({"target_weight": 40, "weight_column": "population"} | params)
    report = cluster_file(pa.BufferReader(content), filename, "etag", parsed, sinks, n_threads)
    return Outcome(sinks.clustered.getvalue().to_pybytes(), sinks.frame.getvalue().to_pybytes(), report)
