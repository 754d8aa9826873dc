import json
import shutil
import subprocess
import sys

import geopandas
import pyarrow.parquet as pq
import pyproj
import pytest
from click.testing import CliRunner

from sampling_units.cli.main import main
from tests.support.project import PROJECT

CLUSTER = ["--weight-column", "population", "--target-weight", "40", "--jobs", "1"]


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """The frames of two real runs."""
    from tests.support.geoparquet_files import cell_file

    folder = tmp_path_factory.mktemp("frames")
    for number in range(2):
        (folder / f"area_{number}.parquet").write_bytes(cell_file(900, seed=number))
    command = [
        sys.executable,
        "-m",
        "sampling_units",
        "cluster",
        str(folder),
        *CLUSTER,
        "--out",
        str(folder / "out"),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=PROJECT)
    return sorted((folder / "out" / "frame").glob("*.parquet"))


def run(*arguments):
    return CliRunner().invoke(main, ["sample", *map(str, arguments)])


def test_a_sample_has_everything_a_survey_needs(frames, tmp_path):
    done = run(*frames, "--n", 5, "--out", tmp_path / "sample.parquet", "--json")
    assert done.exit_code == 0, done.output
    frame = pq.read_table(frames[0]).num_rows + pq.read_table(frames[1]).num_rows
    (stratum,) = json.loads(done.output)["strata"]
    assert (stratum["name"], stratum["n_units"], stratum["n_selected"]) == ("all", frame, 5)
    found = geopandas.read_parquet(tmp_path / "sample.parquet")
    assert len(found) == 5
    assert set(pq.read_schema(frames[0]).names) - {"bbox"} < set(found.columns)  # geopandas keeps that to itself.
    assert (found.base_weight * found.selection_probability).tolist() == pytest.approx([1.0] * 5)
    # Each selected cluster stands for an equal part of the population.
    assert (found.base_weight * found.cluster_weight).tolist() == pytest.approx([stratum["total_size"] / 5] * 5)
    assert not found.geometry.is_empty.any()
    metadata = pq.read_schema(tmp_path / "sample.parquet").metadata
    assert json.loads(metadata[b"kmeans_sample"])["seed"] == 0
    assert "bbox" not in json.loads(metadata[b"geo"])["columns"]["geometry"]


def test_strata_are_sampled_by_themselves(frames, tmp_path):
    tables = [pq.read_table(path) for path in frames]
    for number, (path, table) in enumerate(zip(frames, tables, strict=True)):
        column = [["north", "south"][number]] * table.num_rows
        pq.write_table(table.append_column("region", [column]), tmp_path / path.name)
    paths = [tmp_path / path.name for path in frames]
    done = run(*paths, "--n", 6, "--stratify", "region", "--out", tmp_path / "sample.parquet")
    assert done.exit_code == 0, done.output
    assert "north" in done.output
    found = pq.read_table(tmp_path / "sample.parquet").to_pandas()
    assert set(found.region) == {"north", "south"}
    again = run(*paths, "--n", 6, "--stratify", "region", "--out", tmp_path / "again.parquet")
    assert again.exit_code == 0
    assert (tmp_path / "again.parquet").read_bytes() != b""
    assert (
        pq.read_table(tmp_path / "again.parquet")["cluster_id"]
        == pq.read_table(tmp_path / "sample.parquet")["cluster_id"]
    )


def test_what_is_there_stays(frames, tmp_path):
    out = tmp_path / "sample.parquet"
    out.write_bytes(b"mine")
    assert run(frames[0], "--n", 2, "--out", out).exit_code == 2
    assert out.read_bytes() == b"mine"
    assert run(frames[0], "--n", 2, "--out", out, "--overwrite").exit_code == 0
    assert pq.read_table(out).num_rows == 2
    assert [path.name for path in tmp_path.iterdir()] == ["sample.parquet"]


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (["--n", 10_000], 2, "10,000 units cannot be selected"),
        (["--n", 2, "--size", "people"], 1, "there is no such column"),
        (["--n", 2, "--stratify", "region"], 1, "there is no such column"),
        (["--n", 0], 2, "0 is not in the range"),
    ],
)
def test_what_cannot_be_sampled_says_why(frames, tmp_path, options, status, message):
    done = run(frames[0], *options, "--out", tmp_path / "sample.parquet")
    assert done.exit_code == status
    assert message in done.output
    assert not list(tmp_path.iterdir())


