"""Clusters local files on all cores: the same job that the clustering function does on AWS."""

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

# Handing a file to another process and taking its result back costs a millisecond, so small files go in batches. A
# batch takes some tenths of a second, and each process gets about this many, so that all end at about the same time.
_BATCH_BYTES, _BATCHES_PER_PROCESS = 250_000, 8


class RunStopped(Exception):
    """The user stopped the run; the message says how many files are finished."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def run(paths: Sequence[Path], out: Path, params: RunParameters, *, jobs: int | None, force: bool) -> LocalSummary:
    """Cluster every file of ``paths`` (files or folders) into ``out``.

    Args:
        jobs: cores to use, by default all. Each file gets one; if there are fewer files than cores, the groups within
            a file share the rest.
        force: also redo files whose output is up to date.

    Raises:
        InvalidParameters: two inputs would have the same output, or there is no input at all.
        OutputNotWritable: ``out`` cannot be made or written.
        RunStopped: a stop signal came; the outputs of finished files stay, partial ones are removed.
    """
    started = time.perf_counter()
    work = find_work(paths, out)
    require_text(out)
    run_began = check_writable(out)
    n_cores = jobs or available_cores()
    n_processes = min(n_cores, len(work.files))
    work_on = partial(
        cluster_local_file, params=params, force=force, run_began=run_began, n_threads=n_cores // n_processes
    )
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
        # A killed process could not remove its partial outputs.
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
    """Divide the files into batches, the largest files first; a batch has at most ``most`` files."""
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
        return 0  # `identify` reports what is wrong with it.


def cluster_local_file(
    file: LocalFile, params: RunParameters, force: bool, run_began: float, n_threads: int
) -> FileResult:
    """Cluster one file, unless its output is up to date.

    Up-to-date outputs that are newer than ``run_began``, in seconds of the file system's clock, were made in this run
    by a process that was killed later. They count as clustered, not as skipped.
    """
    from sampling_units import job, memory

    try:
        digest = identify(file)
        report = _report_of_outputs(file, params, digest)
        if report is not None and not force:
            return _finished(file, report, skipped=file.target.stat().st_mtime <= run_began)
        warm_up()
        started = time.perf_counter()
        with file.outputs.written() as (frame, clustered):
            sinks = job.Sinks(clustered=str(clustered), frame=str(frame))
            report = job.cluster_file(str(file.source), file.filename, digest, params, sinks, n_threads)
    except RunError as error:
        # The result has the path relative to the given folder; the message has the path as the user wrote it.
        with_path = type(error)(error.message, **error.where | {"filename": _as_text(file.source)})
        return FileResult.failed(file.filename, with_path)
    except MemoryError:
        return FileResult.failed(file.filename, memory.exceeded(_as_text(file.source)))
    except Exception as error:  # noqa: BLE001 (a bug that one file reveals must not lose the results of the others)
        return FileResult.failed(file.filename, InternalError(repr(error), filename=_as_text(file.source)))
    return _finished(file, report, seconds=round(time.perf_counter() - started, 4))


@cache
def warm_up() -> None:
    """Load the compiled code, once in each process and before its first file is read."""
    kmeans.warm_up()
    # The garbage collector then skips the many objects of loaded modules: saves 0.7 s in a process that clusters one
    # small file.
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
    """A path for messages; bytes that are not UTF-8 are escaped."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def _report_of_outputs(file: LocalFile, params: RunParameters, digest: str) -> FileReport | None:
    """The report that is stored in the outputs of a file, or None if they are missing or not up to date.

    Raises:
        OutputNotWritable: another file has the name of an output.
    """
    from sampling_units.io.provenance import read_own_outputs
    from sampling_units.job import output_identity

    identity = output_identity(params, digest).items()
    found = read_own_outputs((file.frame, file.target))
    if any(provenance is None or not identity <= provenance.items() for provenance in found):
        return None
    try:
        return msgspec.convert((found[0] or {}).get("report"), FileReport)
    except msgspec.ValidationError:
        return None  # Written by a development version: cluster the file again.
