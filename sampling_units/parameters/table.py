"""The table of run parameters, read from the fields of ``RunParameters``."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from sampling_units.parameters.entry import BySettlement, Entry
from sampling_units.parameters.run_parameters import RunParameters


@dataclass(frozen=True)
class Parameter:
    """One row of the table.

    Attributes:
        name: as in requests, outputs and Python.
        types: of which one is the type of a value, such as (float, BySettlement, NoneType).
        default: in requests and in Python.
        entry: all else.
    """

    name: str
    types: tuple[Any, ...]
    default: Any
    entry: Entry

    @property
    def option(self) -> str:
        """The command-line option, with its dashes."""
        return f"--{self.entry.option or self.name.replace('_', '-')}"

    @property
    def is_repeatable(self) -> bool:
        """Whether it has any number of values."""
        return get_origin(self.types[0]) is tuple

    @property
    def may_differ_by_settlement(self) -> bool:
        """Whether urban and rural groups may have a value each."""
        return BySettlement in self.types

    @property
    def command_line_default(self) -> Any:
        """The default of the option; None also where there is none because it is required."""
        if self.entry.is_required:
            return None
        own = self.entry.command_line_default
        return self.default if own is msgspec.UNSET else own


@cache
def parameter_table() -> dict[str, Parameter]:
    """All run parameters by name, in the order of ``RunParameters``.

    >>> parameter_table()["max_radius"].entry.unit
    'm'
    >>> parameter_table()["urban_values"].option
    '--urban-value'
    """
    return {parameter.name: parameter for parameter in _parameters()}


def _parameters() -> Iterator[Parameter]:
    hints = get_type_hints(RunParameters, include_extras=True)
    for struct_field in msgspec.structs.fields(RunParameters):
        annotated, entry = get_args(hints[struct_field.name])
        types = get_args(annotated) if get_origin(annotated) in (Union, UnionType) else (annotated,)
        yield Parameter(struct_field.name, types, struct_field.default, entry)
