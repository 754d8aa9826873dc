"""Primary sampling units: files or tables of population cells and rooftops in, sampling units and their frame out.

``cluster`` works on tables of pandas and geopandas, ``cluster_file`` on a file; the command ``kmeans`` does the same on
many files. Here is what notebooks and programs use; docs/python.md shows it at work.

>>> import sampling_units
>>> sampling_units.parse_parameters({"target_weight": 300}) == sampling_units.RunParameters(target_weight=300)
True
>>> wrong = (sampling_units.InvalidInput, sampling_units.InvalidParameters)
>>> elsewhere = (sampling_units.FileMissing, sampling_units.OutputNotWritable)
>>> all(issubclass(error, sampling_units.RunError) for error in wrong + elsewhere)
True
>>> sampling_units.FileResult(filename="cells.parquet").skipped
False
>>> "n_in_range" in sampling_units.FileReport.__struct_fields__
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kmeans import __version__

if TYPE_CHECKING:
    from sampling_units.api import cluster, cluster_file
    from sampling_units.errors import FileMissing, InvalidInput, InvalidParameters, OutputNotWritable, RunError
    from sampling_units.parameters import RunParameters, parse_parameters
    from sampling_units.results import FileReport, FileResult
    from sampling_units.units import Units

__all__ = [
    "FileMissing",
    "FileReport",
    "FileResult",
    "InvalidInput",
    "InvalidParameters",
    "OutputNotWritable",
    "RunError",
    "RunParameters",
    "Units",
    "__version__",
    "cluster",
    "cluster_file",
    "parse_parameters",
]

# Imported when they are asked for: the functions of AWS and `kmeans --help` do without most of them.
_MODULES = {
    "FileMissing": "errors",
    "FileReport": "results",
    "FileResult": "results",
    "InvalidInput": "errors",
    "InvalidParameters": "errors",
    "OutputNotWritable": "errors",
    "RunError": "errors",
    "RunParameters": "parameters",
    "Units": "units",
    "cluster": "api",
    "cluster_file": "api",
    "parse_parameters": "parameters",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"sampling_units.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
