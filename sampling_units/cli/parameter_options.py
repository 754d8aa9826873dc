"""Command-line options for the run parameters, made from the table of these."""

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar, get_args, get_origin

import click

from sampling_units.errors import RunError
from sampling_units.parameters import BySettlement, Parameter, Rule, RunParameters, parameter_table, parse_parameters

Command = TypeVar("Command", bound=Callable[..., Any])

_OptionDecorator = Callable[[Command], Command]


def parameter_options(command: Command) -> Command:
    """Give a command one option for each run parameter, and two more for each that may differ by settlement.

    The command gets their values as keyword arguments, which ``parameters_from_options`` takes.
    """
    options = [option for parameter in parameter_table().values() for option in _options(parameter)]
    for option in reversed(options):
        command = option(command)
    return command


def parameters_from_options(values: dict[str, Any]) -> RunParameters:
    """The parameters that the values of the options make, checked.

    Args:
        values: those of ``parameter_options``, by the name of the argument.

    Raises:
        click.UsageError: naming the option that is wrong.
    """
    table = parameter_table()
    given = {name: _value(parameter, values) for name, parameter in table.items()}
    try:
        params = parse_parameters(given)
        for name, parameter in table.items():
            _check_rule(parameter, getattr(params, name))
    except RunError as error:
        name, _, rest = error.message.removeprefix("params: ").partition(" ")
        message = f"{table[name].option} {rest}" if name in table else error.message
        raise click.UsageError(message) from error
    return params


def _options(parameter: Parameter) -> Iterator[_OptionDecorator[Any]]:
    entry, default = parameter.entry, parameter.command_line_default
    text = entry.help
    if parameter.is_repeatable:
        text = f"{text.removesuffix('.')}; repeatable."
    if entry.is_required and parameter.may_differ_by_settlement:
        text = f"{text.removesuffix('.')}; required, unless the next two are given."
    if default in (None, ()) and not entry.is_required and entry.default:
        text = f"{text}  [default: {entry.default}]"
    value_type = _click_type(parameter)
    yield click.option(
        parameter.option,
        parameter.name,
        type=value_type,
        is_flag=value_type is bool,
        multiple=parameter.is_repeatable,
        default=() if parameter.is_repeatable else default,
        show_default=not isinstance(default, bool | tuple | None),
        metavar="NUMBER|unlimited" if value_type is _number_or_unlimited else entry.metavar,
        help=text,
    )
    if parameter.may_differ_by_settlement:
        urban = "The same for urban groups, with at least half of their weight in urban rows."
        yield click.option(f"{parameter.option}-urban", type=value_type, help=urban)
        yield click.option(f"{parameter.option}-rural", type=value_type, help="The same for all other groups.")


def _click_type(parameter: Parameter) -> Any:
    if [get_origin(kind) for kind in parameter.types] == [Literal]:
        return click.Choice(get_args(parameter.types[0]))
    if any(get_origin(kind) is Literal for kind in parameter.types):
        return _number_or_unlimited
    return str if parameter.is_repeatable else parameter.types[0]


def _number_or_unlimited(value: str) -> float | Literal["unlimited"]:
    """A number, or the word that stands for no limit."""
    if value == "unlimited":
        return "unlimited"
    try:
        number = float(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is neither a number nor the word unlimited") from error
    return "unlimited" if number == math.inf else number


def _value(parameter: Parameter, values: dict[str, Any]) -> Any:
    """The value of a parameter: one, or one for urban and one for rural groups."""
    value, option = values[parameter.name], parameter.option
    if parameter.may_differ_by_settlement:
        urban, rural = values[f"{parameter.name}_urban"], values[f"{parameter.name}_rural"]
        if urban is not None or rural is not None:
            if value is not None or urban is None or rural is None:
                raise click.UsageError(f"Use {option} alone, or {option}-urban and {option}-rural together.")
            return BySettlement(urban, rural)
    if value is None and parameter.entry.is_required:
        raise click.UsageError(f"Missing option '{option}'.")
    return value


def _check_rule(parameter: Parameter, value: Any) -> None:
    """Check the rules that need pyproj, which takes a moment to load and is not needed for the defaults.

    Raises:
        InvalidParameters: the value breaks the rule.
    """
    if value == parameter.default:
        return
    if parameter.entry.rule is Rule.PROJECTED_CRS:
        from sampling_units.crs.systems import check_crs

        check_crs(value)
    elif parameter.entry.rule is Rule.CRS:
        from sampling_units.io.coordinates import check_input_crs

        check_input_crs(value)
