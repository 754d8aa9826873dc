"""Events and parameters that the function must refuse before it reads anything."""

import json
from collections.abc import Iterator
from typing import Any

from tests.conftest import INPUTS, OUTPUTS
from tests.hostile.cases import Case, EventCase
from tests.hostile.good_files import cells_file

BUCKETS = {"input_bucket": INPUTS, "output_bucket": OUTPUTS}
ONE = {"filename": "good-00.parquet", **BUCKETS}
RUN = {"run_id": "r", "started_at": "2026-11-23T09:30:00.000000Z", "batch": 0}
NAN, INF = float("nan"), float("inf")


def cases() -> Iterator[EventCase]:
    for name, event in {
        "null": None, "a number": 1, "text": "good-00.parquet", "a list": [ONE], "true": True, "NaN": NAN,
        "empty": {}, "no file": BUCKETS, "no buckets": {"filename": "a.parquet"},
        "lists in lists, 500 deep": _deep(500),
    }.items():  # fmt: skip
        yield EventCase(f"event: {name}", event)
    for name, changes in {
        "filename null": {"filename": None}, "filename a number": {"filename": 7}, "filename a list": {"filename": []},
        "filename an object": {"filename": {"filename": "a"}}, "filename and files": {"files": [{"filename": "a"}]},
        "input_bucket a number": {"input_bucket": 7}, "input_bucket null": {"input_bucket": None},
        "input_bucket empty": {"input_bucket": ""}, "output_bucket empty": {"output_bucket": ""},
        "one bucket for both": {"output_bucket": INPUTS}, "unknown field": {"file_name": "a"},
        "run_id without the others": {"run_id": "r"}, "run_id with a slash": RUN | {"run_id": "../r"},
        "run_id of a megabyte": RUN | {"run_id": "r" * 10**6}, "run_id with a newline at the end":
        RUN | {"run_id": "r\n"}, "started_at no moment": RUN | {"started_at": "now"},
        "started_at with a path": RUN | {"started_at": "../../2026"}, "batch a text": RUN | {"batch": "0"},
        "batch a float": RUN | {"batch": 0.5},
    }.items():  # fmt: skip
        yield EventCase(name, ONE | changes)
    for name, files in {
        "null and no filename": None, "empty": [], "a text": "a.parquet", "an object": {"filename": "a"},
        "of texts": ["a.parquet"], "of null": [None], "of lists": [["a.parquet"]], "without names": [{}],
        "with a number for a name": [{"filename": 1}], "with unknown fields": [{"filename": "a", "size": 1}],
        "with text for bytes": [{"filename": "a", "bytes": "many"}],
        "with infinite bytes": [{"filename": "a", "bytes": INF}],
        "with more bytes than any number has": [{"filename": "a", "bytes": 10**400}],
        "with less than no bytes": [{"filename": "a", "bytes": -1}], "10,000 of nothing": [{}] * 10_000,
        "lists in lists, 500 deep": _deep(500),
    }.items():  # fmt: skip
        yield EventCase(f"files: {name}", BUCKETS | {"files": files})
    for name, params in _params().items():
        yield EventCase(f"params: {name}", ONE | {"params": params})


def _deep(depth: int) -> Any:
    return json.loads("[" * depth + "]" * depth)


def _params() -> dict[str, Any]:
    found: dict[str, Any] = {
        "a text": "fast", "a number": 7, "a list": [], "lists in lists, 500 deep": _deep(500),
        "unknown": {"targetweight": 240}, "empty name": {"": 1},
        "min_weight above the target": {"min_weight": 1e9}, "max_weight below the target": {"max_weight": 1},
        "max_weight limitless": {"max_weight": "limitless"}, "min_weight NaN": {"min_weight": NAN},
        "max_weight NaN": {"max_weight": NAN}, "target without rural": {"target_weight": {"urban": 1}},
        "target of three kinds": {"target_weight": {"urban": 1, "rural": 2, "water": 3}},
        "target with text": {"target_weight": {"urban": "a", "rural": "b"}},
        "weight_importance 1.1": {"weight_importance": 1.1}, "weight_importance NaN": {"weight_importance": NAN},
        "n_clusters 0": {"n_clusters": 0}, "n_clusters a half": {"n_clusters": 0.5},
        "n_clusters -1": {"n_clusters": -1}, "n_clusters true": {"n_clusters": True},
        "bridge a text": {"bridge": "yes"}, "drop_invalid 1": {"drop_invalid": 1},
        "random_state -1": {"random_state": -1}, "random_state 2**63": {"random_state": 2**63},
        "random_state a text": {"random_state": "0"}, "group_by a text": {"group_by": "region"},
        "group_by numbers": {"group_by": [1]}, "group_by twice the same": {"group_by": ["a", "a"]},
        "group_by an object": {"group_by": {"a": 1}}, "weight_column a number": {"weight_column": 7},
        "weight_column a list": {"weight_column": ["population"]}, "urban_values a text": {"urban_values": "urban"},
        "urban_values numbers": {"urban_values": [1]}, "urban_column null": {"urban_column": None},
        "longitude without latitude": {"longitude_column": "x"}, "latitude without longitude": {"latitude_column": "y"},
        "crs a number": {"crs": 4326}, "crs null": {"crs": None}, "column_prefix empty": {"column_prefix": ""},
        "column_prefix with a slash": {"column_prefix": "../"},
        "column_prefix with a newline": {"column_prefix": "a\n"}, "column_prefix a number": {"column_prefix": 1},
        "input_crs a number": {"input_crs": 4326},
    }  # fmt: skip
    for name in ("target_weight", "radius", "max_radius"):
        for value in (0, -1, NAN, INF, -INF, True, "240", [240], 10**400):
            shown = "beyond all" if value == 10**400 else repr(value)
            found[f"{name} {shown}"] = {name: value}
    return found


def params_for_files() -> Iterator[Case]:
    """Parameters that are sound in themselves, but not for any file."""
    for name, params in {
        "crs: unknown": {"crs": "EPSG:999999"},
        "crs: in degrees": {"crs": "EPSG:4326"},
        "crs: in feet": {"crs": "EPSG:2263"},
        "crs: empty": {"crs": ""},
        "crs: NUL": {"crs": "\0"},
        "crs: a megabyte": {"crs": "x" * 10**6},
        "crs: brackets, 10,000 deep": {"crs": "PROJCRS[" * 10_000},
        "crs: path": {"crs": "/etc/passwd"},
        "input_crs: unknown": {"input_crs": "EPSG:0"},
        "input_crs: a megabyte": {"input_crs": "y" * 10**6},
        "weight_column: not there": {"weight_column": "people"},
        "weight_column: the geometry": {"weight_column": "geometry"},
        "group_by: 10,000 columns": {"group_by": [f"c{number}" for number in range(10_000)]},
        "longitude_column: the geometry": {"longitude_column": "geometry", "latitude_column": "geometry"},
        "urban_column: not there": {"urban_column": "town", "target_weight": {"urban": 1, "rural": 2}},
    }.items():
        yield Case(name, cells_file(), params)
