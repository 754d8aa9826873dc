import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from sampling_units import job as file_job
from sampling_units.cli.cluster import local_run
from sampling_units.cli.main import main
from sampling_units.parameters import parse_parameters
from tests.sampling_units.cli.fatal_tasks import cluster_file_or_die
from tests.support.geoparquet_files import cell_file


@pytest.mark.parametrize(("error", "code"), [(MemoryError(), "FileTooLarge"), (TypeError("odd"), "InternalError")])
def test_what_goes_wrong_with_one_file_is_named_and_costs_no_other(tmp_path, monkeypatch, error, code):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.parquet").write_bytes(cell_file(40))
    real = file_job.cluster_file

    def cluster_file(source, filename, *rest):
        if filename == "b.parquet":
            raise error
        return real(source, filename, *rest)

    monkeypatch.setattr(file_job, "cluster_file", cluster_file)
    params = parse_parameters({"target_weight": 20})
    summary = local_run.run([tmp_path], tmp_path / "out", params, jobs=1, force=False)
    assert (summary.n_succeeded, summary.n_failed) == (2, 1)
    [failed] = summary.failures
    assert (failed.filename, failed.failure.error) == ("b.parquet", code)
    assert str(tmp_path / "b.parquet") in failed.failure.message
    assert not list((tmp_path / "out").rglob("*b.parquet"))


def test_nothing_in_a_folder_is_passed_over_in_silence(tmp_path, monkeypatch):
    source = tmp_path / "in"
    for folder in ("in/good", "in/closed", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.parquet").write_bytes(cell_file(40))
    (source / "gone.parquet").symlink_to(tmp_path / "nothing")
    (source / "linked").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(source / "pipe.parquet")
    real = {name: getattr(os, name) for name in ("scandir", "listdir")}

    def refuse(name):
        def look(path):
            if os.fspath(path) == str(source / "closed"):
                raise PermissionError(13, "Permission denied", os.fspath(path))
            return real[name](path)

        return look

    for name in real:  # To root every folder is open.
        monkeypatch.setattr(os, name, refuse(name))
    summary = local_run.run([source], tmp_path / "out", parse_parameters({"target_weight": 20}), jobs=1, force=False)
    assert {file.filename: file.failure and file.failure.error for file in summary.files} == {
        "closed": "InvalidInput",
        "gone.parquet": "FileMissing",
        "good/a.parquet": None,
        "linked": "InvalidInput",
        "pipe.parquet": "InvalidInput",
    }
    reasons = " ".join(file.failure.message for file in summary.failures)
    assert "Permission denied" in reasons
    assert "not followed" in reasons
    assert "not a regular file" in reasons


def test_a_killed_process_costs_one_file_of_the_many_it_had(tmp_path, monkeypatch):
    for name in ("before", "fatal", "later", "last"):
        (tmp_path / f"{name}.parquet").write_bytes(cell_file(40))
    monkeypatch.setattr(local_run, "cluster_local_file", cluster_file_or_die)
    monkeypatch.setattr(local_run, "_batches", lambda files, most: [files])
    params = parse_parameters({"target_weight": 20})
    summary = local_run.run([tmp_path], tmp_path / "out", params, jobs=2, force=False)
    assert (summary.n_succeeded, summary.n_skipped) == (3, 0)
    [failed] = summary.failures
    assert (failed.filename, failed.failure.error) == ("fatal.parquet", "NoResult")
    again = local_run.run([tmp_path], tmp_path / "out", params, jobs=2, force=False)
    assert (again.n_succeeded, again.n_skipped) == (3, 3)


def test_missing_files_alone_are_named_also_by_several_processes(tmp_path):
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    summary = local_run.run(paths, tmp_path / "out", parse_parameters({"target_weight": 20}), jobs=2, force=False)
    assert [file.failure.error for file in summary.failures] == ["FileMissing", "FileMissing"]


def cluster(*arguments):
    return CliRunner().invoke(main, ["cluster", *map(str, arguments), "--target-weight", "20", "--jobs", "1"])


def test_outputs_that_a_failed_file_still_has_are_mentioned(tmp_path):
    source = tmp_path / "in"
    source.mkdir()
    for name in ("a", "b"):
        (source / f"{name}.parquet").write_bytes(cell_file(40))
    assert "earlier run" not in cluster(source, "--out", tmp_path / "out").stderr
    (source / "b.parquet").write_bytes(b"broken")
    (source / "c.parquet").write_bytes(b"broken")
    (tmp_path / "out" / "clustered_c.parquet").write_bytes(b"somebody's own")
    done = cluster(source, "--out", tmp_path / "out")
    assert "2 of 3 files failed" in done.stderr
    assert f"Of these have outputs of an earlier run in {tmp_path / 'out'}: 1\n" in done.stderr


def test_paths_that_are_no_text_are_named(tmp_path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    (odd / "a.parquet").write_bytes(cell_file(40))
    plain = tmp_path / "b.parquet"
    plain.write_bytes(cell_file(40))
    done = cluster(odd, "--out", tmp_path / "out")
    assert (done.exit_code, "InvalidInput: " in done.stderr) == (1, True)
    assert "no text in UTF-8" in done.stderr
    done = cluster(plain, "--out", odd)
    assert (done.exit_code, "no text in UTF-8" in done.stderr) == (2, True)
    for command in (["inspect"], ["sample", "--n", 1, "--out", "s.parquet"], ["export", "--out", "e.gpkg"]):
        done = CliRunner().invoke(main, [*map(str, command), str(odd / "a.parquet")])
        assert (done.exit_code, "no text in UTF-8" in done.stderr) == (1, True)
    for command in (["sample", "--n", 1], ["export"], ["split", "--by", "population"]):
        done = CliRunner().invoke(main, [*map(str, command), str(plain), "--out", str(odd / "out.gpkg")])
        assert (done.exit_code, "no text in UTF-8" in done.stderr) == (1, True)
    assert [path.name for path in odd.iterdir()] == ["a.parquet"]