def test_a_wrong_size_is_named_with_its_row(frames, tmp_path):
    table = pq.read_table(frames[0])
    sizes = table["cluster_weight"].to_pylist()
    sizes[3] = -1.0
    broken = tmp_path / "broken.parquet"
    number = table.schema.get_field_index("cluster_weight")
    pq.write_table(table.set_column(number, "cluster_weight", [sizes]), broken)
    done = run(broken, "--n", 2, "--out", tmp_path / "sample.parquet")
    assert done.exit_code == 1
    assert "column cluster_weight, row 3: the size is -1.0" in done.output


def test_a_sample_is_no_frame(frames, tmp_path):
    assert run(frames[0], "--n", 2, "--out", tmp_path / "one.parquet").exit_code == 0
    done = run(tmp_path / "one.parquet", "--n", 1, "--out", tmp_path / "two.parquet")
    assert done.exit_code == 1
    assert "it is a sample" in done.output


def test_frames_of_different_parameters_are_noticed(frames, tmp_path):
    cells = frames[0].parents[2] / frames[0].name
    other = [argument if argument != "40" else "30" for argument in CLUSTER]
    assert CliRunner().invoke(main, ["cluster", str(cells), *other, "--out", str(tmp_path)]).exit_code == 0
    alike = run(*frames, "--n", 5, "--out", tmp_path / "alike.parquet")
    assert (alike.exit_code, alike.stderr) == (0, "")
    mixed = run(tmp_path / "frame" / cells.name, frames[1], "--n", 5, "--out", tmp_path / "mixed.parquet")
    assert mixed.exit_code == 0
    assert f"{frames[1]} and {tmp_path / 'frame' / cells.name} were not made with the same parameters" in mixed.stderr


def with_system(path, crs, target):
    """The frame in another coordinate system, as far as its metadata say."""
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    for entry in geo["columns"].values():
        entry["crs"] = pyproj.CRS(crs).to_json_dict()
    pq.write_table(table.replace_schema_metadata(table.schema.metadata | {b"geo": json.dumps(geo)}), target)
    return target


@pytest.mark.parametrize("other", ["OGC:CRS84", "EPSG:4326"])
def test_longitude_and_latitude_may_be_named_differently(frames, tmp_path, other):
    named, unnamed = with_system(frames[0], other, tmp_path / "a.parquet"), frames[1]
    for number, paths in enumerate(((named, unnamed), (unnamed, named))):
        done = run(*paths, "--n", 5, "--out", tmp_path / f"sample{number}.parquet")
        assert done.exit_code == 0, done.output


def test_frames_in_different_coordinate_systems_are_no_frame(frames, tmp_path):
    projected = with_system(frames[1], "EPSG:32651", tmp_path / "a.parquet")
    done = run(frames[0], projected, "--n", 5, "--out", tmp_path / "sample.parquet")
    assert done.exit_code == 1
    assert "the coordinate system is WGS 84 / UTM zone 51N, and WGS 84 (CRS84) in" in done.stderr


def test_a_report_leaves_samples_out_and_names_them(frames, tmp_path):
    (tmp_path / "frame" / "north").mkdir(parents=True)
    for path in frames:
        shutil.copy(path, tmp_path / "frame")
    for out in ("a_sample.parquet", "frame/a_sample.parquet", "frame/north/sample.parquet"):
        assert run(*frames, "--n", 5, "--out", tmp_path / out).exit_code == 0
    done = CliRunner().invoke(main, ["report", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["n_files"] == 2
    names = ", ".join(str(tmp_path / "frame" / name) for name in ("a_sample.parquet", "north/sample.parquet"))
    assert done.stderr == f"Samples, left out of the report: {names}\n"
    for path in frames:
        (tmp_path / "frame" / path.name).unlink()
    nothing = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert f"there are no sampling frames in {tmp_path / 'frame'}, but samples: {names}" in nothing.stderr
    assert "FileMissing" in nothing.stderr
