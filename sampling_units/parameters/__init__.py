"""Parameters of a run: one table, from which the options, the schema, the report's labels and the documents are made.

A parameter is one field of ``RunParameters`` with its ``Entry``. To add one, write that field, and use it.
"""

from sampling_units.parameters.entry import AUTOMATIC_CRS, BySettlement, Entry, Rule
from sampling_units.parameters.run_parameters import RunParameters, parse_parameters
from sampling_units.parameters.table import Parameter, parameter_table

__all__ = [
    "AUTOMATIC_CRS",
    "BySettlement",
    "Entry",
    "Parameter",
    "Rule",
    "RunParameters",
    "parameter_table",
    "parse_parameters",
]
