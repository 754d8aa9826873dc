import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.cluster import local_run
from cli.main import main
from lambdas.clustering import file_job
from lambdas.contract.parameters import parse_parameters
from tests.cli.fatal_tasks import cluster_job_or_die
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
    monkeypatch.setattr(local_run, "cluster_job", cluster_job_or_die)
    monkeypatch.setattr(local_run, "_batches", lambda jobs, most: [jobs])
    params = parse_parameters({"target_weight": 20})
    summary = local_run.run([tmp_path], tmp_path / "out", params, jobs=2, force=False)
    assert (summary.n_succeeded, summary.n_skipped) == (3, 0)
    [failed] = summary.failures
    assert (failed.filename, failed.failure.error) == ("fatal.parquet", "NoResult")
    again = local_run.run([tmp_path], tmp_path / "out", params, jobs=2, force=False)
    assert (again.n_succeeded, again.n_skipped) == (3, 3)


def cluster(*arguments):
    return CliRunner().invoke(main, ["cluster", *map(str, arguments), "--target-weight", "20", "--jobs", "1"])


def test_outputs_that_a_failed_file_still_has_are_mentioned(tmp_path):
    for name in ("a", "b"):
        (tmp_path / f"{name}.parquet").write_bytes(cell_file(40))
    assert "earlier run" not in cluster(tmp_path, "--out", tmp_path / "out").stderr
    (tmp_path / "b.parquet").write_bytes(b"broken")
    (tmp_path / "c.parquet").write_bytes(b"broken")
    done = cluster(tmp_path, "--out", tmp_path / "out")
    assert "2 of 3 files failed" in done.stderr
    assert f"Of these with outputs of an earlier run, which stay in {tmp_path / 'out'}: 1" in done.stderr


def test_folders_whose_names_are_no_text_are_named(tmp_path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff"))
    odd.mkdir()
    (odd / "a.parquet").write_bytes(cell_file(40))
    done = cluster(odd, "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert "InvalidInput: " in done.stderr
    assert "no text in UTF-8" in done.stderr
    (tmp_path / "b.parquet").write_bytes(cell_file(40))
    done = cluster(tmp_path / "b.parquet", "--out", odd)
    assert done.exit_code == 2
    assert "no text in UTF-8" in done.stderr
    assert [path.name for path in odd.iterdir()] == ["a.parquet"]
