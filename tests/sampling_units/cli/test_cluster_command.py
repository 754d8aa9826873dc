import json
import os
import pty
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from sampling_units.cli.main import main
from tests.support.geoparquet_files import cell_file, read_table


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "in" / "north").mkdir(parents=True)
    for number, name in enumerate(["a.parquet", "north/b.parquet", "north/c.parquet"]):
        (tmp_path / "in" / name).write_bytes(cell_file(300, seed=number))
    return tmp_path


def run(*arguments):
    options = () if "--target-weight" in arguments else ("--target-weight", "40")
    return CliRunner().invoke(main, ["cluster", *map(str, arguments), *options, "--weight-column", "population"])


def test_a_folder_becomes_a_folder_of_outputs(folder):
    done = run(folder / "in", "--out", folder / "out", "--json")
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert summary["n_files"] == summary["n_succeeded"] == 3
    assert summary["n_rows"] == 900
    assert summary["params"]["target_weight"] == 40
    assert [file["filename"] for file in summary["files"]] == ["a.parquet", "north/b.parquet", "north/c.parquet"]
    for name in ("clustered_a.parquet", "north/clustered_b.parquet", "north/clustered_c.parquet"):
        assert read_table((folder / "out" / name).read_bytes()).num_rows == 300


def test_any_number_of_processes_gives_the_same_bytes(folder):
    for jobs in ("1", "2"):
        assert run(folder / "in", "--out", folder / jobs, "--jobs", jobs).exit_code == 0
    outputs = [
        sorted((p.relative_to(folder / j), p.read_bytes()) for p in (folder / j).rglob("*.parquet")) for j in "12"
    ]
    assert outputs[0] == outputs[1]


def test_files_that_are_up_to_date_are_reported_without_being_done_again(folder):
    arguments = (folder / "in", "--out", folder / "out", "--json")
    first, second = (json.loads(run(*arguments).stdout) for _ in range(2))
    assert (first["n_skipped"], second["n_skipped"]) == (0, 3)
    for name in ("n_files", "n_succeeded", "n_rows", "n_clusters", "n_in_range", "weight"):
        assert first[name] == second[name]
    assert [file["report"] for file in first["files"]] == [file["report"] for file in second["files"]]
    assert all(file["skipped"] and "seconds" not in file for file in second["files"])
    assert not any("skipped" in file for file in first["files"])


def test_changed_files_other_parameters_and_force_are_done_again(folder):
    arguments = (folder / "in", "--out", folder / "out", "--json")
    run(*arguments)
    (folder / "in" / "a.parquet").write_bytes(cell_file(200, seed=77))
    again = json.loads(run(*arguments).stdout)
    assert [file["filename"] for file in again["files"] if not file.get("skipped")] == ["a.parquet"]
    assert again["n_rows"] == 800
    assert json.loads(run(*arguments, "--force").stdout)["n_skipped"] == 0
    assert json.loads(run(*arguments, "--target-weight", "41").stdout)["n_skipped"] == 0


def test_outputs_of_another_release_are_up_to_date_and_of_another_output_version_not(folder, monkeypatch):
    arguments = (folder / "in", "--out", folder / "out", "--jobs", "1", "--json")
    run(*arguments)
    monkeypatch.setattr("kmeans.__version__", "0.0.0")
    assert json.loads(run(*arguments).stdout)["n_skipped"] == 3
    monkeypatch.setattr("sampling_units.parameters.run_parameters.OUTPUT_VERSION", 0)
    assert json.loads(run(*arguments).stdout)["n_skipped"] == 0


def test_one_bad_file_is_named_and_the_others_are_finished(folder):
    bad = cell_file(50, population=np.where(np.arange(50) == 5, -3.0, 1.0))
    (folder / "in" / "bad.parquet").write_bytes(bad)
    done = run(folder / "in", folder / "gone.parquet", folder / "in" / "a.parquet", "--out", folder / "out")
    assert done.exit_code == 3
    assert "2 of 5 files failed:" in done.stderr
    bad = folder / "in" / "bad.parquet"
    assert f"InvalidInput: {bad}, column population, row 5: the weight is -3.0" in done.stderr
    assert f"FileMissing: {folder / 'gone.parquet'}: there is no such file" in done.stderr
    outputs = {path.name for path in (folder / "out").rglob("*") if path.is_file()}
    names = [f"{letter}.parquet" for letter in "abc"]
    assert outputs == {*names, *(f"clustered_{name}" for name in names)}


