"""``kmeans aws fetch``: downloads what a run has made."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sampling_units import file_names
from sampling_units.cli.aws.options import StackConnection, connection_options, use_connection
from sampling_units.cli.command_errors import PARTLY_FAILED, errors_as_exit_status
from sampling_units.cli.progress_bar import one_by_one
from sampling_units.errors import FileMissing, InvalidParameters, OutputNotWritable
from sampling_units.formatting import counted, file_size, printable
from sampling_units.io.atomic import check_writable
from sampling_units.runs import keys

if TYPE_CHECKING:
    from sampling_units.cli.aws.deployment import Deployment
    from sampling_units.runs.events import RunPlan
    from sampling_units.runs.summary import RunSummary

_PARTS = ("clustered", "frames", "joined", "report")
# Messages about files that could not be written.
_SHOWN = 10


@click.command(
    epilog="Exit status: 0 done, 3 some files could not be written, 1 AWS does not answer, 2 wrong usage, 130 Ctrl-C."
)
@click.argument("run")
@connection_options
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the files.")
@click.option(
    "--only",
    "parts",
    multiple=True,
    type=click.Choice(_PARTS),
    help="Only this; repeatable: clustered files, the frame of each, the joined frame, or summary and report.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def fetch(run: str, connection: StackConnection, out: Path, parts: tuple[str, ...], as_json: bool) -> None:
    """Fetch the outputs of the run RUN: of all its files, including those that were up to date before it.

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
    with errors_as_exit_status(when_stopped="Stopped. What was fetched stays; the same command goes on."):
        use_connection(connection)
        from sampling_units.cli.aws.deployment import find_deployment  # boto3 takes a moment to load.

        deployment = find_deployment(connection.stack)
        check_writable(out)
        fetched = fetch_run(deployment, run, out, parts or _PARTS)
    if as_json:
        click.echo(json.dumps({"run": run, "out": str(out), **vars(fetched)}))
    else:
        _print(fetched, out)
    if fetched.not_written or fetched.missing:
        sys.exit(PARTLY_FAILED)


@dataclass
class Fetched:
    """What became of the files of a run.

    Attributes:
        n_fetched, n_bytes: came now.
        n_kept: were there already.
        has_summary: whether the run came to its end; before that there is no joined frame and no report.
        missing: names of those that are not in the bucket any more, or that another run has replaced.
        not_written: messages about those that the local disk did not take.
    """

    n_fetched: int = 0
    n_bytes: int = 0
    n_kept: int = 0
    missing: list[str] = field(default_factory=list)
    has_summary: bool = True
    not_written: list[str] = field(default_factory=list)


def fetch_run(deployment: "Deployment", run: str, out: Path, parts: Sequence[str]) -> Fetched:
    """Fetch parts of a run.

    Raises:
        InvalidParameters: there is no such run, or it has made none of these parts yet.
        AccessDenied, StorageUnavailable: from S3.
    """
    from sampling_units.aws import s3
    from sampling_units.aws.run_folder import read_plan
    from sampling_units.cli.aws.run_outcome import read_summary

    try:
        plan = read_plan(deployment.output_bucket, run)
    except FileMissing as error:
        raise InvalidParameters(f"there is no run {run} of {deployment.stack}, or it sent no files") from error
    # One of an earlier run of that name is of no use.
    summary = read_summary(deployment.output_bucket, run, datetime.fromisoformat(plan.started_at))
    wanted = list(_wanted(plan, parts, summary))
    if not wanted:
        raise InvalidParameters(
            f"{run} has made nothing of this (yet); see `kmeans aws watch {run}{deployment.stack_option}`"
        )
    fetched = Fetched(has_summary=summary is not None)
    folder = Path(os.path.realpath(out))

    def fetch_one(item: "_Wanted") -> int | OutputNotWritable | None:
        try:
            return _fetch_object(plan, item, _local_path(out, folder, item.name))
        except OutputNotWritable as error:
            return error

    with one_by_one("fetching", len(wanted)) as advance:
        for item, outcome in zip(wanted, s3.concurrently(fetch_one, wanted), strict=True):
            if outcome is None:
                fetched.missing.append(item.name)
            elif isinstance(outcome, OutputNotWritable):
                fetched.not_written.append(outcome.message)
            else:
                fetched.n_bytes += outcome
                fetched.n_fetched += outcome > 0
                fetched.n_kept += outcome == 0
            advance()
    return fetched


