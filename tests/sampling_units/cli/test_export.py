import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely
from click.testing import CliRunner

from sampling_units.cli.export.attributes import FORMATS
from sampling_units.cli.export.map_layer import write_layer
from sampling_units.cli.main import main
from sampling_units.cli.stop_signals import Stopped, stop_signals
from tests.sampling_units.cli.processes import eventually
from tests.support.frame_files import frame_file, frame_polygons
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry, square_geometry
from tests.support.native_geometry import native_geometry_file

SUFFIXES = [".gpkg", ".geojson", ".fgb"]
UTM = "EPSG:32651"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(*arguments):
    return CliRunner().invoke(main, ["export", *map(str, arguments)])


def utm_entry():
    return pyproj.CRS(UTM).to_json_dict()


def read(path, order=None):
    """A table; FlatGeobuf has its rows in the order of places."""
    _, table = pyogrio.read_arrow(path)
    return table if order is None else table.sort_by(order)


def in_degrees(shapes, crs):
    transformer = pyproj.Transformer.from_crs(crs, "OGC:CRS84", always_xy=True)
    return shapely.transform(shapes, lambda points: np.column_stack(transformer.transform(*points.T)))


def as_multipolygons(shapes):
    return [shapely.MultiPolygon(getattr(shape, "geoms", [shape])) for shape in shapes]


def test_a_script_gets_what_was_written_as_json(folder):
    (folder / "in.parquet").write_bytes(frame_file(crs=UTM))
    told = json.loads(export("in.parquet", "--out", "frame.gpkg", "--json").stdout)
    assert (told["out"], told["n_rows"], told["bytes"]) == ("frame.gpkg", 6, (folder / "frame.gpkg").stat().st_size)
    assert isinstance(told["changes"], list)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("crs", ["EPSG:4326", UTM])
def test_a_frame_keeps_rows_values_geometries_and_coordinate_system(folder, suffix, crs):
    (folder / "in.parquet").write_bytes(frame_file(crs=crs))
    done = export("in.parquet", "--out", f"frame{suffix}")
    assert done.exit_code == 0, done.output
    assert re.match(rf"6 rows are in frame{suffix} \(\w+, \d+\.\d kB\)\.\n", done.stdout)
    assert {path.name for path in folder.iterdir()} == {"in.parquet", f"frame{suffix}"}
    assert pyogrio.list_layers(f"frame{suffix}")[0, 0] == "frame"
    assert suffix != ".gpkg" or pyogrio.read_info("frame.gpkg")["geometry_name"] == "geometry"
    found = geopandas.read_file(f"frame{suffix}").sort_values("cluster_id", ignore_index=True)
    before = geopandas.read_parquet("in.parquet")
    kept = ["cluster_id", "cluster_weight", "cluster_status", "n_points"]
    assert found.columns.tolist() == [*kept, "centroid_x", "centroid_y", "geometry"]
    for name in kept:
        assert found[name].tolist() == before[name].tolist()
    polygons = frame_polygons(6, crs)
    centroids = shapely.centroid(polygons)
    if suffix == ".geojson":
        centroids, polygons, crs = in_degrees(centroids, crs), in_degrees(polygons, crs), "EPSG:4326"
    else:
        polygons = as_multipolygons(polygons)
    assert found.crs == crs
    np.testing.assert_allclose(found[["centroid_x", "centroid_y"]], shapely.get_coordinates(centroids), rtol=1e-12)
    for shape, expected in zip(found.geometry, polygons, strict=True):
        # Half of the seventh digit in both directions.
        tolerance = 7.2e-8 if suffix == ".geojson" else 0
        assert shape.geom_type == expected.geom_type
        assert shapely.hausdorff_distance(shape, expected) <= tolerance


def test_what_a_format_does_not_hold_is_listed(folder):
    (folder / "in.parquet").write_bytes(frame_file(crs=UTM))
    assert export("in.parquet", "--out", "frame.gpkg").stderr.splitlines() == [
        "What GeoPackage cannot hold unchanged:",
        "  column centroid: as the numbers centroid_x and centroid_y",
        "  column bbox: left out, because it only repeats the bounds of the geometries",
        "  column geometry: all geometries as MultiPolygon, so that the layer has one type",
    ]
    assert "coordinates: longitude and latitude instead of WGS 84 / UTM zone 51N" in (
        export("in.parquet", "--out", "frame.geojson").stderr
    )


