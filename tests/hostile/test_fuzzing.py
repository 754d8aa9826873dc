"""Mutations of good input, thousands of them: whatever comes out of parsing is an error of the contract."""

import json
import math
import struct
import warnings
from contextlib import suppress
from functools import partial

import msgspec
import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lambdas.clustering.batch import _seconds_for
from lambdas.clustering.handler import handle as cluster
from lambdas.kickoff.handler import handle as kickoff
from lambdas.summary.handler import handle as summarise
from sampling_units import errors, file_names
from sampling_units.io.geometry import decode_shapes
from sampling_units.io.wkb_nesting import nested_too_deeply
from sampling_units.parameters import parse_parameters
from sampling_units.runs.events import ClusteringRequest, RunRequest, parse_event
from sampling_units.runs.settings import Settings
from tests.hostile import forging, wkb_cases
from tests.hostile.good_files import cells_file, with_columns, with_geo
from tests.support.file_jobs import cluster_bytes

CONTENT_ERRORS = (errors.InvalidInput, errors.InvalidParameters, MemoryError)
TEXT = st.text(max_size=20)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4))
RUN = {"run_id": "r", "started_at": "2026-11-23T09:30:00.000000Z"}
PARAMETERS = [field.name for field in msgspec.structs.fields(msgspec.convert({}, type(parse_parameters({}))))]


def mutated(content, longest=8):
    """Bytes replaced, put in, left out or repeated at a few places."""
    place = st.integers(0, max(len(content) - 1, 0))
    change = st.tuples(place, st.integers(0, longest), st.binary(max_size=longest))
    return st.lists(change, min_size=1, max_size=4).map(lambda changes: _changed(content, changes))


def _changed(content, changes):
    for place, n_removed, put_in in changes:
        content = content[:place] + put_in + content[place + n_removed :]
    return content


def objects(names, values=ANYTHING):
    """Objects with some of the known fields, of any value, and now and then one that nobody knows."""
    return st.dictionaries(st.sampled_from(names) | TEXT, values, max_size=6)


@pytest.fixture(autouse=True)
def no_storage(monkeypatch):
    """Whoever gets as far as the storage has passed the parsing."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")


class Reached(Exception):
    """The request was understood."""


def only_run_errors(call):
    with suppress(errors.RunError, Reached):
        call()


def only_understood(step, handle, *events):
    """No event gets further than ``step``, and only errors of the contract come out."""

    def reached(*_):
        raise Reached

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step, reached)
        for event in events:
            only_run_errors(partial(handle, event, None))


@given(objects(["filename", "files", "input_bucket", "output_bucket", "params", *RUN, "batch", "interruption"]))
def test_events_of_the_clustering_function(event):
    complete = {"filename": "a", "input_bucket": "a", "output_bucket": "b"} | event
    only_understood("lambdas.clustering.handler.run_batch", cluster, event, complete)


@example(10**400)
@given(st.integers())
def test_sizes_of_files(n_bytes):
    """Whatever is let through, the time for it can be told."""
    event = {"files": [{"filename": "a", "bytes": n_bytes}], "input_bucket": "a", "output_bucket": "b"}
    with suppress(errors.InvalidEvent):
        (file,) = parse_event(event, ClusteringRequest).items
        assert 0 < _seconds_for(file, memory_mb=512) < math.inf


@given(objects([field.name for field in msgspec.structs.fields(RunRequest)]))
def test_events_of_the_kickoff_function(event):
    complete = {"run_id": "r", "input_bucket": "a", "output_bucket": "b"} | event
    only_understood("lambdas.kickoff.handler.plan_run", kickoff, event, complete)


@given(ANYTHING)
def test_events_of_the_summary_function(event):
    only_understood("lambdas.summary.handler.summarise", summarise, event)


@given(objects(PARAMETERS) | ANYTHING)
def test_parameters(values):
    only_run_errors(lambda: parse_parameters(values))
    only_run_errors(lambda: parse_event(Settings().complete_params({"params": values}), RunRequest))


@given(st.text(st.characters(), max_size=40).map(lambda text: text + ".parquet") | st.text(st.characters()))
def test_names_of_files(name):
    only_run_errors(lambda: file_names.check_filename(name))


@settings(max_examples=60)
@given(mutated(cells_file()))
def test_bytes_of_a_file(content):
    _cluster_or_refuse(content)


FOOTER_LENGTH = struct.unpack("<I", cells_file()[-8:-4])[0]
FOOTER = cells_file()[-8 - FOOTER_LENGTH : -8]


@settings(max_examples=150)
@given(mutated(FOOTER, longest=3))
def test_bytes_of_a_footer(footer):
    _cluster_or_refuse(forging.with_raw_footer(cells_file(), footer))


GEO_FIELDS = [
    "encoding", "geometry_types", "geometry_type", "crs", "edges", "orientation", "epoch", "bbox", "covering",
]  # fmt: skip


@settings(max_examples=80)
@given(st.one_of(
    objects(GEO_FIELDS).map(lambda entry: json.dumps({"primary_column": "geometry", "columns": {
        "geometry": {"encoding": "WKB"} | entry}})),
    objects(["version", "primary_column", "columns"]).map(json.dumps),
    mutated(json.dumps(forging.GEO).encode()).map(lambda content: content.decode("latin-1")),
))  # fmt: skip
def test_geo_metadata(geo):
    _cluster_or_refuse(with_geo(geo.encode("utf-8", "replace").decode()))


WKB = [
    wkb_cases.POINTS[0],
    wkb_cases.polygon(wkb_cases.SQUARE, wkb_cases.SQUARE),
    wkb_cases.collection(6, [wkb_cases.polygon(wkb_cases.SQUARE)] * 2),
    wkb_cases.collection(4, [wkb_cases.point(121, 14)] * 3),
    wkb_cases.nested(20),
    shapely.to_wkb(shapely.from_wkt("POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))"), flavor="extended", include_srid=True),
]


@settings(max_examples=60)
@given(st.lists(st.sampled_from(WKB).flatmap(mutated), min_size=40, max_size=40))
def test_geometries(geometries):
    _cluster_or_refuse(with_columns(geometry=pa.array(geometries, pa.binary())))


@given(st.lists(st.sampled_from(WKB).flatmap(mutated), min_size=1, max_size=20))
def test_the_walk_through_geometries_stops_nothing_that_is_sound(geometries):
    """Blown up beyond the length from which on they are looked at."""
    longer = pa.array([geometry + bytes(5000) for geometry in geometries], pa.binary())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shapes = decode_shapes(pa.array(geometries, pa.binary()), "WKB")
    is_deep = nested_too_deeply(longer)
    for geometry, shape, deep in zip(geometries, shapes, is_deep, strict=True):
        assert not deep or shape is None or geometry[0] > 1 or shape.wkt.count("(GEOMETRYCOLLECTION") >= 8


def _cluster_or_refuse(content):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        with suppress(*CONTENT_ERRORS):
            cluster_bytes(content, target_weight=400)
