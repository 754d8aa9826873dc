"""``make demo``: input, emulator, synthesis, deployment, run, download, table; each step prints what it does."""

import hashlib
import json
import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo.embedded.deployment import Deployment, DeploymentError, deploy, synthesise
from demo.embedded.emulator import PROJECT, Emulator, EmulatorError
from demo.provinces import write_provinces
from demo.table import figures_by_region, table_of, total
from sampling_units import file_names
from sampling_units.aws.run_folder import decode_files
from sampling_units.cli.aws.execution import Execution
from sampling_units.cli.cluster.summary_text import explain, print_failures
from sampling_units.cli.stop_signals import Stopped, stop_signals
from sampling_units.cores import available_cores
from sampling_units.parameters import parse_parameters
from sampling_units.results import FileResult
from sampling_units.runs import keys

INPUT_BUCKET, OUTPUT_BUCKET = "demo-barangays", "demo-sampling-units"
# About the people of a supervisor's area in a national survey; a province has many such areas.
PARAMS = {"target_weight": 20_000, "weight_column": "population"}

console = Console()


@click.command()
@click.option("--force", is_flag=True, help="Also redo the files that an earlier demonstration finished.")
@click.option("--folder", type=click.Path(path_type=Path), default=PROJECT / "build" / "demo", help="Where to work.")
def main(force: bool, folder: Path) -> None:
    """Cluster the barangays of every Philippine province with the real workflow on an embedded AWS."""
    try:
        with stop_signals():
            n_failed = demonstrate(folder, force=force)
    except Stopped as stopped:
        click.echo("Stopped. Run `make demo` again; finished provinces are skipped.", err=True)
        sys.exit(stopped.exit_status)
    except (EmulatorError, DeploymentError) as error:
        raise click.ClickException(str(error)) from error
    if n_failed:
        sys.exit(1)


def demonstrate(folder: Path, *, force: bool) -> int:
    """All steps; returns how many files failed."""
    say("Writing the input: one GeoParquet file per province or equivalent, from the 2024 census in the package psgc")
    regions = write_provinces(folder / "input")
    say("Starting the embedded AWS (S3, Lambda and Step Functions on loopback; no account, no Docker)")
    with Emulator(folder, keep_objects=True) as emulator:
        say("Synthesising the CDK app and deploying its template through CloudFormation")
        s3 = emulator.client("s3")
        present = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
        for bucket in {INPUT_BUCKET, OUTPUT_BUCKET} - present:
            s3.create_bucket(Bucket=bucket)
        context = {"input_bucket": INPUT_BUCKET, "output_bucket": OUTPUT_BUCKET}
        deployment = deploy(emulator, synthesise(folder / "cdk.out", context))
        n_new = upload(s3, deployment.input_bucket, folder / "input", regions)
        say(f"Uploaded {n_new} new or changed files of {len(regions)} to the input bucket")
        summary = run(emulator, deployment, force=force)
        if summary["n_done"]:
            say(
                f"Skipped {summary['n_done']} files that an earlier run finished with the same parameters; "
                'make demo DEMO_ARGS="--force" redoes them'
            )
        outputs = download(s3, deployment.output_bucket, folder / "results", regions)
        files = decode_files(content(s3, deployment.output_bucket, summary["files_key"]))
        report = folder / "report.html"
        report.write_bytes(content(s3, deployment.output_bucket, keys.report_key(summary["run_id"])))
    show(outputs, regions, files)
    print_failures(files, len(regions))
    if outputs:
        results = os.path.relpath(folder / "results")
        say(f"The clustered files are in {results}, e.g. {outputs[min(outputs)].name}, the frames in its frame/")
    say(f"Map, histograms and tables: open {os.path.relpath(report)} in a browser")
    return int(summary["n_failed"])


def say(text: str) -> None:
    console.print(f"[bold]>[/bold] {text}", highlight=False, soft_wrap=True)


def listing(s3: Any, bucket: str) -> list[Any]:
    """The objects of a bucket, with key and ETag."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return [found for page in pages for found in page.get("Contents", [])]


def upload(s3: Any, bucket: str, folder: Path, names: Iterable[str]) -> int:
    """Put each file whose content is not in the bucket yet; return how many."""
    present = {found["Key"]: found["ETag"].strip('"') for found in listing(s3, bucket)}
    n_uploaded = 0
    for name in names:
        content = (folder / name).read_bytes()
        if present.get(name) != hashlib.md5(content, usedforsecurity=False).hexdigest():
            s3.put_object(Bucket=bucket, Key=name, Body=content)
            n_uploaded += 1
    return n_uploaded


def run(emulator: Emulator, deployment: Deployment, *, force: bool) -> dict[str, Any]:
    """Start the state machine, show its progress, and return the summary of the run."""
    n_cores = available_cores()
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
    progress = Progress(*columns, console=console)
    task = progress.add_task("batches", total=None)
    with ExitStack() as shown:
        for n_finished, n_batches in execution.progress():
            if n_batches and not progress.live.is_started:
                shown.enter_context(progress)
            progress.update(task, completed=n_finished, total=n_batches)
    status = execution.describe()
    if status["status"] != "SUCCEEDED" and status.get("error") != "ToleratedFailuresExceeded":
        raise click.ClickException(f"the run {name} ended as {status['status']}: {status.get('cause')}")
    summary: dict[str, Any] = json.loads(
        content(emulator.client("s3"), deployment.output_bucket, keys.summary_key(name))
    )
    return summary


def content(s3: Any, bucket: str, key: str) -> bytes:
    """The content of an object."""
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()  # type: ignore[no-any-return]  # boto3 has no types


def download(s3: Any, bucket: str, folder: Path, names: Iterable[str]) -> dict[str, Path]:
    """Fetch the outputs of all inputs, but of those that failed; returns the clustered file of each input."""
    present = {found["Key"] for found in listing(s3, bucket)}
    outputs = {name: folder / file_names.output_key(name) for name in names if file_names.output_key(name) in present}
    for key in (key for name in outputs for key in (file_names.output_key(name), file_names.frame_key(name))):
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(s3, bucket, key))
    return outputs


def show(outputs: dict[str, Path], regions: dict[str, str], files: Iterable[FileResult]) -> None:
    """Print the table, and below it the exceptions."""
    if not outputs:
        return
    low, high = parse_parameters(PARAMS).for_settlement(is_urban=True).weight_range
    by_region = figures_by_region(outputs, regions, (low, high), {file.filename: file.seconds for file in files})
    title = f"Clusters of {PARAMS['target_weight']:,} people, {low:,.0f} to {high:,.0f}"
    console.print(table_of(by_region, title))
    for line in explain(total(by_region.values()).statuses):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
