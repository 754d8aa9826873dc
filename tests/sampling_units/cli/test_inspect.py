import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pyproj
import pytest
import shapely
from click.testing import CliRunner

from kmeans import Status
from sampling_units.cli.main import main
from tests.support.frame_files import frame_file
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry

REPORT = {
    "n_rows": 1300,
    "n_invalid": 4,
    "n_clusters": 6,
    "n_in_range": 5,
    "weight": 1400.0,
    "weight_in_range": 1390.0,
    "radius_median": 812.5,
    "statuses": {"ok": 5, "component_below_min": 1},
    "findings": [],
}
PROVENANCE = {
    "version": "0.0.9",
    "output_version": 1,
    "parameters": json.dumps(
        {"target_weight": 40.0, "bridge": False, "group_by": ["stratum"], "column_prefix": "cluster_"}
    ),
    "parameters_fingerprint": "f" * 32,
    "input_etag": "e" * 32,
    "crs": "EPSG:32651",
    "report": REPORT,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def inspect(*arguments):
    return CliRunner().invoke(main, ["inspect", *map(str, arguments)])


def described(content):
    """The JSON object of a file."""
    Path("in.parquet").write_bytes(content)
    done = inspect("in.parquet", "--json")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 1
    return json.loads(done.stdout)


def facts(content):
    """Labels and values as a pipe gets them."""
    Path("in.parquet").write_bytes(content)
    done = inspect("in.parquet")
    assert done.exit_code == 0, done.output
    return [tuple(line.split("\t")) for line in done.stdout.splitlines() if line]


def test_an_input(folder):
    found = described(file_bytes({"geometry": point_geometry(cells(50)[0]), "population": np.ones(50, "f4")}))
    assert found["file"] == "in.parquet"
    assert found["kind"] == "input"
    assert (found["n_rows"], found["n_row_groups"]) == (50, 1)
    assert found["n_bytes"] == Path("in.parquet").stat().st_size
    assert found["geoparquet_version"] == "1.1.0"
    assert found["columns"] == [{"name": "geometry", "type": "binary"}, {"name": "population", "type": "float"}]
    assert (found["origin"], found["obstacle"]) == (None, None)
    [geometry] = found["geometries"]
    assert (geometry["columns"], geometry["is_primary"], geometry["encoding"]) == (["geometry"], True, "WKB")
    assert geometry["crs"] == {"name": "WGS 84 (CRS84)", "code": "OGC:CRS84"}


def test_a_frame_and_how_it_was_made(folder):
    content = frame_file(provenance=PROVENANCE)
    found = described(content)
    assert found["kind"] == "frame"
    assert found["origin"]["changed_parameters"] == {"target_weight": 40.0, "group_by": ["stratum"]}
    assert found["origin"]["parameters"] == json.loads(PROVENANCE["parameters"])
    assert found["origin"]["report"] == REPORT
    said = facts(content)
    begin = said.index(("made by", "kmeans 0.0.9"))
    assert said[begin:] == [
        ("made by", "kmeans 0.0.9"),
        ("output version", "1"),
        ("input fingerprint", "e" * 32),
        ("worked in", "EPSG:32651"),
        ("parameter", "target_weight: 40"),
        ("parameter", "group_by: stratum"),
        ("parameter", "bridge: false (default)"),
        ("parameter", "column_prefix: cluster_ (default)"),
        ("clusters", "6"),
        ("in range", "5 (83.3%)"),
        ("status", f"5 ok: {Status.OK.explanation}"),
        ("status", f"1 component_below_min: {Status.COMPONENT_BELOW_MIN.explanation}"),
        ("rows left out", "4 of 1300"),
    ]


def test_an_output_from_before_there_were_output_versions(folder):
    older = {name: value for name, value in PROVENANCE.items() if name != "output_version"}
    assert "output version" not in dict(facts(frame_file(provenance=older)))
    assert described(frame_file(provenance=older))["origin"]["output_version"] is None


def test_a_clustered_file_is_told_from_a_frame(folder):
    columns = {"geometry": point_geometry(cells(1300)[0]), "cluster_id": ["a"] * 1300}
    content = file_bytes(columns, metadata={"kmeans": json.dumps(PROVENANCE)})
    assert described(content)["kind"] == "clustered"
    assert ("kind", "clustered file: the rows of the input with their clusters") in facts(content)
    assert "part" not in dict(facts(content))


def test_a_part_of_an_output_says_so(folder):
    said = dict(facts(frame_file(3, provenance=PROVENANCE)))
    assert said["part"] == "the figures are those of a whole file of 6 rows, which this is a part of"
    assert "part" not in dict(facts(frame_file(6, provenance=PROVENANCE)))


@pytest.mark.parametrize(
    "provenance",
    [{}, {"a": 1}, *(PROVENANCE | wrong for wrong in ({"parameters": "no"}, {"parameters": "3"}, {"report": 3}))],
)
def test_metadata_of_others_under_our_key_is_no_origin(folder, provenance):
    assert described(frame_file(provenance=provenance))["origin"] is None


def test_a_report_of_another_version_is_left_out_of_the_text(folder):
    labels = [label for label, *_ in facts(frame_file(provenance=PROVENANCE | {"report": {"rows": 3}}))]
    assert labels[-1] == "parameter"


@pytest.mark.parametrize(
    ("content", "obstacle"),
    [
        (file_bytes({"a": [1]}, geo=None), "is Parquet, but not GeoParquet"),
        (file_bytes({"geometry": [b""]}, geo="broken"), "has broken GeoParquet metadata"),
        (file_bytes({"geometry": [b""]}, geo="[3]"), "has broken GeoParquet metadata"),
        (file_bytes({"geometry": [b""]}, crs={"type": "nonsense"}), "has an unknown coordinate system"),
    ],
)
def test_other_parquet_files_say_why_they_cannot_be_clustered(folder, content, obstacle):
    found = described(content)
    assert found["kind"] == "other"
    assert found["obstacle"].startswith(obstacle)
    said = dict(facts(content))
    assert said["kind"] == "Parquet, cannot be clustered"
    assert said["obstacle"].startswith(obstacle)


def test_an_unknown_coordinate_system(folder):
    entry = {"encoding": "WKB", "crs": None}
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": entry}}
    content = file_bytes({"geometry": point_geometry(cells(4)[0])}, geo=json.dumps(geo))
    assert described(content)["geometries"][0]["crs"] is None
    assert ("coordinate system", "unknown") in facts(content)
    custom = pyproj.CRS("+proj=laea +lat_0=14 +lon_0=121 +type=crs").to_json_dict()
    content = file_bytes({"geometry": point_geometry(cells(4)[0])}, crs=custom)
    assert ("coordinate system", "unknown, no code") in facts(content)


def test_what_is_no_parquet_is_named_and_the_others_are_shown(folder):
    Path("a.parquet").write_bytes(cell_file(10))
    Path("notes.txt").write_text("notes")
    done = inspect("notes.txt", "a.parquet", "gone.parquet", ".")
    assert done.exit_code == 1
    assert [line for line in done.stdout.splitlines() if line.startswith("file")] == ["file\ta.parquet"]
    wrong, gone, directory = done.stderr.splitlines()
    assert wrong.startswith("InvalidInput: notes.txt: is not a readable Parquet file")
    assert gone == "FileMissing: gone.parquet: there is no such file"
    assert directory == "InvalidInput: .: is a folder, not a file"
    as_json = [json.loads(line) for line in inspect("notes.txt", "a.parquet", "--json").stdout.splitlines()]
    assert [found["file"] for found in as_json] == ["notes.txt", "a.parquet"]
    assert as_json[0]["error"] == "InvalidInput"


def test_names_cannot_send_commands_to_the_terminal(folder):
    content = file_bytes({"geometry": point_geometry(cells(4)[0]), "\x1b[2J\ttab": np.arange(4)})
    assert ("column", r"\x1b[2J\ttab: int64") in facts(content)


def test_two_columns_on_a_terminal(folder):
    Path("[in].parquet").write_bytes(frame_file(provenance=PROVENANCE))
    controller, terminal = pty.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "80", "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "sampling_units", "inspect", "[in].parquet"]
    with subprocess.Popen(command, stdout=terminal, stderr=subprocess.DEVNULL, env=environment) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: read_terminal(controller), b"")).decode()
        os.close(controller)
    assert process.returncode == 0
    assert "\t" not in shown
    assert "[in].parquet" in shown
    assert "rows left out" in shown
    assert "4 of 1,300" in shown
    assert shown.count("column ") == 1


