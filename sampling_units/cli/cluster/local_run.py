"""Clusters files of this machine on all its cores: the job of the clustering function without AWS."""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from operator import itemgetter
from pathlib import Path

import msgspec

import kmeans
from sampling_units.cli.cluster.local_files import LocalFile, find_work, identify
from sampling_units.cli.command_errors import require_text
from sampling_units.cli.progress_bar import one_by_one
from sampling_units.cli.stop_signals import Stopped
from sampling_units.cores import available_cores
from sampling_units.errors import InternalError, NoResult, RunError
from sampling_units.io.atomic import check_writable
from sampling_units.parameters import RunParameters
from sampling_units.results import FileReport, FileResult, add_up
from sampling_units.runs.summary import LocalSummary

# Sending a file to another process and its result back takes a millisecond, so small files go in batches: each is some
# tenths of a second of work, and each process gets about so many batches.
_BATCH_BYTES, _BATCHES_PER_PROCESS = 250_000, 8


class RunStopped(Exception):
    """The user stopped the run; the message says how many files are finished."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def run(paths: Sequence[Path], out: Path, params: RunParameters, *, jobs: int | None, force: bool) -> LocalSummary:
    """Cluster every file of ``paths`` (files or folders) into ``out``.

    Args:
        jobs: cores to use, by default all: first for files, and where there are fewer files for the groups of each.
        force: also redo files whose output is up to date.

    Raises:
        InvalidParameters: two inputs would have the same output, or there is no input at all.
        OutputNotWritable: ``out`` cannot be made or written.
        RunStopped: a stop signal came; finished files stay, no partial one is left.
    """
    started = time.perf_counter()
    work = find_work(paths, out)
    require_text(out)
    since = check_writable(out)
    n_cores = jobs or available_cores()
    n_processes = min(n_cores, len(work.files))
    work_on = partial(cluster_local_file, params=params, force=force, since=since, n_threads=n_cores // n_processes)
    results: dict[Path, FileResult] = {}
    try:
        with one_by_one("clustering", len(work.files)) as advance:
            for file, result in _results(work.files, work_on, n_processes):
                results[file.target] = result
                advance()
    except Stopped as stopped:
        message = f"{len(results):,} of {len(work.files):,} files are finished"
        raise RunStopped(message, stopped.exit_status) from None
    finally:
        # A process that was killed leaves what it had written so far.
        for file in work.files:
            if file.target not in results or results[file.target].failure:
                file.outputs.remove_partials()
    in_order = [results[file.target] for file in work.files]
    return LocalSummary(
        out=str(out),
        params=params,
        n_skipped=sum(result.skipped for result in in_order),
        n_outputs_ignored=work.n_outputs_ignored,
        n_failed_with_outputs=sum(results[file.target].report is None and file.has_outputs for file in work.files),
        elapsed_seconds=round(time.perf_counter() - started, 3),
        files=in_order,
        **add_up(in_order),
    )


def _results(
    files: list[LocalFile], work_on: Callable[[LocalFile], FileResult], n_processes: int
) -> Iterator[tuple[LocalFile, FileResult]]:
    """Each file with its result, in the order in which they finish; the largest files start first."""
    if n_processes == 1:
        for file in files:
            yield file, work_on(file)
        return
    from sampling_units.cli.cluster.worker_pool import run_in_processes

    batches = _batches(files, most=max(1, len(files) // (_BATCHES_PER_PROCESS * n_processes)))
    while batches:
        suspects: list[list[LocalFile]] = []
        for batch, results in run_in_processes(partial(_work_on_batch, work_on), batches, n_processes):
            if results is not None:
                yield from zip(batch, results, strict=True)
            elif len(batch) > 1:
                suspects += [[file] for file in batch]
            else:
                [file] = batch
                message = "the process that had this file was killed, most likely for lack of memory"
                yield file, FileResult.failed(file.filename, NoResult(message, filename=_as_text(file.source)))
        batches = suspects


def _work_on_batch(work_on: Callable[[LocalFile], FileResult], batch: list[LocalFile]) -> list[FileResult]:
    return [work_on(file) for file in batch]


def _batches(files: list[LocalFile], most: int) -> list[list[LocalFile]]:
    """Batches for the processes, the largest files first: small files together, at most ``most`` of them."""
    batches: list[list[LocalFile]] = []
    n_bytes = 0
    for size, file in sorted(((_size(file), file) for file in files), key=itemgetter(0), reverse=True):
        if not batches or n_bytes + size > _BATCH_BYTES or len(batches[-1]) == most:
            batches.append([])
            n_bytes = 0
        batches[-1].append(file)
        n_bytes += size
    return batches


def _size(file: LocalFile) -> int:
    try:
        return file.source.stat().st_size
    except OSError:
        return 0  # `identify` will say what is wrong with it.


def cluster_local_file(file: LocalFile, params: RunParameters, force: bool, since: float, n_threads: int) -> FileResult:
    """Cluster one file, unless its output is up to date.

    Outputs that were made after ``since`` (in seconds of the file system's clock) come from a process of this run that
    was killed later; they count as clustered.
    """
    from sampling_units import job, memory

    try:
        etag = identify(file)
        report = _report_of_outputs(file, params, etag)
        if report is not None and not force:
            return _finished(file, report, skipped=file.target.stat().st_mtime <= since)
        warm_up()
        started = time.perf_counter()
        with file.outputs.written() as (frame, clustered):
            sinks = job.Sinks(clustered=str(clustered), frame=str(frame))
            report = job.cluster_file(str(file.source), file.filename, etag, params, sinks, n_threads)
    except RunError as error:
        # Results name a file relative to its folder, messages by the path that the user gave.
        named = type(error)(error.message, **error.where | {"filename": _as_text(file.source)})
        return FileResult.failed(file.filename, named)
    except MemoryError:
        return FileResult.failed(file.filename, memory.exceeded(_as_text(file.source)))
    except Exception as error:  # noqa: BLE001 (a bug that one file reveals must not lose the results of the others)
        return FileResult.failed(file.filename, InternalError(repr(error), filename=_as_text(file.source)))
    return _finished(file, report, seconds=round(time.perf_counter() - started, 4))


@cache
def warm_up() -> None:
    """Load what every file needs; once in each process, before its first file is read."""
    kmeans.warm_up()
    # Keeps the garbage collector from searching loaded code again and again: 0.7 s in a process that clusters one small
    # file.
    gc.freeze()


def _finished(
    file: LocalFile, report: FileReport, *, skipped: bool = False, seconds: float | None = None
) -> FileResult:
    return FileResult(
        filename=file.filename,
        skipped=skipped,
        output=str(file.target),
        frame=str(file.frame),
        seconds=seconds,
        report=report,
    )


def _as_text(path: Path) -> str:
    """A path for messages; bytes in a name that are not text are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _report_of_outputs(file: LocalFile, params: RunParameters, etag: str) -> FileReport | None:
    """The figures of outputs that are up to date, None if there are no such outputs.

    Raises:
        OutputNotWritable: another file has the name of an output.
    """
    from sampling_units.io.provenance import read_own_outputs
    from sampling_units.job import output_identity

    identity = output_identity(params, etag).items()
    found = read_own_outputs((file.frame, file.target))
    if any(provenance is None or not identity <= provenance.items() for provenance in found):
        return None
    try:
        return msgspec.convert((found[0] or {}).get("report"), FileReport)
    except msgspec.ValidationError:
        return None  # Written by an unfinished version: the file is clustered again to get its figures.
