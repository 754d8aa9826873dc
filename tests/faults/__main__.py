"""Runs schedules until their number or the time is used up, and prints what happened; fails if anything is wrong."""

import argparse
import gzip
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sampling_units import file_names
from sampling_units.runs import keys
from tests.faults.model import Findings, Model
from tests.faults.schedules import PARAMS, PLACES, Schedule, draw
from tests.faults.world import World
from tests.support.fault_proxy import Fault, Request

# What must not happen to a file.
KINDS = ("lost", "partial", "duplicates", "wrong")


class Experiment:
    """One schedule in a world: the run amid faults, what is left of it, and a run without faults after it."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self.schedule = draw(seed, world.kill, self._replace)
        self.injected: Counter[str] = Counter()
        self.findings = Findings()
        self._lock = threading.Lock()
        self._has_replaced = False

    def _replace(self, request: Request) -> None:
        with self._lock:
            if self._has_replaced:
                return
            self._has_replaced = True
        self._world.put(self.schedule.replaced, self.schedule.replacement)

    def _choose(self, request: Request) -> Fault | None:
        with self._lock:
            for rule in self.schedule.rules:
                if rule.fires(request):
                    self.injected[rule.name] += 1
                    return rule.fault
        return None

    def run(self) -> None:
        world, schedule = self._world, self.schedule
        for name, content in schedule.files.items():
            world.put(name, content)
        statuses = self._amid_faults(world, schedule)
        model = Model(schedule) if self._has_replaced or not schedule.replaced else Model(_unreplaced(schedule))
        runs = [name for name, _ in self._runs()]
        all_params = [params for _, params in self._runs()]
        stored = world.stored(schedule.folder)
        consistent = model.check_objects(stored, all_params, self.findings)
        told = [_claim(world, run) for run in runs]
        if any(claim is None and status != "FAILED" for claim, status in zip(told, statuses, strict=True)):
            self.findings.wrong.append("a run without a summary did not fail")
        claims = [claim for claim in told if claim is not None]
        model.check_claims(claims, consistent, self.findings)
        if schedule.deadly and len(schedule.rules) == 1 and claims and not schedule.rival:
            model.check_neighbours(claims[0], self.findings)
        self._without_faults(model, stored)
        world.clear(schedule.folder)

    def _runs(self) -> list[tuple[str, dict[str, float]]]:
        runs = [(f"run-{self.schedule.seed}", PARAMS)]
        return runs if self.schedule.rival is None else [*runs, (f"rival-{self.schedule.seed}", self.schedule.rival)]

    def _amid_faults(self, world: World, schedule: Schedule) -> list[str]:
        """How the runs ended."""
        world.proxy.choose = self._choose
        executions = [world.start(run, schedule.folder, params) for run, params in self._runs()]
        others = []
        if schedule.delivers_twice:
            self.injected["batch delivered twice"] += 1
            others.append(world.deliver_again(f"run-{schedule.seed}"))
        if schedule.throttles:
            self.injected["throttled"] += 1
            others.append(world.throttle(0.5))
        if schedule.rival is not None:
            self.injected["two runs at once"] += 1
        statuses = [world.wait(execution) for execution in executions]
        for status in statuses:
            self.findings.endings[f"run {status}"] += 1
            if status not in ("SUCCEEDED", "FAILED"):
                self.findings.wrong.append(f"the run ended as {status}")
        for other in others:
            other.join()
        world.choose_nothing()
        return statuses

    def _without_faults(self, model: Model, before: dict[str, bytes]) -> None:
        world, schedule = self._world, self.schedule
        written: Counter[str] = Counter()

        def note(request: Request) -> Fault | None:
            if PLACES["write of a clustered file"](request):
                with self._lock:
                    written[request.key] += 1
            return None

        world.proxy.choose = note
        status = world.wait(world.start(f"again-{schedule.seed}", schedule.folder, PARAMS))
        world.choose_nothing()
        if status != "SUCCEEDED":
            self.findings.wrong.append(f"the rerun ended as {status}")
        model.check_rerun(world.stored(schedule.folder), PARAMS, self.findings)
        for name in schedule.files:
            if name in schedule.bad:
                continue
            n_writes = written[file_names.output_key(name)]
            if n_writes > (0 if model.is_current(name, before, PARAMS) else 1):
                self.findings.duplicates.append(f"{name} was written {n_writes} times by the rerun")


def _unreplaced(schedule: Schedule) -> Schedule:
    schedule.replaced = ""
    return schedule


def _claim(world: World, run: str) -> dict[str, str] | None:
    """How a run says that each file ended; None if it came to no summary."""
    summary = world.record(run, keys.summary_key(run))
    if summary is None:
        return None
    lines = world.s3.get_object(Bucket=world.outputs, Key=summary["files_key"])["Body"].read()
    told: dict[str, str] = {}
    for line in gzip.decompress(lines).splitlines():
        result = json.loads(line)
        name = result["filename"]
        ending = result["failure"]["error"] if "failure" in result else "done"
        told[name] = "named twice" if name in told else ending
    # What was done before is only named if it is no longer there.
    return dict.fromkeys((world.record(run, keys.known_key(run)) or {"done": []})["done"], "done") | told


class Tally:
    """What came of the schedules so far, whichever world they ran in."""

    def __init__(self, first_seed: int, console: Console) -> None:
        self._console, self._lock = console, threading.Lock()
        self._began, self._first_seed, self._next_seed = time.monotonic(), first_seed, first_seed
        self._n_schedules, self._n_files, self._n_mixed = 0, 0, 0
        self._injected: Counter[str] = Counter()
        self._endings: Counter[str] = Counter()
        self.bad: Counter[str] = Counter()

    def next_seed(self, schedules: int | None, seconds: float) -> int | None:
        """The seed of the next schedule; None when so many have been begun or, without a number, the time is up."""
        with self._lock:
            n_begun = self._next_seed - self._first_seed
            if n_begun >= schedules if schedules else time.monotonic() - self._began >= seconds:
                return None
            self._next_seed += 1
            return self._next_seed - 1

    def add(self, experiment: Experiment) -> None:
        with self._lock:
            self._n_schedules += 1
            self._n_files += len(experiment.schedule.files)
            self._injected += experiment.injected
            self._endings += experiment.findings.endings
            for kind in KINDS:
                self.bad[kind] += len(getattr(experiment.findings, kind))
            self._n_mixed += len(experiment.findings.mixed)
            for finding in experiment.findings:
                self._console.print(f"[red]seed {experiment.schedule.seed}: {finding}", highlight=False)
            if self._n_schedules % 10 == 0:
                counts = f"{self._n_schedules} schedules, {self._injected.total()} faults, {self.bad.total()} findings"
                self._console.print(counts)

    def figures(self) -> dict[str, int | dict[str, int]]:
        return {
            "seed": self._first_seed,
            "schedules": self._n_schedules,
            "files": self._n_files,
            "faults": dict(self._injected.most_common()),
            "endings": dict(self._endings.most_common()),
            **{f"files {kind}": self.bad[kind] for kind in KINDS},
            "files mixed by a batch that outlived its run": self._n_mixed,
            "seconds": round(time.monotonic() - self._began),
        }


def main() -> int:
    shown = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__, formatter_class=shown)
    parser.add_argument("--schedules", type=int, help="run so many instead of as many as fit into --seconds")
    parser.add_argument("--seconds", type=float, default=270.0, help="for which new schedules are begun")
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule; each next one has the next seed")
    parser.add_argument("--worlds", type=int, default=1, help="deployments that work side by side")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    console = Console()

    def work(world: World) -> None:
        while (seed := tally.next_seed(options.schedules, options.seconds)) is not None:
            experiment = Experiment(world, seed)
            experiment.run()
            tally.add(experiment)

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        worlds = [stack.enter_context(World(folder / str(number))) for number in range(options.worlds)]
        tally = Tally(options.seed, console)
        with ThreadPoolExecutor(options.worlds) as pool:
            for _ in pool.map(work, worlds):
                pass
    figures = tally.figures()
    _print(console, figures)
    console.print(
        "A file has an ending in each run that came to its summary; rivals and deadly files: docs/reliability.md."
    )
    if tally.bad.total():
        console.print("[red]Something was lost, partial or wrong. To repeat one: --schedules 1 --seed N")
    else:
        console.print(f"Nothing lost, partial, twice or wrong in {figures['files']:,} files.")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 1 if tally.bad.total() else 0


def _print(console: Console, figures: dict) -> None:
    table = Table("what", "how often")
    for name, value in figures.items():
        if isinstance(value, dict):
            table.add_section()
            for kind, count in value.items():
                table.add_row(f"{name}: {kind}", f"{count:,}")
            table.add_section()
        else:
            table.add_row(name, f"{value:,}")
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