def read_terminal(controller):
    try:
        return os.read(controller, 4096)
    except OSError:  # Linux says so when the other end is closed.
        return b""


def run(*arguments):
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_outputs_of_a_run(folder):
    """The one test with real outputs, for all three commands: the others would not notice if these changed."""
    Path("cells.parquet").write_bytes(cell_file(300, stratum=["a", "b", "c"] * 100))
    options = ["--group-by", "stratum", "--column-prefix", "psu_"]
    run("cluster", "cells.parquet", "--target-weight", "30", "--out", "results", *options)
    outputs = ["results/frame/cells.parquet", "results/clustered_cells.parquet"]
    frame, clustered = (json.loads(line) for line in run("inspect", *outputs, "--json").splitlines())
    assert (frame["kind"], clustered["kind"]) == ("frame", "clustered")
    assert frame["n_rows"] == frame["origin"]["report"]["n_clusters"]
    assert clustered["n_rows"] == clustered["origin"]["report"]["n_rows"] == 300
    assert frame["origin"] == clustered["origin"]
    changed = {"target_weight", "group_by", "column_prefix", "weight_column"}
    assert frame["origin"]["changed_parameters"].keys() == changed
    assert "in range" in run("inspect", *outputs)
    for output, kind in zip(outputs, ("frame", "clustered"), strict=True):
        run("export", output, "--out", "out.gpkg", "--overwrite")
        found, written = geopandas.read_parquet(output), geopandas.read_file("out.gpkg")
        assert written["psu_id"].tolist() == found["psu_id"].tolist()
        assert shapely.equals(written.geometry, found.geometry).all()
        run("split", output, "--by", "stratum", "--out", f"parts/{kind}")
        assert {path.name for path in Path("parts", kind).iterdir()} == {"a.parquet", "b.parquet", "c.parquet"}
        assert json.loads(run("inspect", f"parts/{kind}/a.parquet", "--json"))["kind"] == kind
        assert "this is a part of" in run("inspect", f"parts/{kind}/a.parquet")
