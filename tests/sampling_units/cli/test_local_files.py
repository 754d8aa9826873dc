"""What counts as input, and what happens when an output cannot be written."""

import errno
import json
import os

import pytest
from click.testing import CliRunner

from sampling_units.cli.main import main
from tests.support.geoparquet_files import cell_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").write_bytes(cell_file(100))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    options = ("--target-weight", "40", "--weight-column", "population", "--json")
    return CliRunner().invoke(main, ["cluster", *map(str, arguments), *options])


def filenames(done):
    return [file["filename"] for file in json.loads(done.stdout)["files"]]


def test_a_path_written_in_two_ways_is_one_file(folder):
    done = run("in/a.parquet", folder / "in" / "a.parquet", "in/../in/a.parquet", "in", "--out", "out")
    assert done.exit_code == 0, done.stderr
    assert filenames(done) == ["a.parquet"]


def test_outputs_in_a_folder_are_no_input_unless_they_are_named(folder):
    run("in", "--out", "in")
    own = run("in", "--out", "in")
    assert (filenames(own), own.stderr) == (["a.parquet"], "")
    other = run("in", "--out", "out")
    assert filenames(other) == ["a.parquet"]
    assert "Outputs of earlier runs in the given folders, left out: 2" in other.stderr
    named = run("in/clustered_a.parquet", "--out", "out")
    assert "in/clustered_a.parquet, column cluster_id: already has this column" in named.stderr
    (folder / "in" / "a.parquet").unlink()
    nothing = run("in", "--out", "out")
    assert nothing.exit_code == 2
    assert "(outputs of earlier runs, left out: 2)" in nothing.stderr


def test_an_input_that_is_only_named_like_an_output_is_clustered(folder):
    (folder / "in" / "a.parquet").rename(folder / "in" / "clustered_a.parquet")
    assert filenames(run("in", "--out", "in")) == ["clustered_a.parquet"]


def test_what_is_not_there_is_missing_and_what_is_no_parquet_is_named_wrongly(folder):
    (folder / "in" / "notes.txt").write_text("notes")
    done = run("mistyped", "in/notes.txt", "--out", "out")
    assert "FileMissing: mistyped: there is no such file or folder" in done.stderr
    assert (
        "InvalidInput: in/notes.txt: is not named like a file that can be read (.parquet or .geoparquet)" in done.stderr
    )


@pytest.mark.parametrize("out", ["in/a.parquet/below", "/proc/none/below"])
def test_an_output_folder_that_cannot_be_written_is_wrong_usage(folder, out):
    done = run("in", "--out", out)
    assert done.exit_code == 2
    assert f"cannot write to the folder {out}: " in done.stderr


def test_an_output_that_cannot_be_written_fails_only_its_file(folder):
    for name in ("b", "c"):
        (folder / "in" / name).mkdir()
        (folder / "in" / name / f"{name}.parquet").write_bytes(cell_file(100))
    (folder / "out").mkdir()
    (folder / "out" / "b").write_text("in the way")
    done = run("in", "--out", "out")
    assert done.exit_code == 3
    assert "OutputNotWritable: in/b/b.parquet: the output out/b/clustered_b.parquet cannot be written" in done.stderr
    assert json.loads(done.stdout)["n_succeeded"] == 2


def test_an_interrupted_write_leaves_the_old_output_and_nothing_else(folder, monkeypatch):
    def no_space(source, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    run("in", "--out", "out")
    before = contents(folder / "out")
    assert set(before) == {"clustered_a.parquet", "frame/a.parquet"}
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", no_space)
        done = run("in", "--out", "out", "--force")
    assert done.exit_code == 1
    [failure] = json.loads(done.stdout)["failures"]
    assert failure["failure"]["error"] == "OutputNotWritable"
    assert "No space left on device" in failure["failure"]["message"]
    assert contents(folder / "out") == before


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("lost", ["clustered_a.parquet", "frame/a.parquet"])
def test_a_file_is_done_when_both_outputs_are_there(folder, lost):
    run("in", "--out", "out")
    before = contents(folder / "out")
    assert json.loads(run("in", "--out", "out").stdout)["n_skipped"] == 1
    (folder / "out" / lost).unlink()
    assert json.loads(run("in", "--out", "out").stdout)["n_skipped"] == 0
    assert contents(folder / "out") == before


def test_folders_of_outputs_hold_no_inputs(folder):
    (folder / "in" / "frame").mkdir()
    (folder / "in" / "a.parquet").rename(folder / "in" / "frame" / "a.parquet")
    done = run("in", "--out", "out")
    assert "InvalidInput: in/frame/a.parquet: lies in a folder whose name is taken by outputs" in done.stderr


def test_a_file_name_that_is_no_text_is_reported_and_harms_no_other(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.parquet").write_bytes(cell_file(100))
    (tmp_path / "in" / os.fsdecode(b"\xff.parquet")).write_bytes(cell_file(100))
    command = ["cluster", str(tmp_path / "in"), "--target-weight", "30", "--out", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 3
    (failure,) = json.loads(done.stdout)["failures"]
    assert failure["failure"]["error"] == "InvalidInput"
    assert r"\udcff.parquet" in failure["failure"]["message"]


@pytest.mark.parametrize("name", ["clustered_a.parquet", "frame/a.parquet"])
@pytest.mark.parametrize("options", [(), ("--force",)])
def test_a_file_that_is_no_output_is_not_replaced(folder, name, options):
    (folder / "out" / "frame").mkdir(parents=True)
    own = cell_file(7)
    (folder / "out" / name).write_bytes(own)
    done = run("in", "--out", "out", *options)
    assert done.exit_code == 1
    assert (
        f"OutputNotWritable: in/a.parquet: out/{name} is there already, but cannot be read as an output" in done.stderr
    )
    assert contents(folder / "out") == {name: own}


def test_names_above_the_given_folder_make_no_output_of_a_file(folder, monkeypatch):
    """Only a file within a folder called frame may be a frame; an input that carries our metadata stays an input."""
    run("in", "--out", "out")
    above = folder / "frame" / ".hidden" / "in"
    above.mkdir(parents=True)
    (folder / "out" / "frame" / "a.parquet").rename(above / "a.parquet")
    done = run(above, "--out", "again")
    # It is worked on, which fails because it is a frame.
    assert [file["failure"]["column"] for file in json.loads(done.stdout)["files"]] == ["cluster_id"]
    for given in (folder / "frame", folder / "frame" / ".hidden" / ".." / ".." / "frame"):
        nothing = run(given, "--out", "again")
        assert (nothing.exit_code, "(outputs of earlier runs, left out: 1)" in nothing.stderr) == (2, True)
