import msgspec
import pytest

from sampling_units import errors, file_names
from sampling_units.parameters import BySettlement, RunParameters, parameter_table, parse_parameters
from sampling_units.results import FileFailure
from sampling_units.runs import keys
from sampling_units.runs.events import ClusteringRequest, RunRequest, parse_event
from sampling_units.versions import OUTPUT_VERSION

THREE_FIELDS = {"filename": "a.parquet", "input_bucket": "in", "output_bucket": "out"}


def test_the_three_field_payload_of_the_first_system_is_a_request():
    request = parse_event(THREE_FIELDS, ClusteringRequest)
    assert [item.filename for item in request.items] == ["a.parquet"]
    assert request.params == RunParameters()


def test_a_batch_is_a_request():
    event = {
        "files": [{"filename": "a.parquet", "bytes": 3}, {"filename": "b.parquet"}],
        "input_bucket": "in",
        "output_bucket": "out",
        "params": {"target_weight": 100, "radius": {"urban": 1000, "rural": 2000}, "group_by": ["stratum"]},
        "run_id": "run-1",
        "started_at": "2026-11-23T09:30:00.000000Z",
        "batch": 4,
    }
    request = parse_event(event, ClusteringRequest)
    assert [item.filename for item in request.items] == ["a.parquet", "b.parquet"]
    assert request.params.radius == BySettlement(1000, 2000)
    assert request.params.group_by == ("stratum",)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"filename": None}, "filename"),
        ({"files": [{"filename": "b.parquet"}]}, "filename"),
        ({"filename": None, "files": []}, "filename"),
        ({"input_bucket": 3}, "input_bucket"),
        ({"extra": 1}, "extra"),
        ({"run_id": "run-1"}, "batch"),
        ({"run_id": "run-1", "batch": 1}, "started_at"),
        ({"run_id": "../x", "started_at": "2026-11-23T09:30:00.000000Z", "batch": 1}, "run_id"),
        ({"run_id": "run-1", "started_at": "../../x", "batch": 1}, "started_at"),
    ],
)
def test_wrong_clustering_events_are_refused(change, complaint):
    with pytest.raises(errors.InvalidEvent, match=complaint):
        parse_event(THREE_FIELDS | change, ClusteringRequest)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"n_files": -1}, "n_files"),
        ({"n_files": "all"}, "n_files"),
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"max_concurrency": 10_001}, "max_concurrency"),
        ({"tolerated_failure_percentage": 101}, "tolerated_failure_percentage"),
        ({"run_id": "a/b"}, "run_id"),
        ({"run_id": ""}, "run_id"),
        ({"bucket": "x"}, "bucket"),
    ],
)
def test_wrong_run_requests_are_refused(change, complaint):
    with pytest.raises(errors.InvalidEvent, match=complaint):
        parse_event({"run_id": "r"} | change, RunRequest)


@pytest.mark.parametrize("event", [None, [], "x", 3])
def test_an_event_that_is_no_object_is_refused(event):
    with pytest.raises(errors.InvalidEvent):
        parse_event(event, RunRequest)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"target_weight": 0}, "target_weight"),
        ({"target_weigth": 10}, "target_weigth"),
        ({"target_weight": "10"}, "target_weight"),
        ({"min_weight": 500}, "min_weight"),
        ({"radius": {"urban": 1}}, "rural"),
        ({"radius": {"urban": 1, "rural": -1}}, "radius"),
        ({"group_by": "stratum"}, "group_by"),
        ([], "params"),
    ],
)
def test_wrong_parameters_are_refused(params, complaint):
    with pytest.raises(errors.InvalidParameters, match=complaint):
        parse_event(THREE_FIELDS | {"params": params}, ClusteringRequest)


# A value other than the default for each type; a parameter that refuses it, or needs another one, is named below.
OTHER_VALUES = {float: 100.0, int: 3, bool: True, str: "other", tuple[str, ...]: ["other"]}
NEEDED_WITH = {"longitude_column": {"latitude_column": "y"}, "latitude_column": {"longitude_column": "x"}}
LIMITED = {"min_weight": 80.0, "weight_importance": 0.1, "max_weight": 300.0}


@pytest.mark.parametrize("name", RunParameters.__struct_fields__)
def test_the_fingerprint_changes_with_every_parameter(name):
    value = LIMITED.get(name, OTHER_VALUES[parameter_table()[name].types[0]])
    others = NEEDED_WITH.get(name, {})
    params = parse_parameters(others | {name: value})
    assert params.changed().keys() == {*others, name}
    assert params.fingerprint() != RunParameters().fingerprint()
    assert params.fingerprint() == parse_parameters(others | {name: value}).fingerprint()


def test_the_fingerprint_does_not_change_with_what_is_said_otherwise():
    whole = parse_parameters({"target_weight": 90.0})
    assert parse_parameters({"target_weight": 90}).fingerprint() == whole.fingerprint()
    assert parse_parameters({"target_weight": 90, "bridge": False, "crs": "auto"}).fingerprint() == whole.fingerprint()


def test_a_new_parameter_leaves_fingerprints_as_they_are():
    class Grown(RunParameters, frozen=True):
        new: int = 5

    same = {"target_weight": 90.0, "group_by": ("region",)}
    assert msgspec.structs.replace(Grown(), **same).changed() == RunParameters(**same).changed()
    # Written down, so that a change of how it is computed, which makes every finished file stale, is not overlooked.
    assert OUTPUT_VERSION != 1 or RunParameters().fingerprint() == "e7880f8326e93b1ff6f93062f263c564"


def test_the_fingerprint_changes_with_the_output_version_and_not_with_the_release(monkeypatch):
    before = RunParameters().fingerprint()
    monkeypatch.setattr("kmeans.__version__", "0.0.0")
    assert RunParameters().fingerprint() == before
    monkeypatch.setattr("sampling_units.parameters.run_parameters.OUTPUT_VERSION", OUTPUT_VERSION + 1)
    assert RunParameters().fingerprint() != before


def test_urban_and_rural_files_get_their_radius():
    params = parse_parameters({"radius": {"urban": 1000, "rural": 2000}})
    assert params.for_settlement(True).radius == 1000
    assert params.for_settlement(False).radius == 2000
    assert parse_parameters({"radius": 7}).for_settlement(False).radius == 7
    params = parse_parameters({"target_weight": {"urban": 300, "rural": 200}})
    assert params.for_settlement(True).weight_range == (225, 375)
    assert params.for_settlement(False).weight_range == (150, 250)


def test_names_of_objects():
    assert file_names.output_key("area.parquet") == "clustered_area.parquet"
    assert file_names.output_key("north/area.parquet") == "north/clustered_area.parquet"
    assert file_names.frame_key("north/area.parquet") == "frame/north/area.parquet"
    assert file_names.file_stem("area.parquet") == "area"
    assert file_names.file_stem("north/area.parquet") == "north/area"
    assert file_names.is_input("a/b.PARQUET")
    assert not file_names.is_input("a/b.csv")
    assert keys.result_key("r", "2026-11-23T09:30:00.000001Z", 7) == (
        "runs/r/results/2026-11-23T093000.000001Z/000007.json"
    )


def test_errors_say_where():
    error = errors.InvalidInput("is negative", filename="a.parquet", column="population", row=3, value=-1.0)
    assert str(error) == "a.parquet, column population, row 3: is negative"
    failure = FileFailure.of(error)
    assert msgspec.to_builtins(failure) == {
        "error": "InvalidInput",
        "message": str(error),
        "column": "population",
        "row": 3,
        "value": -1.0,
    }
