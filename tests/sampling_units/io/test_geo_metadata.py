import json
from io import BytesIO

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sampling_units.errors import InvalidInput
from tests.support.file_jobs import cluster_bytes as run
from tests.support.geoparquet_files import cells, file_bytes, point_geometry, read_table
from tests.support.native_geometry import native_geometry_file

COORDINATES, POPULATION = cells(200)
POINTS = point_geometry(COORDINATES)
COLUMNS = {"population": POPULATION, "geometry": POINTS}


def geo(others=None, **entry):
    columns = {"geometry": {"encoding": "WKB", "geometry_types": []} | entry} | (others or {})
    return {"version": "1.1.0", "primary_column": "geometry", "columns": columns}


def written(columns, **kinds):
    """Entries of the columns in the output."""
    table = read_table(run(file_bytes(COLUMNS | columns, geo=geo(**kinds))).clustered)
    return json.loads(table.schema.metadata[b"geo"])["columns"]


def boxes(names, data_type="float64"):
    ends = [pa.array(COORDINATES[:, axis]).cast(data_type) for axis in (0, 1, 0, 1)]
    return pa.StructArray.from_arrays(ends[: len(names)], names)


def covering(column, names):
    return {"bbox": {end: [column, name] for end, name in zip(("xmin", "ymin", "xmax", "ymax"), names, strict=False)}}


NAMES = ["xmin", "ymin", "xmax", "ymax"]


@pytest.mark.parametrize(
    ("names", "data_type", "taken"),
    [
        (NAMES, pa.float32(), "bbox"),
        (NAMES, pa.string(), "_bbox"),
        (NAMES[:1], pa.float64(), "_bbox"),
        (["minx", "miny", "maxx", "maxy"], pa.float64(), "_bbox"),
    ],
)
def test_only_a_sound_covering_is_taken(names, data_type, taken):
    entry = written({"bbox": boxes(names, data_type)}, covering=covering("bbox", names))["geometry"]
    assert entry["covering"] == covering(taken, NAMES)


@pytest.mark.parametrize(
    "entry",
    [{"geometry_types": None}, {"geometry_types": 5}, {"geometry_types": [1]}, {"crs": [1]}, {"encoding": ["WKB"]}],
)
def test_a_broken_entry_is_refused(entry):
    with pytest.raises(InvalidInput, match="has broken GeoParquet metadata"):
        run(file_bytes(COLUMNS, geo=geo(**entry)))


def test_deep_metadata_and_long_words_are_refused_in_short():
    deep = '{"primary_column":"geometry","columns":{"geometry":{"encoding":"WKB","x":' + "[" * 10**5 + "]" * 10**5
    for broken in (deep + "}}}", geo(encoding="y" * 10**6)):
        with pytest.raises(InvalidInput) as caught:
            run(file_bytes(COLUMNS, geo=broken))
        assert len(str(caught.value)) < 600


def test_values_that_version_1_1_does_not_know_are_left_out():
    entry = written({}, edges="weird", orientation="clockwise", epoch="x", note=1, geometry_types=["Dot"])["geometry"]
    assert entry.keys() == {"encoding", "geometry_types", "bbox", "covering"}
    assert entry["geometry_types"] == []
    entry = written({}, edges="planar", orientation="counterclockwise", epoch=2020.5)["geometry"]
    assert (entry["edges"], entry["orientation"], entry["epoch"]) == ("planar", "counterclockwise", 2020.5)