def test_geojson_is_as_rfc_7946_wants_it(folder):
    clockwise = shapely.box(500_000, 1_600_000, 501_000, 1_601_000, ccw=False)
    geometry = pa.array(shapely.to_wkb([clockwise]), pa.binary())
    (folder / "in.parquet").write_bytes(file_bytes({"geometry": geometry, "name": ["x"]}, crs=utm_entry()))
    assert export("in.parquet", "--out", "out.json").exit_code == 0
    collection = json.loads(Path("out.json").read_text())
    assert collection["type"] == "FeatureCollection"
    assert "crs" not in collection
    [ring] = collection["features"][0]["geometry"]["coordinates"]
    assert shapely.LinearRing(ring).is_ccw
    expected = shapely.get_coordinates(in_degrees(shapely.normalize(clockwise), UTM))
    np.testing.assert_allclose(sorted(ring[1:]), sorted(expected[1:].tolist()), atol=5.1e-8)
    assert max(len(digits) for digits in re.findall(r"\d+\.(\d+)", Path("out.json").read_text())) == 7


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_clustered_file_larger_than_a_piece_keeps_its_rows(folder, suffix, monkeypatch):
    monkeypatch.setattr("sampling_units.io.geo_file.ROW_GROUP_ROWS", 100)
    ids = pa.array([f"area_{number // 20:02d}" for number in range(950)]).dictionary_encode()
    (folder / "in.parquet").write_bytes(cell_file(950, cluster_id=ids))
    done = export("in.parquet", "--out", f"out{suffix}")
    assert done.exit_code == 0
    assert ("rows: in spatial order" in done.stderr) == (suffix == ".fgb") == bool(done.stderr)
    found = read(f"out{suffix}", "grid_id" if suffix == ".fgb" else None)
    assert found["grid_id"].to_pylist() == list(range(950))
    assert found["cluster_id"].to_pylist() == ids.to_pylist()
    points = shapely.get_coordinates(shapely.from_wkb(found.column(found.num_columns - 1)))
    np.testing.assert_allclose(points, cells(950)[0], rtol=0, atol=5.1e-8 if suffix == ".geojson" else 0)


def test_other_geometry_columns_become_text(folder):
    squares = square_geometry(cells(3)[0])
    entry = {"encoding": "WKB", "geometry_types": ["Polygon"]}
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {"geometry": {"encoding": "WKB"}, "cell": entry},
    }
    content = file_bytes({"geometry": point_geometry(cells(3)[0]), "cell": squares}, geo=json.dumps(geo))
    (folder / "in.parquet").write_bytes(content)
    done = export("in.parquet", "--out", "out.gpkg")
    assert "column cell: as WKT text" in done.stderr
    assert shapely.equals(shapely.from_wkt(read("out.gpkg")["cell"]), shapely.from_wkb(squares)).all()


@pytest.mark.parametrize("encoding", ["point", "polygon"])
def test_native_encodings_are_converted(folder, encoding):
    shapes = shapely.points(cells(5)[0]) if encoding == "point" else shapely.box(*cells(5)[0].T, 122, 15)
    frame = geopandas.GeoDataFrame({"row": range(5)}, geometry=shapes, crs=UTM)
    frame.to_parquet("in.parquet", geometry_encoding="geoarrow")
    assert export("in.parquet", "--out", "out.gpkg").exit_code == 0
    found = geopandas.read_file("out.gpkg")
    assert found.crs == UTM
    assert found.geometry.tolist() == shapes.tolist()


def test_a_native_geometry_column(folder):
    points = [[1, 2], [3, 4], [5, 6]]
    (folder / "in.parquet").write_bytes(native_geometry_file({"code": [1, 2, 1]}, points))
    assert export("in.parquet", "--out", "out.gpkg").exit_code == 0
    found = geopandas.read_file("out.gpkg")
    assert (found.crs, shapely.get_coordinates(found.geometry).tolist()) == ("EPSG:4326", points)


