"""``kmeans aws fetch``: brings what a run has made to this machine."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.aws.options import choose_account, stack_options
from cli.command_errors import errors_as_exit_status
from cli.progress_bar import one_by_one

if TYPE_CHECKING:
    from cli.aws.deployment import Deployment
    from lambdas.contract.events import RunPlan

_PARTS = ("clustered", "frames", "joined", "report")


@click.command(epilog="Exit status: 0 done, 1 AWS does not answer as it should, 2 wrong usage, 130 Ctrl-C.")
@click.argument("run")
@stack_options
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.")
@click.option(
    "--only",
    "parts",
    multiple=True,
    type=click.Choice(_PARTS),
    help="Only this; repeatable: clustered files, the frame of each, the joined frame, or summary and report.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def fetch(
    run: str,
    stack: str,
    profile: str | None,
    region: str | None,
    endpoint_url: str | None,
    out: Path,
    parts: tuple[str, ...],
    as_json: bool,
) -> None:
    """Fetch the outputs of the run RUN: of all its files, also of those that were up to date before it.

    The folder looks like that of `kmeans cluster`: clustered_<name> and frame/<name>. Beside these are frame.parquet
    (the joined frame; frame-0000.parquet ... when it has several parts), summary.json and report.html. What is there
    already is not fetched again.

    \b
    Examples:
      kmeans aws fetch run-20261123-093000 --out results
    \b
      # The sampling frame of the nation in one file, and the report
      kmeans aws fetch run-20261123-093000 --out results --only joined --only report
    """
    with errors_as_exit_status():
        choose_account(profile, region, endpoint_url)
        from cli.aws.deployment import find_deployment  # boto3 takes a moment to load.
        from cli.cluster.local_files import check_writable
        from cli.readable import file_size

        check_writable(out)
        n_fetched, n_kept, n_missing, n_bytes = fetch_run(find_deployment(stack), run, out, parts or _PARTS)
    if as_json:
        counts = {"n_fetched": n_fetched, "n_kept": n_kept, "n_missing": n_missing, "n_bytes": n_bytes}
        click.echo(json.dumps({"run": run, "out": str(out), **counts}))
        return
    missing = f", {n_missing:,} are not in the bucket any more" if n_missing else ""
    click.echo(f"{n_fetched:,} files fetched ({file_size(n_bytes)}), {n_kept:,} were there already{missing}: {out}")


def fetch_run(deployment: "Deployment", run: str, out: Path, parts: tuple[str, ...]) -> tuple[int, int, int, int]:
    """Fetch parts of a run; returns how many files came, were there already, and are missing, and the bytes that came.

    Raises:
        InvalidParameters: there is no such run.
        AccessDenied, StorageUnavailable: from S3.
    """
    from lambdas import s3
    from lambdas.contract import keys
    from lambdas.contract.errors import FileMissing, InvalidParameters
    from lambdas.run_records import read_plan

    bucket = deployment.output_bucket
    try:
        plan = read_plan(bucket, run)
    except FileMissing as error:
        raise InvalidParameters(f"there is no run {run} of {deployment.stack}, or it sent no files") from error
    wanted = dict(_wanted(plan, parts))
    n_fetched = n_kept = n_missing = n_bytes = 0

    def bring(item: tuple[str, str]) -> int | None:
        key, name = item
        return _bring(bucket, key, out / name)

    with one_by_one("fetching", len(wanted)) as advance:
        for size in s3.concurrently(bring, wanted.items()):
            n_fetched += size is not None and size > 0
            n_kept += size == 0
            n_missing += size is None
            n_bytes += size or 0
            advance()
    if keys.summary_key(run) in wanted and n_fetched + n_kept == 0:
        raise InvalidParameters(f"{run} has made nothing yet; look at it with `kmeans aws watch {run}`")
    return n_fetched, n_kept, n_missing, n_bytes


def _wanted(plan: "RunPlan", parts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Key of each object, and what it is called below the folder."""
    from lambdas import s3
    from lambdas.contract import keys
    from lambdas.run_records import file_results, read_known

    if "clustered" in parts or "frames" in parts:
        known = read_known(plan)
        succeeded = (result.filename for result in file_results(plan, known) if result.report is not None)
        for filename in sorted({*known.done, *succeeded}):
            # A key must not become a path outside the folder; these were checked before they were clustered.
            keys.check_filename(filename)
            if "clustered" in parts:
                yield keys.output_key(filename), keys.output_key(filename)
            if "frames" in parts:
                yield keys.frame_key(filename), keys.frame_key(filename)
    if "joined" in parts:
        found = [found.key for found in s3.list_objects(plan.output_bucket, keys.joined_frame_prefix(plan.run_id))]
        names = ["frame.parquet"] if len(found) == 1 else [f"frame-{part:04d}.parquet" for part in range(len(found))]
        yield from zip(found, names, strict=True)
    if "report" in parts:
        yield keys.summary_key(plan.run_id), "summary.json"
        yield keys.report_key(plan.run_id), "report.html"


def _bring(bucket: str, key: str, path: Path) -> int | None:
    """Bytes that were fetched, 0 if the file is there already, None if there is no such object."""
    from lambdas import s3
    from lambdas.contract.errors import FileMissing, OutputNotWritable

    try:
        listed = s3.head(bucket, key)
        if path.exists() and path.stat().st_size == listed.size and _etag(path) == listed.etag:
            return 0
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download(bucket, key, path)
    except FileMissing:
        return None
    except OSError as error:
        raise OutputNotWritable(f"cannot write {path}: {error.strerror}") from error
    return listed.size


def _etag(path: Path) -> str:
    """What S3 calls an object of this content that was written in one part with its own keys."""
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
