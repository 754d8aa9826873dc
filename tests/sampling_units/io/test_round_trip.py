"""Every kind of file goes in, and comes out whole and valid; judged also by software that shares nothing with ours."""

import io
import json

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from tests.support.corpus import corpus
from tests.support.file_jobs import cluster_bytes
from tests.support.geoparquet_files import read_table
from tests.support.judge import judge

# The corpus is clustered and judged once, so its tests stay together.
pytestmark = pytest.mark.xdist_group("round-trip")

CORPUS = corpus()
# What the validator rightly or wrongly has against an input that we leave as it is: its unknown coordinate system, and
# Arrow's name for a column that is a plain BYTE_ARRAY in Parquet.
KNOWN_COMPLAINTS = {"system unknown": "explicit null CRS", "large binary": "got LARGE_BINARY"}
ADDED = ["cluster_id", "cluster_weight", "cluster_status"]


@pytest.fixture(scope="module")
def outcomes():
    return {name: cluster_bytes(content, f"{name}.parquet", **params) for name, (content, params) in CORPUS.items()}


@pytest.fixture(scope="module")
def verdicts(outcomes, tmp_path_factory):
    """What the judge says of the clustered file and of the frame of each case."""
    folder = tmp_path_factory.mktemp("outputs")
    paths = []
    for number, outcome in enumerate(outcomes.values()):
        for part, content in (("clustered", outcome.clustered), ("frame", outcome.frame)):
            paths.append(folder / f"{part}_{number}.parquet")
            paths[-1].write_bytes(content)
    reports = judge(paths)
    return {name: reports[2 * number : 2 * number + 2] for number, name in enumerate(outcomes)}


@pytest.mark.parametrize("name", CORPUS)
def test_every_value_is_kept(outcomes, name):
    before, after = read_table(CORPUS[name][0]), read_table(outcomes[name].clustered)
    kept = after.select(before.column_names)
    for column in before.column_names:
        assert kept[column].type == before[column].type
        assert same_values(kept[column], before[column]), column
    assert kept.schema.remove_metadata().equals(before.schema.remove_metadata())
    others = set(after.schema.metadata) - {b"geo", b"kmeans"}
    assert others == set(before.schema.metadata or {}) - {b"geo"}
    new = after.column_names[len(before.column_names) :]
    assert [column for column in new if column not in ("bbox", "_bbox", "geometry", "_geometry")] == ADDED


def same_values(a, b):
    """Equal, with NaN equal to NaN."""
    if pa.types.is_floating(a.type):
        return np.array_equal(a.to_numpy(), b.to_numpy(), equal_nan=True) and a.is_null().equals(b.is_null())
    return a.equals(b)


@pytest.mark.slow
@pytest.mark.parametrize("name", CORPUS)
def test_independent_software_finds_no_fault(verdicts, outcomes, name):
    clustered, frame = verdicts[name]
    expected = KNOWN_COMPLAINTS.get(name)
    assert [complaint for complaint in clustered["complaints"] if not (expected and expected in complaint)] == []
    assert frame["complaints"] == []
    assert clustered["version"] == frame["version"] == "1.1.0"
    assert clustered["n_rows"] == outcomes[name].report.n_rows
    assert frame["n_rows"] == outcomes[name].report.n_clusters
    # Clusters that share a single place cannot all have ground of their own.
    assert frame["n_geometries"] == (1 if name == "all in one place" else frame["n_rows"])


@pytest.mark.parametrize("name", CORPUS)
def test_geopandas_reads_both_outputs(outcomes, name):
    outcome = outcomes[name]
    rows, units = (geopandas.read_parquet(io.BytesIO(content)) for content in (outcome.clustered, outcome.frame))
    assert len(rows) == outcome.report.n_rows
    assert len(units) == outcome.report.n_clusters
    assert units.crs is not None
    assert rows.crs is None if name == "system unknown" else rows.crs == units.crs
    assert units.geometry.dropna().is_valid.all()
    assert set(units["cluster_id"]) == set(rows["cluster_id"].dropna())
    # Every point is in the polygon of its cluster, or on its border.
    placed = rows[rows["cluster_id"].notna()]
    if len(placed) and name not in ("system unknown", "all in one place"):
        own = units.set_index("cluster_id").loc[placed["cluster_id"]].geometry.to_numpy()
        middle = shapely.centroid(placed.geometry.to_numpy())
        assert (shapely.distance(own, middle) <= 1e-9 * np.abs(placed.total_bounds).max()).all()


@pytest.mark.parametrize(
    ("name", "kept"), [("null geometries", 2), ("empty geometries", 1), ("null weights", 3), ("nothing but nulls", 5)]
)
def test_invalid_rows_stay_in_the_output_and_are_counted(outcomes, name, kept):
    outcome = outcomes[name]
    table = read_table(outcome.clustered)
    is_invalid = np.array(table["cluster_status"].to_pylist()) == "invalid"
    assert is_invalid.sum() == outcome.report.n_invalid == kept
    assert np.array_equal(table["cluster_id"].is_null().to_numpy(), is_invalid)
    assert np.array_equal(table["cluster_weight"].is_null().to_numpy(), is_invalid)


@pytest.mark.parametrize("name", CORPUS)
def test_bounding_boxes_cover_their_geometries(outcomes, name):
    for content in (outcomes[name].clustered, outcomes[name].frame):
        rows = geopandas.read_parquet(io.BytesIO(content))
        table = read_table(content)
        description = json.loads(table.schema.metadata[b"geo"])["columns"][rows.geometry.name]
        column = description["covering"]["bbox"]["xmin"][0]
        boxes = [None if box is None else tuple(box.values()) for box in table[column].to_pylist()]
        bounds = shapely.bounds(rows.geometry.to_numpy())
        for box, (found, is_there) in zip(
            boxes, zip(bounds, np.isfinite(bounds).all(axis=1), strict=True), strict=True
        ):
            assert box == (tuple(found) if is_there else None)
        if np.isfinite(bounds).any():
            np.testing.assert_array_equal(description["bbox"], rows.total_bounds)


def test_the_same_places_give_the_same_clusters_in_every_form(outcomes):
    forms = ["version 0.4", "version 1.0", "Parquet GEOMETRY", "big-endian", "large binary", "with heights"]
    forms += ["encoding Point", "longitude and latitude", "lng and lat", "named columns", "EPSG:4326"]
    weighted = {
        "version 0.4",
        "Parquet GEOMETRY",
        "longitude and latitude",
        "lng and lat",
        "named columns",
        "EPSG:4326",
    }
    for group in (weighted, set(forms) - weighted):
        found = [read_table(outcomes[name].clustered)["cluster_id"].to_pylist() for name in sorted(group)]
        numbers = [[value.rsplit("_", 1)[1] for value in ids] for ids in found]
        assert all(other == numbers[0] for other in numbers)


def test_parquet_2_geometry_is_what_the_file_says():
    content, _ = CORPUS["Parquet GEOMETRY"]
    file = pq.ParquetFile(pa.BufferReader(content))
    assert b"geo" not in (file.schema_arrow.metadata or {})
    assert json.loads(file.schema.column(1).logical_type.to_json())["Type"] == "Geometry"


def test_the_coordinate_system_of_the_input_is_that_of_the_outputs(outcomes):
    for name in (name for name in CORPUS if name.startswith("EPSG")):
        rows, units = (
            geopandas.read_parquet(io.BytesIO(content)) for content in (outcomes[name].clustered, outcomes[name].frame)
        )
        assert rows.crs == units.crs == pyproj.CRS(name)
