"""A hundred thousand objects: what `kmeans aws plan` takes to look at them, and how kickoff's batches balance.

    .venv/bin/python -m benchmarks.listing

On the embedded AWS. The objects hold a few bytes each: nothing is clustered, only listed and packed.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import click

from benchmarks.measuring import WORK, measured, record, show
from demo.embedded.deployment import deploy, synthesise
from demo.embedded.emulator import Emulator

_PLAN = ["-m", "sampling_units", "aws", "plan", "--json"]


@click.command()
@click.option("--files", default=100_000, show_default=True, help="Objects in the input bucket.")
def main(files: int) -> None:
    """List them, plan them, pack them."""
    folder = WORK / "listing"
    folder.mkdir(parents=True, exist_ok=True)
    with Emulator(folder) as emulator:
        deployment = deploy(emulator, synthesise(folder / "cdk.out", {}))
        put_all(emulator.client("s3"), deployment.input_bucket, files)
        seconds, megabytes, printed = measured([sys.executable, *_PLAN], **emulator.cli_environment())
        outlook = json.loads(printed)
        name = kickoff_name(emulator)
        answer = emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps({"run_id": "listing"}))
        plan = json.loads(answer["Payload"].read())
        body = emulator.client("s3").get_object(Bucket=deployment.output_bucket, Key=plan["manifest_key"])["Body"]
        weights = [sum(file["bytes"] for file in batch["files"]) for batch in json.loads(body.read())]
    rows = [
        {
            "objects": outlook["n_found"],
            "to_do": outlook["n_files"],
            "seconds": seconds,
            "peak_megabytes": megabytes,
            "batches": len(weights),
            "heaviest_over_lightest": max(weights) / min(weights),
        }
    ]
    show("kmeans aws plan", rows)
    record("listing", 1, rows)


def put_all(s3: object, bucket: str, n_files: int) -> None:
    """Objects of 10 to 110 bytes."""

    def put(number: int) -> None:
        s3.put_object(
            Bucket=bucket, Key=f"{number % 100:02}/{number:06}.parquet", Body=b"x" * (10 + 7919 * number % 101)
        )

    with (
        ThreadPoolExecutor(8) as pool,
        click.progressbar(length=n_files, label="putting objects", file=sys.stderr) as bar,
    ):
        for _ in pool.map(put, range(n_files)):
            bar.update(1)


def kickoff_name(emulator: Emulator) -> str:
    functions = emulator.client("lambda").list_functions()["Functions"]
    return next(function["FunctionName"] for function in functions if "Kickoff" in function["FunctionName"])


if __name__ == "__main__":
    main()
