from typing import Literal

import click
import pytest
from click.testing import CliRunner

from sampling_units.cli import parameter_options as options
from sampling_units.cli.parameter_options import parameter_options, parameters_from_options
from sampling_units.parameters import BySettlement, Parameter, RunParameters, parameter_table, parse_parameters
from sampling_units.parameters.entry import Entry


@click.command()
@parameter_options
def command(**values):
    click.echo(parameters_from_options(values).to_json())


def parameters(*arguments):
    done = CliRunner().invoke(command, ["--target-weight", "90", *arguments])
    assert done.exit_code == 0, done.output
    return done.output.strip()


def test_without_options_all_is_by_default_but_what_the_table_says_otherwise():
    assert parameters() == RunParameters(target_weight=90.0, weight_column=None).to_json().decode()


@pytest.mark.parametrize(
    ("arguments", "values"),
    [
        (["--max-weight", "unlimited"], {"max_weight": "unlimited"}),
        (["--max-weight", "inf"], {"max_weight": "unlimited"}),
        (["--max-weight", "100"], {"max_weight": 100.0}),
        (["--radius-urban", "5", "--radius-rural", "7"], {"radius": BySettlement(5.0, 7.0)}),
        (["--urban-value", "town", "--urban-value", "city"], {"urban_values": ("town", "city")}),
        (["--group-by", "a", "--group-by", "b"], {"group_by": ("a", "b")}),
        (["--bridge", "--n-clusters", "3"], {"bridge": True, "n_clusters": 3}),
        (["--weight-column", "population"], {"weight_column": "population"}),
    ],
)
def test_options_become_parameters(arguments, values):
    expected = RunParameters(**{"target_weight": 90.0, "weight_column": None} | values)
    assert parameters(*arguments) == expected.to_json().decode()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing option '--target-weight'."),
        (["--target-weight-urban", "5"], "Use --target-weight alone, or --target-weight-urban and --target-weight-"),
        (["--target-weight", "0"], "--target-weight is 0.0, but has to be"),
        (["--target-weight", "9", "--urban-value", "a\udcff"], "surrogates not allowed"),
        (["--target-weight", "9", "--group-by", "a", "--group-by", "a"], "--group-by names a column twice"),
        (["--target-weight", "9", "--input-crs", "nonsense"], "--input-crs 'nonsense' is not known"),
        (["--target-weight", "9", "--crs", "EPSG:4326"], "--crs 'EPSG:4326' is not projected in metres"),
    ],
)
def test_what_is_wrong_names_its_option(arguments, complaint):
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2
    assert complaint in done.output


def test_every_default_that_is_shown_is_the_one_that_a_user_gets():
    options = {option.name: option for option in command.params}
    with click.Context(command) as context:
        for name, parameter in parameter_table().items():
            shown = options[name].get_help_record(context)[1].partition("[default: ")[2].removesuffix("]")
            default = parameter.command_line_default
            if not isinstance(default, bool | tuple | None):
                assert shown == str(default)
            else:
                assert shown == ("" if parameter.entry.is_required else parameter.entry.default)


def test_every_entry_is_complete():
    for parameter in parameter_table().values():
        entry = parameter.entry
        assert entry.label
        assert entry.help.endswith(".")
        # Required ones apart, a default that is no value has words, or nothing happens by default.
        assert not entry.default or parameter.default in (None, ()) or parameter.command_line_default is None


def test_bounds_of_the_table_are_those_of_the_rules():
    """What the schema of the run's input refuses is refused, what lies on a bound is not."""
    step = {"exclusiveMinimum": 0, "minimum": -1, "maximum": 1}
    checked = 0
    for name, parameter in parameter_table().items():
        for keyword, bound in parameter.entry.bounds.items():
            if keyword in step:
                checked += 1
                with pytest.raises(Exception, match=name):
                    parse_parameters({name: bound + step[keyword]})
                if keyword != "exclusiveMinimum":
                    parse_parameters({name: bound})
    assert checked >= 8


def test_a_parameter_of_a_few_words_offers_them(monkeypatch):
    entry = Entry(help="How long to look.", label="Effort")
    table = {"effort": Parameter("effort", (Literal["fast", "thorough"],), "fast", entry)}
    monkeypatch.setattr(options, "parameter_table", lambda: table)

    @click.command()
    @parameter_options
    def command(effort):
        click.echo(f"effort {effort}")

    assert CliRunner().invoke(command, []).output == "effort fast\n"
    assert CliRunner().invoke(command, ["--effort", "thorough"]).output == "effort thorough\n"
    assert "is not one of 'fast', 'thorough'" in CliRunner().invoke(command, ["--effort", "slow"]).output
