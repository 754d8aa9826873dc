"""The guard has to notice what is slower, and only that."""

import subprocess
import sys

import pytest

from benchmarks import guard
from tests.support.project import PROJECT


class Fake:
    """A version whose cases take the given seconds."""

    def __init__(self, **times):
        self.times = times
        self.cases = list(times)

    def seconds(self, case):
        found = self.times[case]
        return found.pop(0) if isinstance(found, list) else found

    def close(self):
        pass


@pytest.fixture
def run(monkeypatch, tmp_path):
    def run(before, now):
        versions = [before, now]
        monkeypatch.setattr(guard, "_check_out", lambda commit: tmp_path)
        monkeypatch.setattr(guard, "Version", lambda root: versions.pop(0))
        try:
            guard.main(["--repetitions", "3"], standalone_mode=False)
        except SystemExit as stop:
            return stop.code
        return 0

    return run


def test_a_slower_case_fails(run, capsys):
    assert run(Fake(cells=0.1, file=0.1), Fake(cells=0.1, file=0.14)) == 1
    assert "slower by more than 30%: file" in capsys.readouterr().err


def test_a_little_slower_is_noise(run):
    assert run(Fake(cells=0.1), Fake(cells=0.125)) == 0


def test_a_slow_moment_is_tried_again(run):
    assert run(Fake(cells=0.1), Fake(cells=[0.2] * 3 + [0.1] * 3)) == 0


def test_new_cases_wait_for_the_next_baseline(run):
    assert run(Fake(cells=0.1), Fake(cells=0.1, new=9.0)) == 0


def test_without_history_there_is_nothing_to_compare(monkeypatch, capsys):
    monkeypatch.setattr(guard, "_check_out", lambda commit: None)
    guard.main([], standalone_mode=False)
    assert "nothing to compare with" in capsys.readouterr().out


def test_the_cases_run():
    """Both sides of the pipe, with the real cases of this version."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.guard_cases"],
        input="cells\nlloyd\n",
        capture_output=True,
        text=True,
        check=True,
        cwd=PROJECT,
    )
    first, *seconds = done.stdout.splitlines()
    assert first.split("\t")[0] == str(PROJECT / "kmeans" / "__init__.py")
    assert {"cells", "rooftops", "lloyd", "one file", "ten small files"} <= set(first.split("\t"))
    assert all(float(value) > 0 for value in seconds)
    assert len(seconds) == 2
