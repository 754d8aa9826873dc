import json
import os
import pty
import signal
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from cli.main import main
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


def test_files_that_are_up_to_date_are_skipped_unless_forced(folder):
    first = folder / "in" / "a.parquet"
    arguments = (folder / "in", "--out", folder / "out", "--json")
    run(*arguments)
    assert json.loads(run(*arguments).stdout)["n_done"] == 3
    first.write_bytes(cell_file(200, seed=77))
    again = json.loads(run(*arguments).stdout)
    assert (again["n_done"], [file["filename"] for file in again["files"]]) == (2, ["a.parquet"])
    assert json.loads(run(*arguments, "--force").stdout)["n_files"] == 3
    assert json.loads(run(*arguments, "--target-weight", "41").stdout)["n_files"] == 3


def test_one_bad_file_is_named_and_the_others_are_finished(folder):
    bad = cell_file(50, population=np.where(np.arange(50) == 5, -3.0, 1.0))
    (folder / "in" / "bad.parquet").write_bytes(bad)
    done = run(folder / "in", folder / "gone.parquet", folder / "in" / "a.parquet", "--out", folder / "out")
    assert done.exit_code == 3
    assert "InvalidInput: bad.parquet, column population, row 5: the weight is -3.0" in done.stderr
    assert f"FileMissing: {folder / 'gone.parquet'}: there is no such file" in done.stderr
    outputs = {path.name for path in (folder / "out").rglob("*")} - {"north"}
    assert outputs == {"clustered_a.parquet", "clustered_b.parquet", "clustered_c.parquet"}


def test_only_failures_is_another_exit_status(tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"bad")
    assert run(tmp_path / "bad.parquet", "--out", tmp_path).exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("in", "--target-weight", "-1"), "target_weight"),
        (("in", "--target-weight", "10", "--min-weight", "20"), "min_weight"),
        (("in", "--radius", "5", "--radius-urban", "5"), "--radius alone"),
        (("in", "--radius-urban", "5"), "--radius-rural"),
        (("in", "--crs", "EPSG:4326"), "not projected in metres"),
        (("empty",), "no .parquet"),
        (("in/a.parquet", "in/north/a.parquet"), "both be written"),
    ],
)
def test_wrong_usage_is_explained(folder, arguments, complaint, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "empty").mkdir()
    (folder / "in" / "north" / "a.parquet").write_bytes(cell_file(20))
    done = run(*arguments, "--out", "out")
    assert done.exit_code in (1, 2)
    assert complaint in done.stderr
    assert not list(folder.glob("out/*.parquet"))


def test_radius_options_reach_the_parameters(folder):
    content = cell_file(300, urban=np.ones(300, bool))
    (folder / "in" / "a.parquet").write_bytes(content)
    done = run(folder / "in" / "a.parquet", "--out", folder, "--radius-urban", "100", "--radius-rural", "200", "--json")
    assert json.loads(done.stdout)["params"]["radius"] == {"urban": 100, "rural": 200}


def test_no_progress_in_a_pipe_and_one_line_of_json(folder):
    command = [sys.executable, "-m", "cli.main", "cluster", str(folder / "in"), "--out", str(folder / "out")]
    command += ["--target-weight", "40", "--weight-column", "population"]
    piped = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert len(piped.stdout.splitlines()) == 1
    assert piped.stderr == ""


def test_progress_on_a_terminal(folder):
    controller, terminal = pty.openpty()
    command = [sys.executable, "-m", "cli.main", "cluster", str(folder / "in"), "--out", str(folder / "out")]
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


def test_control_c_leaves_finished_files_only_and_says_so(folder):
    for number in range(60):
        (folder / "in" / f"{number}.parquet").write_bytes(cell_file(3000, seed=number))
    command = [sys.executable, "-m", "cli.main", "cluster", str(folder / "in"), "--out", str(folder / "out")]
    command += ["--target-weight", "40", "--weight-column", "population", "--radius", "300", "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    deadline = time.monotonic() + 60
    while not list(folder.glob("out/clustered_*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "The same command goes on from here" in errors
    assert "Traceback" not in errors
    finished = list(folder.glob("out/**/*"))
    assert 0 < len(finished) < 63
    for path in finished:
        if path.is_file():
            assert path.name.startswith("clustered_")
            assert read_table(path.read_bytes()).num_rows > 0


def test_version_and_help():
    assert "kmeans, version" in CliRunner().invoke(main, ["--version"]).output
    help_text = CliRunner().invoke(main, ["cluster", "--help"]).output
    assert "Examples:" in help_text
    assert msgspec.json.encode(help_text)
