"""Fails when the project has become slower: times it against an earlier version of itself, in turn, in one run.

    .venv/bin/python -m benchmarks.guard            # make test does this
    .venv/bin/python -m benchmarks.guard --accept   # from now on against the present commit

The earlier version is the commit in the first line of benchmarks/baseline.txt, checked out beside the project. Both run
the present cases on the same inputs, machine and time, so neither the machine nor its load matter, unlike with seconds
that were written down. A case that one of the two cannot run is an error: left out, it would hide what it guards.

A new baseline is accepted with the ratios of its cases to the one before, which are written below it: the commit that
changes the file says how much slower or faster the project has become.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.guard_cases import write_inputs
from benchmarks.measuring import PROJECT, show

BASELINE = PROJECT / "benchmarks" / "baseline.txt"
# A case that takes longer by more than this has become slower ...
LIMIT = 1.3
# ... if it does so in each of so many attempts: noise does not repeat itself.
ATTEMPTS = 3


class Version:
    """The cases in one version of the project, in a process of their own.

    Attributes:
        cases: names of those that it can run.
        missing: why it cannot run the others, by name.
    """

    def __init__(self, root: Path, inputs: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.guard_cases", inputs],
            cwd=root,
            env=os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        first = json.loads(self._answer())
        self.cases: list[str] = first["cases"]
        self.missing: dict[str, str] = first["missing"]
        if not Path(first["origin"]).is_relative_to(root):
            raise click.ClickException(f"{first['origin']} was imported instead of the version in {root}")

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
@click.option("--accept", is_flag=True, help="Compare with the present commit from now on, and write down the ratios.")
def main(repetitions: int, accept: bool) -> None:
    """Compare with the version in benchmarks/baseline.txt; exit status 1 if a case takes 30 % longer."""
    # An unpacked archive has no history; in a worktree or submodule this is a file.
    if not (PROJECT / ".git").exists():
        click.echo("There is no git repository here, hence no earlier version: there is nothing to compare with.")
        return
    commit = BASELINE.read_text().split()[0]
    before = _check_out(commit)
    with tempfile.TemporaryDirectory() as inputs:
        write_inputs(Path(inputs))
        versions = Version(before, Path(inputs)), Version(PROJECT, Path(inputs))
        ratios = {case: _ratio(versions, case, repetitions) for case in comparable(*versions, accept=accept)}
        for _ in range(ATTEMPTS - 1):
            for case in slower(ratios):
                ratios[case] = min(ratios[case], _ratio(versions, case, repetitions))
        for version in versions:
            version.close()
    show(f"Time over that of {commit[:12]}", [{"case": case, "ratio": ratio} for case, ratio in ratios.items()])
    if accept:
        BASELINE.write_text(_accepted(_git("rev-parse", "HEAD").decode().strip(), commit, ratios))
        click.echo(f"{BASELINE.name} names the present commit now. Commit it alone, with these ratios in the message.")
    elif slower(ratios):
        click.echo(f"slower by more than {LIMIT - 1:.0%}: {', '.join(slower(ratios))}", err=True)
        sys.exit(1)


def comparable(before: Version, now: Version, *, accept: bool) -> list[str]:
    """The cases to compare: all; with ``accept`` those that the baseline can run.

    Raises:
        ClickException: a case cannot be run.
    """
    if now.missing:
        raise click.ClickException("\n".join(f"{case} cannot be run: {why}" for case, why in now.missing.items()))
    if before.missing and not accept:
        listed = "\n".join(f"{case} cannot be run by the baseline: {why}" for case, why in before.missing.items())
        raise click.ClickException(f"{listed}\nA new case needs a new baseline: benchmarks.guard --accept")
    return [case for case in now.cases if case in before.cases]


def _accepted(commit: str, earlier: str, ratios: Mapping[str, float]) -> str:
    """What a baseline file says: the commit, and its ratios to the one before."""
    lines = [f"{case}: {ratio:.2f}" for case, ratio in ratios.items()]
    return "\n".join([commit, "", f"Time over that of {earlier}:", *lines, ""])


def slower(ratios: Mapping[str, float]) -> list[str]:
    """The cases that take too long."""
    return [case for case, ratio in ratios.items() if ratio > LIMIT]


def _ratio(versions: Sequence[Version], case: str, repetitions: int) -> float:
    turns = [[version.seconds(case) for version in versions] for _ in range(repetitions)]
    return statistics.median(now / before for before, now in turns)


def _check_out(commit: str) -> Path:
    """The project at a commit, in the build folder, with the present cases in it."""
    target = PROJECT / "build" / "guard" / commit[:12]
    if not target.exists():
        _need(commit)
        unfinished = target.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-C", unfinished], input=_git("archive", commit), check=True)
        unfinished.rename(target)
    shutil.copy(PROJECT / "benchmarks" / "guard_cases.py", target / "benchmarks")
    return target


def _need(commit: str) -> None:
    """Fetch a commit that is not in the history here, as in a shallow clone."""
    try:
        _git("cat-file", "-e", f"{commit}^{{commit}}")
    except click.ClickException:
        try:
            _git("fetch", "--quiet", "--depth", "1", "origin", commit)
        except click.ClickException as error:
            raise click.ClickException(
                f"The baseline {commit[:12]} is neither in the history here nor could it be fetched:\n{error.message}\n"
                "Fetch the history (git fetch --unshallow), or compare with the present commit from now on "
                "(python -m benchmarks.guard --accept)."
            ) from None


def _git(*arguments: str) -> bytes:
    # Where a password would be asked for, it fails instead of waiting.
    environment = os.environ | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(["git", *arguments], cwd=PROJECT, env=environment, capture_output=True, check=True)
    except FileNotFoundError:
        raise click.ClickException("git is not installed") from None
    except subprocess.CalledProcessError as error:
        raise click.ClickException(f"git {arguments[0]}: {error.stderr.decode().strip()}") from None
    return done.stdout


if __name__ == "__main__":
    main()
