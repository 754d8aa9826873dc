import jsonschema
import pytest

from sampling_units import errors
from sampling_units.parameters import parameter_table
from sampling_units.runs.events import RunRequest, parse_event
from sampling_units.runs.reference import parameter_rows, run_input_schema, with_parameter_rows

SCHEMA = run_input_schema()


def complaints(event):
    return list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(event))


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"prefix": "north/", "n_files": None, "params": {}},
        {"params": {"target_weight": 100, "max_weight": "unlimited", "min_weight": 0, "group_by": ["a", "b"]}},
        {"params": {"target_weight": {"urban": 300, "rural": 200}, "radius": {"urban": 1, "rural": 2.5}}},
        {"params": {"weight_column": None, "weight_importance": 1, "n_clusters": 1, "column_prefix": "psu_"}},
    ],
)
def test_the_schema_accepts_what_is_accepted(event):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert complaints(event) == []
    parse_event(event | {"run_id": "r"}, RunRequest)


@pytest.mark.parametrize(
    "event",
    [
        {"bucket": "x"},
        {"force": 1},
        {"params": {"target_weigth": 10}},
        {"params": {"target_weight": 0}},
        {"params": {"target_weight": "10"}},
        {"params": {"target_weight": {"urban": 300}}},
        {"params": {"radius": {"urban": 1, "rural": -1}}},
        {"params": {"max_weight": "much"}},
        {"params": {"weight_importance": 1.5}},
        {"params": {"n_clusters": 0}},
        {"params": {"group_by": ["a", "a"]}},
        {"params": {"column_prefix": "1_"}},
        {"params": {"random_state": -1}},
    ],
)
def test_the_schema_refuses_what_is_refused(event):
    assert complaints(event)
    with pytest.raises((errors.InvalidEvent, errors.InvalidParameters)):
        parse_event(event | {"run_id": "r"}, RunRequest)


def test_the_table_has_a_row_for_each_parameter():
    rows = parameter_rows().splitlines()[2:]
    assert len(rows) == len(parameter_table())
    for row, (name, parameter) in zip(rows, parameter_table().items(), strict=True):
        assert row.startswith(f"| `{name}` | `{parameter.option}`")
        assert row.count("|") == 5


def test_a_page_without_marks_is_refused():
    with pytest.raises(ValueError, match="marks"):
        with_parameter_rows("# Parameters\n")