def test_systems_with_northing_first_are_not_turned(folder):
    place = shapely.Point(1_800_000, 5_500_000)
    content = file_bytes({"geometry": [place.wkb]}, crs=pyproj.CRS("EPSG:2193").to_json_dict())
    (folder / "in.parquet").write_bytes(content)
    for name in ("out.geojson", "out.gpkg"):
        assert export("in.parquet", "--out", name).exit_code == 0
    assert geopandas.read_file("out.gpkg").geometry[0] == place
    found = geopandas.read_file("out.geojson").geometry[0]
    assert shapely.distance(found, in_degrees(place, "EPSG:2193")) < 7.2e-8


def test_several_files_become_one_layer_in_the_order_given(folder):
    for number, stem in enumerate(["b", "a", "c"]):
        words = pa.array(["x", "y", "z"]) if number else pa.array(["x", "y", "z"], pa.large_string())
        (folder / f"{stem}.parquet").write_bytes(frame_file(3, stem=stem, words=words))
    # The same columns in another order.
    table = geopandas.read_parquet("c.parquet")
    table[table.columns[::-1]].to_parquet("c.parquet")
    done = export("b.parquet", "a.parquet", "c.parquet", "--out", "nation.gpkg")
    assert done.stdout.startswith("9 rows of 3 files are in nation.gpkg")
    assert done.stderr.count("column bbox") == 1
    found = read("nation.gpkg")
    assert found["cluster_id"].to_pylist() == [f"{stem}_{number}" for stem in "bac" for number in range(3)]
    assert found["words"].to_pylist() == ["x", "y", "z"] * 3


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        ({"n_points": [1.5] * 6}, "column n_points: the type is double, and the type is int64 in a.parquet"),
        ({"stratum": [1] * 6}, "column stratum: the type is int64, and there is no such column in a.parquet"),
        ({"crs": UTM}, "column geometry: the coordinate system is WGS 84 / UTM zone 51N, and WGS 84 in a.parquet"),
    ],
)
def test_files_that_differ_are_refused(folder, other, complaint):
    (folder / "a.parquet").write_bytes(frame_file())
    (folder / "b.parquet").write_bytes(frame_file(**other))
    done = export("a.parquet", "b.parquet", "--out", "nation.gpkg")
    assert done.exit_code == 1
    assert f"InvalidInput: b.parquet, {complaint}" in done.stderr
    assert not Path("nation.gpkg").exists()


