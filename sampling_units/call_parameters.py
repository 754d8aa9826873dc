"""Arguments of a call in Python as run parameters: their other names, numpy's values, and errors in Python's words."""

import difflib
import math
import operator
from collections.abc import Iterable, Mapping
from types import NoneType
from typing import Any, get_args, get_origin

from sampling_units.cores import available_cores
from sampling_units.errors import InvalidParameters
from sampling_units.formatting import shortened
from sampling_units.parameters import BySettlement, Parameter, RunParameters, parameter_table, parse_parameters

# Names in Python of parameters that a run calls otherwise.
_ALIASES = {"weight": "weight_column", "by": "group_by"}
_CALLED = {name: alias for alias, name in _ALIASES.items()}
_WORDS = {
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    str: "text",
    BySettlement: "a pair of numbers (urban, rural)",
    NoneType: "None",
}


def parameters_of_call(named: Mapping[str, Any], others: Mapping[str, Any]) -> RunParameters:
    """The run parameters from the arguments of a call.

    Args:
        named: those with a place of their own in the signature.
        others: all others, by any of their names.

    Raises:
        InvalidParameters: one is unknown, given twice, of a wrong type or out of its domain.

    >>> parameters_of_call({"target_weight": (300, 200), "weight": "people", "by": "district"}, {}).group_by
    ('district',)
    """
    table = parameter_table()
    given = dict(named)
    for name, value in others.items():
        alias = _CALLED.get(name, name)
        if given.get(alias) is not None:
            raise InvalidParameters(f"{alias} and {name} are the same parameter: give one of them")
        if _ALIASES.get(name, name) not in table:
            near = difflib.get_close_matches(name, [*table, *_ALIASES], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise InvalidParameters(f"there is no parameter {shortened(name)}{hint}")
        given[alias] = value
    values = {}
    for alias, value in given.items():
        parameter = table[_ALIASES.get(alias, alias)]
        values[parameter.name] = _checked(parameter, alias, value)
    try:
        return parse_parameters(values)
    except InvalidParameters as error:
        raise InvalidParameters(error.message.removeprefix("params: ")) from None


def n_threads_of_call(n_threads: Any) -> int:
    """How many groups are clustered at the same time, by default as many as there are cores.

    Raises:
        InvalidParameters: it is no whole number of at least 1.
    """
    if n_threads is None:
        return available_cores()
    try:
        number = operator.index(n_threads)
    except TypeError:
        number = 0
    if number < 1:
        raise InvalidParameters(f"n_threads is {_described(n_threads)}, but has to be a whole number of at least 1")
    return number


def _checked(parameter: Parameter, alias: str, value: Any) -> Any:
    """The value as JSON has it.

    Raises:
        InvalidParameters: its type is wrong.
    """
    plain = _plain(parameter, value)
    if any(_fits(kind, plain) for kind in parameter.types):
        return plain
    wanted = _wanted(parameter)
    raise InvalidParameters(f"{alias} has to be {wanted}, not {_described(value)}")


def _plain(parameter: Parameter, value: Any) -> Any:
    """A value as JSON has it: numpy's numbers as Python's, no limit as the word, a pair as urban and rural."""
    if parameter.is_repeatable:
        if value is None or isinstance(value, str):
            return [] if value is None else [value]
        # The values of a Series are rather data than names.
        is_names = isinstance(value, Iterable) and not isinstance(value, Mapping) and not _is_series(value)
        return [_unboxed(one) for one in value] if is_names else value
    value = _unboxed(value)
    if parameter.may_differ_by_settlement:
        if isinstance(value, Mapping):
            return {name: _unboxed(part) for name, part in value.items()}
        if isinstance(value, tuple | list) and len(value) == 2:
            return {"urban": _unboxed(value[0]), "rural": _unboxed(value[1])}
    if parameter.name == "max_weight" and isinstance(value, float) and value == math.inf:
        return "unlimited"
    return value


def _unboxed(value: Any) -> Any:
    """What numpy holds as Python has it: a number, or a list of an array."""
    return value.tolist() if hasattr(value, "tolist") and not _is_series(value) else value


def _is_series(value: Any) -> bool:
    return hasattr(value, "index") and hasattr(value, "iloc")


def _fits(kind: Any, value: Any) -> bool:
    """Whether a value of JSON has one of the types of a parameter."""
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if kind is BySettlement:
        return (
            isinstance(value, dict)
            and set(value) == {"urban", "rural"}
            and all(_fits(float, it) for it in value.values())
        )
    if isinstance(kind, type):
        return isinstance(value, kind)
    if get_origin(kind) is tuple:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return isinstance(value, str) and value in get_args(kind)


def _wanted(parameter: Parameter) -> str:
    """The types of a parameter in words."""
    if parameter.is_repeatable:
        return (
            "text or a list of texts"
            if parameter.entry.metavar != "COLUMN"
            else "the name of a column or a list of names"
        )
    words = [_WORDS.get(kind) or " or ".join(map(repr, get_args(kind))) for kind in parameter.types]
    if parameter.entry.metavar == "COLUMN":
        words[0] = "the name of a column"
    return " or ".join(words)


def _described(value: Any) -> str:
    """A short value as it is, else its type."""
    is_short = value is None or isinstance(value, str | int | float | tuple | list | dict)
    return shortened(repr(value), 60) if is_short else f"a {type(value).__name__}"
