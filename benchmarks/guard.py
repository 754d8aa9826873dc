"""Fails when the project has become slower: times it against an earlier version of itself, in turn, in one run.

    .venv/bin/python -m benchmarks.guard            # make test does this
    .venv/bin/python -m benchmarks.guard --accept   # from now on against the present commit

The earlier version is the commit named in benchmarks/baseline.txt, checked out beside the project. Both run on the same
machine at the same time, so neither its kind nor its load matter, unlike with seconds or ratios that were written down.
"""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.measuring import PROJECT, show

BASELINE = PROJECT / "benchmarks" / "baseline.txt"
# A case that takes longer by more than this has become slower ...
LIMIT = 1.3
# ... if it does so in each of so many attempts: noise does not repeat itself.
ATTEMPTS = 3


class Version:
    """The cases of one version of the project, in a process of their own."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.guard_cases"],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        origin, *self.cases = self._answer().split("\t")
        if not Path(origin).is_relative_to(root):
            raise click.ClickException(f"{origin} was imported instead of the version in {root}")

    def _answer(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise click.ClickException("the cases could not be run; the reason is above")
        return answer

    def seconds(self, case: str) -> float:
        assert self._process.stdin is not None
        print(case, file=self._process.stdin, flush=True)
        return float(self._answer())

    def close(self) -> None:
        self._process.communicate()


@click.command()
@click.option("--repetitions", default=7, show_default=True)
@click.option("--accept", is_flag=True, help="Compare with the present commit from now on.")
def main(repetitions: int, accept: bool) -> None:
    """Compare with the version in benchmarks/baseline.txt; exit status 1 if a case takes 30 % longer."""
    if accept:
        BASELINE.write_text(_git("rev-parse", "HEAD") + "\n")
        return
    commit = BASELINE.read_text().strip()
    before = _check_out(commit)
    if before is None:
        click.echo(f"The history here does not reach back to {commit[:12]}: there is nothing to compare with.")
        return
    versions = Version(before), Version(PROJECT)
    names = [case for case in versions[1].cases if case in versions[0].cases]
    ratios: dict[str, float] = {}
    for _ in range(ATTEMPTS):
        for case in slower(ratios) or ([] if ratios else names):
            ratios[case] = min(ratios.get(case, float("inf")), _ratio(versions, case, repetitions))
    for version in versions:
        version.close()
    show(f"Time over that of {commit[:12]}", [{"case": case, "ratio": ratio} for case, ratio in ratios.items()])
    if slower(ratios):
        click.echo(f"slower by more than {LIMIT - 1:.0%}: {', '.join(slower(ratios))}", err=True)
        sys.exit(1)


def slower(ratios: Mapping[str, float]) -> list[str]:
    """The cases that take too long."""
    return [case for case, ratio in ratios.items() if ratio > LIMIT]


def _ratio(versions: Sequence[Version], case: str, repetitions: int) -> float:
    turns = [[version.seconds(case) for version in versions] for _ in range(repetitions)]
    return statistics.median(now / before for before, now in turns)


def _check_out(commit: str) -> Path | None:
    """The project at a commit, in the build folder; None if there is no such commit here."""
    target = PROJECT / "build" / "guard" / commit[:12]
    if not target.exists():
        try:
            _git("cat-file", "-e", f"{commit}^{{commit}}")
        except (subprocess.CalledProcessError, FileNotFoundError):
            return None
        target.mkdir(parents=True)
        archive = subprocess.Popen(["git", "archive", commit], cwd=PROJECT, stdout=subprocess.PIPE)
        subprocess.run(["tar", "-x", "-C", target], stdin=archive.stdout, check=True)
        archive.wait()
    return target


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