@dataclass(frozen=True)
class _Wanted:
    """An object, what it is called below the folder, and whether other runs may replace it."""

    key: str
    name: str
    is_shared: bool = False


def _wanted(plan: "RunPlan", parts: Sequence[str], summary: "RunSummary | None") -> Iterator[_Wanted]:
    from sampling_units.aws.run_folder import file_results, read_known

    if "clustered" in parts or "frames" in parts:
        known = read_known(plan)
        succeeded = (result.filename for result in file_results(plan, known) if result.failure is None)
        for filename in sorted({*known.done, *succeeded}):
            # A key must not become a path outside the folder; these were checked before they were clustered.
            file_names.check_filename(filename)
            if "clustered" in parts:
                yield _Wanted(file_names.output_key(filename), file_names.output_key(filename), is_shared=True)
            if "frames" in parts:
                yield _Wanted(file_names.frame_key(filename), file_names.frame_key(filename), is_shared=True)
    if summary is None:
        return
    if "joined" in parts:
        joined = summary.joined_frame_keys
        names = ["frame.parquet"] if len(joined) == 1 else [f"frame-{part:04d}.parquet" for part in range(len(joined))]
        yield from (_Wanted(key, name) for key, name in zip(joined, names, strict=True))
    if "report" in parts:
        yield _Wanted(keys.summary_key(plan.run_id), "summary.json")
        yield _Wanted(keys.report_key(plan.run_id), "report.html")


def _local_path(out: Path, folder: Path, name: str) -> Path:
    """The path of a file in ``out``, which is ``folder`` without links.

    Raises:
        OutputNotWritable: it would be somewhere else: a link in the folder leads out of it, or this disk separates
            folders by more than the slash.
    """
    path = out / name
    # A link in place of the file itself is replaced, not followed.
    if not Path(os.path.realpath(path.parent)).is_relative_to(folder):
        raise OutputNotWritable(f"{path} would lie outside {out}: remove the link that leads there, or change --out")
    return path


def _fetch_object(plan: "RunPlan", wanted: _Wanted, path: Path) -> int | None:
    """Bytes that were fetched, 0 if the file is there already, None if there is no such object.

    Raises:
        OutputNotWritable: the local disk does not take it.
    """
    from sampling_units.aws import s3

    try:
        found = s3.head(plan.output_bucket, wanted.key)
        if wanted.is_shared and found["Metadata"].get(keys.FINGERPRINT_METADATA) != plan.fingerprint:
            return None
        # A file gets the time of its object, and is unchanged when size and time agree, as in rsync: with KMS an ETag
        # is not a checksum of the content.
        moment, size = found["LastModified"].timestamp(), found["ContentLength"]
        if path.is_file() and (path.stat().st_size, path.stat().st_mtime) == (size, moment):
            return 0
        path.parent.mkdir(parents=True, exist_ok=True)
        s3.download(plan.output_bucket, wanted.key, path)
        os.utime(path, (moment, moment))
    except FileMissing:
        return None
    except OSError as error:
        raise OutputNotWritable(f"cannot write {path}: {error.strerror}") from error
    return size


def _print(fetched: Fetched, out: Path) -> None:
    click.echo(
        f"{counted(fetched.n_fetched, 'file')} fetched ({file_size(fetched.n_bytes)}), {fetched.n_kept:,} were there "
        f"already: {printable(str(out))}"
    )
    if fetched.missing:
        gone = (
            f"{counted(len(fetched.missing), 'file')} of the run are gone from the bucket, or another run replaced them"
        )
        click.echo(f"{gone}; a new run with its parameters makes them again:", err=True)
    _list(fetched.missing)
    if not fetched.has_summary:
        click.echo("The run has not come to its end: there is no joined frame, summary or report (yet).", err=True)
    _list(fetched.not_written)


def _list(lines: list[str]) -> None:
    for line in lines[:_SHOWN]:
        click.echo(f"  {printable(line)}", err=True)
    if len(lines) > _SHOWN:
        click.echo(f"  and {len(lines) - _SHOWN:,} more", err=True)