def test_only_failures_is_another_exit_status(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"bad")
    assert run(tmp_path / "bad.parquet", "--out", tmp_path).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("in", "--target-weight", "-1"), "--target-weight is -1.0"),
        (("in", "--target-weight", "10", "--min-weight", "20"), "--min-weight is 20.0"),
        (("in", "--radius", "5", "--radius-urban", "5"), "--radius alone"),
        (("in", "--radius-urban", "5"), "--radius-rural"),
        (("in", "--crs", "EPSG:4326"), "'EPSG:4326' is not projected in metres"),
        (("in", "--crs", "nonsense"), "--crs 'nonsense' is not known"),
        (("in", "--max-radius", "0"), "--max-radius is 0.0"),
        (("in", "--max-weight", "much"), "'much' is neither a number nor the word unlimited"),
        (("empty",), "no .parquet"),
        (("in/a.parquet", "in/north/a.parquet"), "both be written"),
    ],
)
def test_wrong_usage_is_explained(folder, arguments, complaint, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    (folder / "in" / "north" / "a.parquet").write_bytes(cell_file(20))
    done = run(*arguments, "--out", "out")
    assert done.exit_code == 2
    assert complaint in done.stderr
    assert not (folder / "out").exists()


def test_radius_options_reach_the_parameters(folder):
    content = cell_file(300, urban=np.ones(300, bool))
    (folder / "in" / "a.parquet").write_bytes(content)
    done = run(folder / "in" / "a.parquet", "--out", folder, "--radius-urban", "100", "--radius-rural", "200", "--json")
    assert json.loads(done.stdout)["params"]["radius"] == {"urban": 100, "rural": 200}


def test_limits_reach_the_parameters(folder):
    options = ("--min-weight", "0", "--max-weight", "unlimited", "--max-radius", "900", "--bridge", "--json")
    params = json.loads(run(folder / "in", "--out", folder / "out", *options).stdout)["params"]
    assert (params["min_weight"], params["max_weight"]) == (0, "unlimited")
    assert (params["max_radius"], params["bridge"]) == (900, True)


def test_a_pipe_gets_one_line_a_file_and_the_totals(folder):
    heavy = cell_file(300, population=np.where(np.arange(300) == 7, 500.0, 1.0))
    (folder / "in" / ("long" * 40 + ".parquet")).write_bytes(heavy)
    run(folder / "in" / "a.parquet", "--out", folder / "out")
    lines = run(folder / "in", "--out", folder / "out").stdout.splitlines()
    rows = [line.split("\t") for line in lines[:5]]
    assert rows[0] == ["file", "rows", "clusters", "in range", "radius in m", "seconds"]
    assert [row[0] for row in rows[1:]] == ["a.parquet", "long" * 40 + ".parquet", "north/b.parquet", "north/c.parquet"]
    assert [row[5] == "up to date" for row in rows[1:]] == [True, False, False, False]
    assert lines[6].startswith("3 files clustered, 1 up to date, 0 failed, in ")
    assert "1,200 rows are in" in lines[6]
    assert lines[7] == "Clusters whose status is not ok:"
    assert any(line.startswith("  1 point_above_max: One point alone is heavier") for line in lines[8:])


def test_no_table_when_nothing_was_clustered(tmp_path):
    lines = run(tmp_path / "gone", "--out", tmp_path / "out").stdout.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("0 files clustered, 0 up to date, 1 failed")


def test_no_progress_in_a_pipe_and_one_line_of_json(folder):
    command = [
        sys.executable,
        "-m",
        "sampling_units",
        "cluster",
        str(folder / "in"),
        "--out",
        str(folder / "out"),
    ]
    command += ["--target-weight", "40", "--weight-column", "population"]
    piped = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert len(piped.stdout.splitlines()) == 1
    assert piped.stderr == ""


def test_progress_on_a_terminal(folder):
    controller, terminal = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "sampling_units",
        "cluster",
        str(folder / "in"),
        "--out",
        str(folder / "out"),
    ]
    command += ["--target-weight", "40", "--weight-column", "population"]
    environment = os.environ | {"TERM": "xterm"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: read_terminal(controller), b""))
        os.close(controller)
    assert process.returncode == 0
    assert b"3/3" in shown


def read_terminal(controller):
    try:
        return os.read(controller, 4096)
    except OSError:  # Linux says so when the other end is closed.
        return b""


def test_version_and_help():
    assert "kmeans, version" in CliRunner().invoke(main, ["--version"]).output
    assert "cluster  Cluster Parquet files on this machine.\n" in CliRunner().invoke(main, ["--help"]).output
    help_text = CliRunner().invoke(main, ["cluster", "--help"]).output
    assert "Examples:" in help_text
    assert "--max-weight NUMBER|unlimited" in help_text
