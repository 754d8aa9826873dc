import errno
import os
from pathlib import Path

import pytest

from sampling_units.errors import OutputNotWritable
from sampling_units.io.atomic import hidden_folder, publish


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("error", [PermissionError(errno.EPERM, os.strerror(errno.EPERM), "b"), KeyboardInterrupt()])
def test_moving_is_undone_when_it_cannot_be_finished(tmp_path, monkeypatch, error):
    replace = os.replace
    (tmp_path / "hidden").mkdir()
    for name in "abc":
        (tmp_path / "hidden" / name).write_text("new")
    for name in "ab":
        (tmp_path / name).write_text("old")
    before = contents(tmp_path)

    def refuse_b(source, target):
        if Path(target) == tmp_path / "b" and Path(source) == tmp_path / "hidden" / "b":
            monkeypatch.setattr(os, "replace", replace)
            raise error
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse_b)
    with pytest.raises((OutputNotWritable, KeyboardInterrupt)):
        publish([(tmp_path / "hidden" / name, tmp_path / name) for name in "abc"], tmp_path / "hidden")
    assert contents(tmp_path) == before


def test_nothing_is_left_of_a_folder_that_was_of_no_use(tmp_path):
    with pytest.raises(ZeroDivisionError), hidden_folder(tmp_path / "new") as hidden:  # noqa: PT012
        (hidden / "unfinished").write_text("x")
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "old").mkdir()
    with hidden_folder(tmp_path / "old") as hidden:
        assert hidden.parent == tmp_path / "old"
    assert [path.name for path in tmp_path.rglob("*")] == ["old"]
