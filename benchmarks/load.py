"""A nation through the functions: is anything lost, and does the memory of kickoff and summary stay flat?

    .venv/bin/python -m benchmarks.load

On the embedded AWS, with the handlers in processes of their own instead of a state machine. First the files of one
tenth of the 42,010 areas, then all of them, then once more with nothing left to do; and a folder of 20,000 files that
cannot be read, with names of a thousand characters: pages of a megabyte and more to list, and results of 20 MB.
"""

import json
import logging
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from benchmarks.inputs import write_nation
from benchmarks.measuring import WORK, Measured, measured, record, show
from demo.embedded.deployment import deploy, synthesise
from demo.embedded.emulator import Emulator
from sampling_units import file_names
from sampling_units.aws import s3
from sampling_units.cores import available_cores
from sampling_units.runs import keys

_PARAMS = {"target_weight": 240, "weight_column": "population"}
# What the state machine hands on to each batch.
_PASSED_ON = ("run_id", "started_at", "input_bucket", "output_bucket", "params")
_ANSWER = "import json, sys; from {} import handle; print(json.dumps(handle(json.loads(sys.argv[1]), None)))"
_N_UNREADABLE, _NAME_LENGTH = 20_000, 1000


@click.command()
@click.option("--every", default=1, show_default=True, help="Take every n-th area, and of the unreadable files.")
def main(every: int) -> None:
    """Put the files, run the three runs and that of the unreadable files, and count what came out."""
    folder = WORK / "load"
    folder.mkdir(parents=True, exist_ok=True)
    paths = write_nation(WORK / f"nation_{every}", every)
    with Emulator(folder) as emulator:
        os.environ.update(emulator.cli_environment())
        functions = Functions(emulator, folder)
        functions.put((f"nation/{i % 10}/{path.name}", path.read_bytes()) for i, path in enumerate(paths))
        numbers = range(0, _N_UNREADABLE, every)
        functions.put((f"unreadable/{n:06}".ljust(_NAME_LENGTH, "x") + ".parquet", b"none of ours") for n in numbers)
        runs = {"a-tenth": "nation/0/", "all": "nation/", "again": "nation/", "unreadable": "unreadable/"}
        rows = [functions.run(name, prefix) for name, prefix in runs.items()]
        n_pairs = functions.count_pairs("nation/")
    show("Runs", rows)
    click.echo(f"{len(paths):,} files, {n_pairs:,} of them with a clustered file and its frame")
    if every == 1:
        record("load", 1, rows, n_files=len(paths), n_pairs=n_pairs)
    sys.exit(n_pairs != len(paths) or any(row["lost"] for row in rows))


class Functions:
    """What is deployed, called as a state machine would."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        deployment = deploy(emulator, synthesise(folder / "cdk.out", {}))
        self._inputs, self._outputs = deployment.input_bucket, deployment.output_bucket
        self._variables = {
            function["FunctionName"]: function["Environment"]["Variables"]
            for function in emulator.client("lambda").list_functions()["Functions"]
        }

    def put(self, objects: Iterable[tuple[str, bytes]]) -> None:
        with ThreadPoolExecutor(4) as pool:
            for _ in pool.map(lambda named: s3.write(self._inputs, *named, "application/octet-stream"), objects):
                pass

    def run(self, run_id: str, prefix: str) -> dict[str, Any]:
        """One run from kickoff to summary: how the files ended, how long each function took and what it needed."""
        kickoff = self._answer("Kickoff", {"run_id": run_id, "prefix": prefix, "params": _PARAMS})
        plan = json.loads(kickoff.output)
        batches = json.loads(s3.read(self._outputs, plan["manifest_key"]))
        self._cluster([{field: plan[field] for field in _PASSED_ON} | batch for batch in batches], run_id)
        summary = self._answer("Summary", plan)
        told = json.loads(summary.output)
        results = s3.list_objects(self._outputs, keys.results_prefix(run_id, plan["started_at"]))
        return {
            "run": run_id,
            "files": plan["n_found"],
            "done_before": told["n_done"],
            "succeeded": told["n_succeeded"],
            "failed": told["n_failed"],
            "lost": plan["n_found"] - told["n_done"] - told["n_succeeded"] - told["n_failed"],
            "batches": len(batches),
            "results_megabytes": sum(result.size for result in results) / 1e6,
            "kickoff_seconds": kickoff.seconds,
            "kickoff_megabytes": kickoff.peak_megabytes,
            "summary_seconds": summary.seconds,
            "summary_megabytes": summary.peak_megabytes,
        }

    def count_pairs(self, prefix: str) -> int:
        """Inputs of which both outputs are there."""
        folders = (prefix, file_names.frame_key(prefix))
        there = {found.key for folder in folders for found in s3.list_objects(self._outputs, folder)}
        names = (found.key for found in s3.list_objects(self._inputs, prefix))
        return sum({file_names.output_key(name), file_names.frame_key(name)} <= there for name in names)

    def _answer(self, function: str, event: dict[str, Any]) -> Measured:
        """What a function says, in a process of its own."""
        code = _ANSWER.format(f"lambdas.{function.lower()}.handler")
        return measured([sys.executable, "-c", code, json.dumps(event)], **self._environment(function))

    def _cluster(self, events: list[dict[str, Any]], run_id: str) -> None:
        environment = [self._environment("Clustering")]
        with (
            ProcessPoolExecutor(available_cores(), get_context("spawn"), _set_up, environment) as pool,
            click.progressbar(length=len(events), label=run_id, file=sys.stderr) as bar,
        ):
            for _ in pool.map(_cluster_batch, events):
                bar.update(1)

    def _environment(self, function: str) -> dict[str, str]:
        return next(variables for name, variables in self._variables.items() if function in name)


def _set_up(variables: dict[str, str]) -> None:
    os.environ.update(variables)
    logging.disable()  # What there is to say of a file is in its result.


def _cluster_batch(event: dict[str, Any]) -> None:
    from lambdas.clustering.handler import handle  # It sets the process up.

    handle(event, None)


if __name__ == "__main__":
    main()
