"""Clusters files of this machine on all its cores: the job of the clustering function without AWS."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from lambdas.contract import keys
from lambdas.contract.errors import FileMissing, InternalError, InvalidInput, InvalidParameters, NoResult, RunError
from lambdas.contract.parameters import RunParameters
from lambdas.contract.results import FileResult, Totals, add_up


class LocalSummary(Totals, frozen=True, kw_only=True):
    """What a local run did; ``n_done`` files were up to date already and are not in the totals."""

    out: str
    params: RunParameters
    n_done: int


class Interrupted(Exception):
    """The user stopped the run; the message says how far it came."""


@dataclass(frozen=True)
class _Job:
    """One file: where it is, what it is called in results and errors, and where its output goes."""

    source: Path
    filename: str
    target: Path


def run(paths: Sequence[Path], out: Path, params: RunParameters, *, jobs: int | None, force: bool) -> LocalSummary:
    """Cluster every file of ``paths`` (files or folders) into ``out``.

    Args:
        jobs: processes to use; by default as many as there are cores to run on.
        force: also redo files whose output is up to date.

    Raises:
        InvalidParameters: two inputs would have the same output, or there is no input at all.
        Interrupted: the user pressed Ctrl-C; finished files stay, no partial one is left.
    """
    work = _find_jobs(paths, out)
    n_processes = min(jobs or len(os.sched_getaffinity(0)), len(work))
    results: dict[str, FileResult | None] = {}
    with _progress(len(work)) as advance:
        try:
            for job, result in _results(work, params, n_processes, force=force):
                results[job.filename] = result
                advance()
        except KeyboardInterrupt:
            raise Interrupted(f"{len(results):,} of {len(work):,} files are finished") from None
    in_order = [results[job.filename] for job in work]
    done = [result for result in in_order if result is not None]
    return LocalSummary(out=str(out), params=params, n_done=len(in_order) - len(done), **add_up(done))


def _find_jobs(paths: Sequence[Path], out: Path) -> list[_Job]:
    """Files to work on, in the order given and by name within a folder; a missing one fails later, by itself."""
    jobs: dict[Path, _Job] = {}
    for path in paths:
        if path.is_dir():
            inside = (found for found in sorted(path.rglob("*")) if keys.is_input(found.name) and found.is_file())
            files = [(found, found.relative_to(path).as_posix()) for found in inside if not _is_output(found, out)]
        else:
            files = [(path, path.name)]
        for source, filename in files:
            target = out / keys.output_key(filename)
            if target in jobs and jobs[target].source != source:
                raise InvalidParameters(f"{jobs[target].source} and {source} would both be written to {target}")
            jobs[target] = _Job(source, filename, target)
    if not jobs:
        suffixes = " or ".join(keys.INPUT_SUFFIXES)
        raise InvalidParameters(f"there is no {suffixes} file in {', '.join(map(str, paths))}")
    return list(jobs.values())


def _is_output(path: Path, out: Path) -> bool:
    return path.name.startswith(keys.OUTPUT_PREFIX) and out.resolve() in path.resolve().parents


def _results(
    work: list[_Job], params: RunParameters, n_processes: int, *, force: bool
) -> Iterator[tuple[_Job, FileResult | None]]:
    """Each job with its result, None if it was done before, as they finish; the largest files start first."""
    if n_processes == 1:
        for job in work:
            yield job, _run_job(job, params, force)
        return
    largest_first = sorted(work, key=lambda job: job.source.stat().st_size if job.source.exists() else 0, reverse=True)
    unfinished = []
    for job, future in _in_processes(largest_first, params, n_processes, force=force):
        try:
            yield job, future.result()
        except BrokenProcessPool:
            unfinished.append(job)
    # A process was killed, most likely for its memory. One of the unfinished files is to blame: each goes alone now.
    for job in unfinished:
        for _, future in _in_processes([job], params, 1, force=force):
            try:
                yield job, future.result()
            except BrokenProcessPool:
                message = "the process that had this file was killed, most likely for lack of memory"
                yield job, FileResult.failed(job.filename, NoResult(message, filename=job.filename))


def _in_processes(
    work: list[_Job], params: RunParameters, n_processes: int, *, force: bool
) -> Iterator[tuple[_Job, "Future[FileResult | None]"]]:
    pool = ProcessPoolExecutor(n_processes, mp_context=get_context("spawn"), initializer=_start_process)
    try:
        futures = {pool.submit(_run_job, job, params, force): job for job in work}
        for future in as_completed(futures):
            yield futures[future], future
    except KeyboardInterrupt:
        # The workers got the signal too; what they had begun is not waited for.
        for process in list((pool._processes or {}).values()):
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _start_process() -> None:
    """Leave Ctrl-C to the parent, and the other cores to the other processes."""
    import signal

    import pyarrow

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pyarrow.set_cpu_count(1)


def _run_job(job: _Job, params: RunParameters, force: bool) -> FileResult | None:
    """Cluster one file; None if its output is up to date."""
    from lambdas.clustering import file_job, geoparquet

    started = time.perf_counter()
    try:
        if not keys.is_input(job.filename):
            suffixes = " or ".join(keys.INPUT_SUFFIXES)
            raise InvalidInput(f"is not named like a Parquet file ({suffixes})", filename=job.filename)
        content = _read(job.source)
        # The MD5 of the content is what S3 uses as ETag for an object uploaded in one part: the outputs are the same.
        etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if not force and _is_up_to_date(geoparquet.read_provenance(str(job.target)), params, etag):
            return None
        clustered = file_job.cluster_file(content, job.filename, etag, params)
        _write(job.target, clustered.content)
    except RunError as error:
        return FileResult.failed(job.filename, error)
    except Exception as error:  # noqa: BLE001 (a defect of ours in one file must not cost the others their results)
        return FileResult.failed(job.filename, InternalError(repr(error), filename=job.filename))
    seconds = round(time.perf_counter() - started, 4)
    return FileResult(filename=job.filename, output=str(job.target), seconds=seconds, report=clustered.report)


def _is_up_to_date(provenance: dict[str, object] | None, params: RunParameters, etag: str) -> bool:
    from lambdas.clustering.file_job import describe_origin

    wanted = describe_origin(params, etag)
    return provenance is not None and wanted.items() <= provenance.items()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileMissing("there is no such file", filename=str(path)) from error
    except OSError as error:
        raise InvalidInput(f"cannot be read ({error.strerror})", filename=str(path)) from error


def _write(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _progress(n_files: int) -> Iterator[Callable[[], None]]:
    """A progress bar on a terminal, nothing in a pipe; yields what to call after each file."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("clustering"), BarColumn(), MofNCompleteColumn(), TextColumn("files"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("clustering", total=n_files)
        yield lambda: progress.advance(task)
