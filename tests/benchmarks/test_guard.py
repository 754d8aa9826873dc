"""The guard has to notice what is slower, and only that."""

import shutil
import subprocess
from contextlib import closing

import click
import pytest

from benchmarks import guard, guard_cases
from tests.support.project import PROJECT


class Fake:
    """A version whose cases take the given seconds; those that take none are missing."""

    def __init__(self, **times):
        self.times = times
        self.cases = [case for case in times if times[case] is not None]
        self.missing = {case: "ImportError: it" for case in times if times[case] is None}

    def seconds(self, case):
        found = self.times[case]
        return found.pop(0) if isinstance(found, list) else found

    def close(self):
        pass


@pytest.fixture
def run(monkeypatch, tmp_path):
    def run(before, now, *options):
        versions = [before, now]
        (tmp_path / ".git").mkdir()
        monkeypatch.setattr(guard, "PROJECT", tmp_path)
        monkeypatch.setattr(guard, "_check_out", lambda commit: tmp_path)
        monkeypatch.setattr(guard, "write_inputs", lambda folder: None)
        monkeypatch.setattr(guard, "Version", lambda root, inputs: versions.pop(0))
        monkeypatch.setattr(guard, "BASELINE", tmp_path / "baseline.txt")
        (tmp_path / "baseline.txt").write_text("before\n")
        monkeypatch.setattr(guard, "_git", lambda *command: b"now\n")
        try:
            guard.main(["--repetitions", "3", *options], standalone_mode=False)
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


def test_a_case_that_the_baseline_cannot_run_fails(run):
    with pytest.raises(click.ClickException, match=r"new cannot be run by the baseline: ImportError: it"):
        run(Fake(cells=0.1, new=None), Fake(cells=0.1, new=9.0))


def test_a_new_baseline_is_accepted_with_its_ratios(run, tmp_path):
    before, now = Fake(cells=0.1, file=0.1, new=None), Fake(cells=0.1, file=0.15, new=9.0)
    assert run(before, now, "--accept") == 0
    text = (tmp_path / "baseline.txt").read_text()
    assert text == "now\n\nTime over that of before:\ncells: 1.00\nfile: 1.50\n"


def test_the_baseline_says_how_it_compares_with_the_one_before():
    commit, _, _, *ratios = guard.BASELINE.read_text().splitlines()
    assert len(commit) == 40
    assert {line.partition(":")[0] for line in ratios} <= set(guard_cases.CASES)
    assert ratios


def test_a_case_that_the_present_cannot_run_fails(run):
    with pytest.raises(click.ClickException, match="cells cannot be run: ImportError: it"):
        run(Fake(cells=0.1, file=0.1), Fake(cells=None, file=0.1))


def test_without_a_repository_there_is_nothing_to_compare(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(guard, "PROJECT", tmp_path)
    guard.main([], standalone_mode=False)
    assert "nothing to compare with" in capsys.readouterr().out


@pytest.fixture
def shallow(monkeypatch, tmp_path):
    """A clone without history of a repository with two commits, as the project; and the earlier commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "Nobody")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "nobody@example.org")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")

    def git(*arguments):
        return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()

    origin, clone = tmp_path / "origin", tmp_path / "clone"
    cases = origin / "benchmarks" / "guard_cases.py"
    cases.parent.mkdir(parents=True)
    git("init", "--quiet", str(origin))
    commits = []
    for text in ("before", "now"):
        cases.write_text(text)
        (origin / "version").write_text(text)
        git("-C", str(origin), "add", ".")
        git("-C", str(origin), "commit", "--quiet", "--message", text)
        commits.append(git("-C", str(origin), "rev-parse", "HEAD"))
    git("clone", "--quiet", "--depth", "1", origin.as_uri(), str(clone))
    monkeypatch.setattr(guard, "PROJECT", clone)
    return clone, commits[0]


def test_a_shallow_clone_fetches_the_baseline(shallow):
    _, commit = shallow
    root = guard._check_out(commit)
    assert (root / "version").read_text() == "before"
    # Both versions run the present cases.
    assert (root / "benchmarks" / "guard_cases.py").read_text() == "now"


def test_a_baseline_that_cannot_be_fetched_fails(shallow, monkeypatch):
    clone, commit = shallow
    (clone.parent / "origin").rename(clone.parent / "elsewhere")
    (clone / "baseline.txt").write_text(commit)
    monkeypatch.setattr(guard, "BASELINE", clone / "baseline.txt")
    with pytest.raises(click.ClickException, match=r"(?s)neither in the history.*git fetch: .*Fetch the history"):
        guard.main([], standalone_mode=False)


def test_an_interrupted_check_out_is_done_again(shallow, monkeypatch):
    clone, commit = shallow
    unpack = subprocess.run

    def interrupted(command, **options):
        if command[0] == "tar":
            raise KeyboardInterrupt
        return unpack(command, **options)

    monkeypatch.setattr(subprocess, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        guard._check_out(commit)
    monkeypatch.setattr(subprocess, "run", unpack)
    assert (guard._check_out(commit) / "version").exists()
    assert [folder.name for folder in (clone / "build" / "guard").iterdir()] == [commit[:12]]


def test_the_cases_run(tmp_path):
    """Both sides of the pipe, with the real cases of this version."""
    guard_cases.write_inputs(tmp_path)
    with closing(guard.Version(PROJECT, tmp_path)) as version:
        assert version.missing == {}
        assert version.cases == list(guard_cases.CASES)
        assert all(version.seconds(case) > 0 for case in version.cases)


def test_a_case_without_its_api_is_reported(tmp_path):
    """An earlier version with little more than Lloyd's algorithm runs that case, and says what it lacks."""
    guard_cases.write_inputs(tmp_path)
    for package, code in {
        "benchmarks": "",
        "lambdas": "",
        "kmeans": "def lloyd(*_, **__): pass\ndef build_kdtree(*_): pass\ndef cluster(): pass\nParameters = float\n",
    }.items():
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(code)
    shutil.copy(guard_cases.__file__, tmp_path / "benchmarks")
    with closing(guard.Version(tmp_path, tmp_path)) as version:
        assert version.cases == ["lloyd"]
        assert version.seconds("lloyd") > 0
        assert version.missing["cells"].startswith("TypeError: cluster() ")
        for case in ("one file", "start-up"):
            assert version.missing[case] == "ModuleNotFoundError: No module named 'lambdas.clustering'"
