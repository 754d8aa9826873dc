import errno
import os
import time
from pathlib import Path

import pytest

from sampling_units.errors import OutputNotWritable
from sampling_units.io.atomic import AtomicFiles, check_writable, replace_all, staged_file, staging_folder


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("error", [PermissionError(errno.EPERM, os.strerror(errno.EPERM), "b"), KeyboardInterrupt()])
def test_moving_is_undone_when_it_cannot_be_finished(tmp_path, monkeypatch, error):
    replace = os.replace
    (tmp_path / "staging").mkdir()
    for name in "abc":
        (tmp_path / "staging" / name).write_text("new")
    for name in "ab":
        (tmp_path / name).write_text("old")
    before = contents(tmp_path)

    def refuse_b(source, target):
        if Path(target) == tmp_path / "b" and Path(source) == tmp_path / "staging" / "b":
            monkeypatch.setattr(os, "replace", replace)
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse_b)
    with pytest.raises((OutputNotWritable, KeyboardInterrupt)):
        replace_all([(tmp_path / "staging" / name, tmp_path / name) for name in "abc"], tmp_path / "staging")
    assert contents(tmp_path) == before


def test_nothing_is_left_of_a_folder_that_was_of_no_use(tmp_path):
    with pytest.raises(ZeroDivisionError), staging_folder(tmp_path / "new") as staging:  # noqa: PT012
        (staging / "unfinished").write_text("x")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").mkdir()
    with staging_folder(tmp_path / "old") as staging:
        assert staging.parent == tmp_path / "old"
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]


def test_the_files_of_a_job_appear_in_order_and_whole_or_not_at_all(tmp_path, monkeypatch):
    files = AtomicFiles((tmp_path / "frame" / "a", tmp_path / "clustered_a"), writer=7)
    (tmp_path / "clustered_a").write_text("old")

    def write_half():
        with files.written() as (frame, _):
            frame.write_text("new")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert contents(tmp_path) == {"clustered_a": b"old"}
    moved = []
    replace = os.replace
    monkeypatch.setattr(os, "replace", lambda source, target: moved.append(Path(target)) or replace(source, target))
    with files.written() as partials:
        assert partials == files.partials
        for path in partials:
            path.write_text("new")
        assert (tmp_path / "clustered_a").read_text() == "old"
    assert moved == list(files.targets)
    assert contents(tmp_path) == {"frame/a": b"new", "clustered_a": b"new"}


def test_what_a_killed_process_has_written_is_known_to_others_by_name(tmp_path):
    files = AtomicFiles((tmp_path / "a",), writer=7)
    for path in AtomicFiles(files.targets, writer=7).partials + AtomicFiles(files.targets, writer=8).partials:
        path.write_text("half")
    files.remove_partials()
    assert list(tmp_path.iterdir()) == list(AtomicFiles(files.targets, writer=8).partials)


def test_a_staged_file_replaces_the_older_one_at_the_end(tmp_path):
    (tmp_path / "page").write_text("old")

    def write_half(error):
        with staged_file(tmp_path / "page") as path:
            path.write_text("half")
            raise error

    with pytest.raises(OutputNotWritable, match="page: No space left"):
        write_half(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(KeyboardInterrupt):
        write_half(KeyboardInterrupt())
    assert contents(tmp_path) == {"page": b"old"}
    with staged_file(tmp_path / "page") as path:
        path.write_text("new")
        assert (tmp_path / "page").read_text() == "old"
    assert contents(tmp_path) == {"page": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["page"]


def test_a_place_that_can_be_written_leaves_nothing_behind_and_tells_its_time(tmp_path):
    before = time.time()
    moment = check_writable(tmp_path / "new" / "folder")
    assert before - 1 < moment < time.time() + 1
    assert list((tmp_path / "new" / "folder").iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputNotWritable, match="cannot write to the folder"):
        check_writable(tmp_path / "file" / "below")
