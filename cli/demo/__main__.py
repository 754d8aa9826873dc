"""``make demo``: input, emulator, synthesis, deployment, run, download, table; each step says what it does."""

import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cli.demo.provinces import write_provinces
from cli.embedded.deployment import Deployment, deploy, synthesise
from cli.embedded.emulator import PROJECT, Emulator
from cli.execution import Execution
from lambdas.contract import keys

INPUT_BUCKET, OUTPUT_BUCKET = "demo-barangays", "demo-sampling-units"
# About as many people as a supervisor's area in a national survey; small enough that a province has many.
TARGET_WEIGHT = 20_000
PARAMS = {"target_weight": TARGET_WEIGHT, "weight_column": "population"}

console = Console()


@click.command()
@click.option("--force", is_flag=True, help="Also redo the files that an earlier demonstration finished.")
@click.option("--folder", type=click.Path(path_type=Path), default=PROJECT / "build" / "demo", help="Where to work.")
def main(force: bool, folder: Path) -> None:
    """Cluster the barangays of every Philippine province with the real workflow on an embedded AWS."""
    say("Writing the input: one GeoParquet file a province, from the 2024 census in the package psgc")
    regions = write_provinces(folder / "input")
    say("Starting the embedded AWS (S3, Lambda and Step Functions on loopback; no account, no Docker)")
    with Emulator(folder, keep_objects=True) as emulator:
        say("Synthesising the CDK app and deploying its template through CloudFormation")
        s3 = emulator.client("s3")
        kept = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for bucket in {INPUT_BUCKET, OUTPUT_BUCKET} - kept:
            s3.create_bucket(Bucket=bucket)
        context = {"stage": "demo", "input_bucket": INPUT_BUCKET, "output_bucket": OUTPUT_BUCKET}
        deployment = deploy(emulator, synthesise(folder / "cdk.out", context))
        n_new = upload(s3, deployment.input_bucket, folder / "input", regions)
        say(f"Uploaded {n_new} new or changed files of {len(regions)} to the input bucket")
        summary = run(emulator, deployment, force=force)
        if summary["n_done"]:
            say(
                f"Skipped {summary['n_done']} files that an earlier run finished with the same parameters; "
                'make demo DEMO_ARGS="--force" redoes them'
            )
        results = folder / "results"
        download(s3, deployment.output_bucket, results, regions)
    print_table(results, regions, {file["filename"]: file["seconds"] for file in summary["files"]})
    for failed in summary["failures"]:
        console.print(f"[red]{failed['failure']['error']}[/red] {failed['failure']['message']}")
    say(f"The clustered files are in {os.path.relpath(results)}, e.g. {keys.output_key(min(regions))}")
    if summary["n_failed"]:
        sys.exit(1)


def say(text: str) -> None:
    console.print(f"[bold]>[/bold] {text}", highlight=False, soft_wrap=True)


def upload(s3: Any, bucket: str, folder: Path, names: Iterable[str]) -> int:
    """Put each file whose content is not in the bucket yet; return how many."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    present = {found["Key"]: found["ETag"].strip('"') for page in pages for found in page.get("Contents", [])}
    n_uploaded = 0
    for name in names:
        content = (folder / name).read_bytes()
        if present.get(name) != hashlib.md5(content, usedforsecurity=False).hexdigest():
            s3.put_object(Bucket=bucket, Key=name, Body=content)
            n_uploaded += 1
    return n_uploaded


def run(emulator: Emulator, deployment: Deployment, *, force: bool) -> dict[str, Any]:
    """Start the state machine, show its progress, and return the summary of the run."""
    n_cores = len(os.sched_getaffinity(0))
    request = {"max_concurrency": n_cores, "force": force, "params": PARAMS}
    name = f"demo-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    say(f"Starting the state machine, {n_cores} executions at the same time: {json.dumps(request)}")
    execution = Execution.start(emulator.client("stepfunctions"), deployment.state_machine_arn, name, request)
    columns = (
        TextColumn("  clustering"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("batches"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("batches", total=None)
        for done, total in execution.progress():
            progress.update(task, completed=done, total=total)
    status = execution.describe()
    if status["status"] != "SUCCEEDED" and status.get("error") != "ToleratedFailuresExceeded":
        raise click.ClickException(f"the run {name} ended as {status['status']}: {status.get('cause')}")
    body = emulator.client("s3").get_object(Bucket=deployment.output_bucket, Key=keys.summary_key(name))["Body"]
    summary: dict[str, Any] = json.loads(body.read())
    return summary


def download(s3: Any, bucket: str, folder: Path, names: Iterable[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        output = keys.output_key(name)
        (folder / output).write_bytes(s3.get_object(Bucket=bucket, Key=output)["Body"].read())


def print_table(folder: Path, regions: dict[str, str], seconds: dict[str, float]) -> None:
    """One row a region, from the downloaded files themselves; ``seconds`` of the files that this run worked on."""
    table = Table(
        title=f"Clusters of {TARGET_WEIGHT:,} people, {TARGET_WEIGHT * 3 // 4:,} to {TARGET_WEIGHT * 5 // 4:,}"
    )
    table.add_column("region")
    for heading in ("files", "rows", "clusters", "in range", "seconds"):
        table.add_column(heading, justify="right")
    by_region: dict[str, Figures] = defaultdict(Figures)
    for name, region in regions.items():
        figures = Figures.of(folder / keys.output_key(name), seconds.get(name, 0.0))
        by_region[region] += figures
        by_region["All"] += figures
    total = by_region.pop("All")
    for region, figures in by_region.items():
        table.add_row(region, *figures.cells())
    table.add_section()
    table.add_row("The Philippines", *total.cells())
    console.print(table)


@dataclass(frozen=True)
class Figures:
    """Figures of some clustered files."""

    n_files: int = 0
    n_rows: int = 0
    n_clusters: int = 0
    n_in_range: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, path: Path, seconds: float) -> "Figures":
        rows = pq.read_table(path, columns=["cluster_id", "cluster_status"])
        clusters = rows.group_by(["cluster_id", "cluster_status"]).aggregate([])
        n_in_range = pc.sum(pc.equal(clusters["cluster_status"], "ok")).as_py() or 0
        return cls(1, rows.num_rows, clusters.num_rows, n_in_range, seconds)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def cells(self) -> list[str]:
        share = self.n_in_range / self.n_clusters if self.n_clusters else 0.0
        return [
            f"{self.n_files:,}",
            f"{self.n_rows:,}",
            f"{self.n_clusters:,}",
            f"{share:.1%}",
            f"{self.seconds:.2f}",
        ]


if __name__ == "__main__":
    main()