@pytest.mark.parametrize("crs", [4326, "EPSG:4326"])
def test_a_coordinate_system_becomes_projjson(crs):
    assert written({}, crs=crs)["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 4326}


def test_longitude_and_latitude_are_what_no_coordinate_system_means():
    assert "crs" not in written({}, crs="OGC:CRS84")["geometry"]
    longitude, latitude = COORDINATES.T
    done = run(file_bytes({"population": COLUMNS["population"], "lon": longitude, "lat": latitude}, geo=None))
    for output in (done.clustered, done.frame):
        entries = json.loads(read_table(output).schema.metadata[b"geo"])["columns"].values()
        assert not any("crs" in entry for entry in entries)
        assert geopandas.read_parquet(BytesIO(output)).crs == "OGC:CRS84"


@pytest.mark.parametrize(
    "entry",
    [
        {"encoding": "WKB", "geometry_types": None},
        {"encoding": "WKB", "geometry_types": [], "crs": "EPSG:0"},
        {"encoding": "point", "geometry_types": []},
        {"encoding": "unheard"},
    ],
)
def test_broken_entries_of_other_columns_are_left_out(entry):
    assert list(written({"other": POINTS}, others={"other": entry})) == ["geometry"]


def test_stale_entries_are_left_out():
    stale = {name: {"encoding": "WKB", "geometry_types": []} for name in ("bbox", "cluster_id", "gone", "population")}
    other = {"encoding": "WKB", "geometry_types": ["Point"], "covering": covering("bbox", NAMES)}
    entries = written({"other": POINTS}, others=stale | {"other": other})
    assert entries.keys() == {"geometry", "other"}
    assert "covering" not in entries["other"]


def test_the_geometry_column_stays_declared_next_to_chosen_coordinates():
    longitude, latitude = COORDINATES.T
    content = file_bytes(COLUMNS | {"e": longitude, "n": latitude})
    table = read_table(run(content, longitude_column="e", latitude_column="n").clustered)
    assert json.loads(table.schema.metadata[b"geo"])["columns"].keys() == {"geometry", "_geometry"}


def test_a_binary_column_next_to_a_native_geometry_is_not_declared():
    content = native_geometry_file({"population": POPULATION, "geo.metry": POINTS}, COORDINATES)
    table = read_table(run(content).clustered)
    assert json.loads(table.schema.metadata[b"geo"])["columns"].keys() == {"geometry"}


def polygons(rings):
    corners = np.concatenate(rings)
    points = pa.StructArray.from_arrays([pa.array(corners[:, 0]), pa.array(corners[:, 1])], ["x", "y"])
    edges = np.concatenate([[0], np.cumsum([len(ring) for ring in rings])])
    lists = pa.ListArray.from_arrays(pa.array(edges, pa.int32()), points)
    return pa.ListArray.from_arrays(pa.array(np.arange(len(rings) + 1), pa.int32()), lists)


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [(slice(0, 2), "row 5: the geometry is broken"), (slice(0, 0), "row 5: the geometry is empty")],
)
def test_a_broken_native_ring_spoils_only_its_row(bad, complaint):
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]) * 1e-4
    rings = [corner + square for corner in COORDINATES]
    rings[5] = rings[5][bad]
    content = file_bytes({"population": POPULATION, "geometry": polygons(rings)}, geo=geo(encoding="polygon"))
    with pytest.raises(InvalidInput, match=complaint):
        run(content)
    assert run(content, drop_invalid=True).report.n_invalid == 1


def test_curves_and_overflows_are_defects_of_their_row():
    import shapely

    curve = bytes.fromhex("010a00000000000000")
    huge = shapely.to_wkb(shapely.from_wkt("POLYGON((121 14.6, 121.001 14.6, 1e300 14.6, 121 14.6))"))
    for bad, complaint in ((curve, "row 7: the geometry is neither"), (huge, "row 7: the coordinates are .* not fin")):
        geometry = POINTS.to_pylist()
        geometry[7] = bad
        with pytest.raises(InvalidInput, match=complaint):
            run(file_bytes(COLUMNS | {"geometry": pa.array(geometry, pa.binary())}))


def test_points_have_to_be_numbers():
    text = pa.array([{"x": "1", "y": "2"}] * 200)
    with pytest.raises(InvalidInput, match="struct of x and y, both floating"):
        run(file_bytes(COLUMNS | {"geometry": text}, geo=geo(encoding="point")))


def test_row_groups_do_not_follow_the_dictionaries_of_the_input():
    n = 300_000
    coordinates, population = cells(n)
    words = pa.array(np.arange(n) % 700).cast(pa.string()).dictionary_encode()
    columns = {"population": population, "geometry": point_geometry(coordinates), "word": words}
    sink = pa.BufferOutputStream()
    metadata = {"geo": json.dumps(geo())}
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), sink, row_group_size=1000)
    clustered = run(sink.getvalue().to_pybytes(), target_weight=40_000).clustered
    assert pq.read_metadata(pa.BufferReader(clustered)).num_row_groups == 3
    assert read_table(clustered)["word"].to_pylist() == words.to_pylist()
