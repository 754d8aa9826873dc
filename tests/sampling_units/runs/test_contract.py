import msgspec
import pytest

from sampling_units import errors, file_names
from sampling_units.parameters import BySettlement, RunParameters, parse_parameters
from sampling_units.results import FileFailure
from sampling_units.runs import keys
from sampling_units.runs.events import ClusteringRequest, RunRequest, parse_event

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


def test_fingerprint_changes_with_every_parameter_and_with_nothing_else():
    values = {
        "target_weight": 100.0,
        "min_weight": 80.0,
        "max_weight": 130.0,
        "radius": 5.0,
        "max_radius": 9.0,
        "weight_column": "w",
        "urban_column": "u",
        "urban_values": ["city"],
        "group_by": ["g"],
        "longitude_column": "east",
        "latitude_column": "north",
        "input_crs": "EPSG:3857",
        "crs": "EPSG:3121",
        "drop_invalid": True,
        "column_prefix": "psu_",
        "weight_importance": 0.1,
        "n_clusters": 3,
        "bridge": True,
        "random_state": 1,
    }
    assert set(values) == set(RunParameters.__struct_fields__)
    whole = parse_parameters({"target_weight": 90.0})
    prints = {whole.fingerprint()}
    for name, value in values.items():
        # Coordinate columns come in pairs.
        other = {"latitude_column": "lat"} if name == "longitude_column" else {}
        other = {"longitude_column": "lon"} if name == "latitude_column" else other
        prints.add(parse_parameters({"target_weight": 90.0} | other | {name: value}).fingerprint())
    assert len(prints) == len(values) + 1
    assert parse_parameters({"target_weight": 90}).fingerprint() == whole.fingerprint()


def test_fingerprint_changes_with_the_version(monkeypatch):
    before = RunParameters().fingerprint()
    monkeypatch.setattr("kmeans.__version__", "0.0.0")
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