def test_a_file_without_coordinate_system(folder):
    geo = {"encoding": "WKB", "geometry_types": ["Point"], "crs": None}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geo}}
    (folder / "in.parquet").write_bytes(file_bytes({"geometry": point_geometry(cells(3)[0])}, geo=json.dumps(geo)))
    refused = export("in.parquet", "--out", "out.geojson")
    assert refused.exit_code == 1
    assert "in.parquet, column geometry: the coordinate system is unknown" in refused.stderr
    done = export("in.parquet", "--out", "out.gpkg")
    assert (done.exit_code, done.stderr) == (0, "")
    assert pyogrio.read_info("out.gpkg")["crs"] is None


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_broken_and_missing_geometries(folder, suffix, monkeypatch):
    monkeypatch.setattr("sampling_units.io.geo_file.ROW_GROUP_ROWS", 100)
    sound = point_geometry(cells(250)[0]).to_pylist()
    for name, value in (("broken", b"\1\1"), ("missing", None)):
        (folder / f"{name}.parquet").write_bytes(cell_file(250, geometry=[*sound[:-3], value, *sound[-2:]]))
    broken = export("broken.parquet", "--out", f"out{suffix}")
    assert broken.exit_code == 1
    assert broken.stderr == "InvalidInput: broken.parquet, column geometry, row 247: the geometry is broken WKB\n"
    assert {path.name for path in folder.iterdir()} == {"broken.parquet", "missing.parquet"}
    missing = export("missing.parquet", "--out", f"out{suffix}")
    if suffix == ".fgb":
        assert missing.exit_code == 1
        assert "column geometry, row 247: the geometry is missing, which FlatGeobuf cannot hold" in missing.stderr
    else:
        assert geopandas.read_file(f"out{suffix}").geometry.isna().tolist() == [row == 247 for row in range(250)]


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("gone.parquet", "--out", "out.gpkg"), 1, "FileMissing: gone.parquet: there is no such file"),
        (("notes.txt", "--out", "out.gpkg"), 1, "InvalidInput: notes.txt: is not a readable Parquet file"),
        (("plain.parquet", "--out", "out.gpkg"), 1, "plain.parquet: is not GeoParquet: it has no geometries"),
        (("in.parquet", "--out", "out.shp"), 2, "--out out.shp has to end in .gpkg, .geojson, .json, .fgb"),
        (("in.parquet", "--out", "folder.gpkg"), 2, "--out folder.gpkg is a folder"),
        (("in.parquet", "--out", "old.gpkg"), 2, "old.gpkg exists already; replace it with --overwrite"),
        (("in.parquet", "--out", "notes.txt/out.gpkg"), 1, "cannot write to the folder notes.txt"),
        (("in.parquet", "--out", "gpkg_x.gpkg"), 1, "gpkg_x.gpkg: GeoPackage cannot be written"),
        (("in.parquet",), 2, "Missing option '--out'"),
    ],
)
def test_what_cannot_be_exported_is_explained(folder, arguments, status, complaint):
    (folder / "in.parquet").write_bytes(cell_file(10))
    (folder / "plain.parquet").write_bytes(file_bytes({"a": [1]}, geo=None))
    (folder / "folder.gpkg").mkdir()
    for name in ("notes.txt", "old.gpkg"):
        (folder / name).write_text("old")
    before = {path.name for path in folder.iterdir()}
    done = export(*arguments)
    assert done.exit_code == status
    assert complaint in done.stderr
    assert {path.name for path in folder.iterdir()} == before
    assert Path("old.gpkg").read_text() == "old"


def test_overwrite_replaces_the_whole_file_and_only_when_it_is_finished(folder):
    (folder / "in.parquet").write_bytes(cell_file(10))
    (folder / "bad.parquet").write_bytes(cell_file(10, geometry=[b"broken"] * 10))
    Path("out.gpkg").write_text("old")
    assert export("bad.parquet", "--out", "out.gpkg", "--overwrite").exit_code == 1
    assert Path("out.gpkg").read_text() == "old"
    assert export("in.parquet", "--out", "out.gpkg", "--overwrite").exit_code == 0
    assert len(read("out.gpkg")) == 10


def test_an_empty_file_and_a_folder_that_is_not_there_yet(folder):
    (folder / "in.parquet").write_bytes(cell_file(0))
    assert export("in.parquet", "--out", "new/folder/out.gpkg").exit_code == 0
    assert pyogrio.read_info("new/folder/out.gpkg")["features"] == 0


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_stop_signal_leaves_nothing(folder, suffix):
    (folder / "in.parquet").write_bytes(cell_file(600_000))
    command = [
        sys.executable,
        "-m",
        "sampling_units",
        "export",
        folder / "in.parquet",
        "--out",
        folder / f"out{suffix}",
    ]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
        # A shell that runs this in the background has it ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (it takes no lock)
    ) as process:
        assert eventually(lambda: list(folder.glob(".kmeans-*/*")), seconds=60)
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert process.returncode == 130
    assert errors == "Stopped. Nothing was written.\n"
    assert [path.name for path in folder.iterdir()] == ["in.parquet"]


def test_a_stop_signal_is_heard_between_batches(folder, monkeypatch):
    monkeypatch.setattr("sampling_units.cli.export.map_layer._BATCH_ROWS", 10)
    (folder / "in.parquet").write_bytes(cell_file(100))
    n_batches = 0

    def stop_after_three(phase, n_done, n_rows):
        nonlocal n_batches
        n_batches += 1
        if n_batches == 3:
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Stopped), stop_signals():
        write_layer([Path("in.parquet")], Path("out.gpkg"), FORMATS[".gpkg"], stop_after_three)
    assert n_batches == 3
