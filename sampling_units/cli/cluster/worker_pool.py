"""Runs tasks in worker processes. A killed worker costs one task only, and no worker outlives this process."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context
from typing import TypeVar

from sampling_units.cli.stop_signals import STOP_SIGNALS

Task = TypeVar("Task")
Result = TypeVar("Result")

_PARENT_CHECK_SECONDS = 0.5


def run_in_processes(
    work_on: Callable[[Task], Result], tasks: Sequence[Task], n_processes: int
) -> Iterator[tuple[Task, Result | None]]:
    """Yield each task with its result, as soon as it finishes; tasks start in the order given.

    Args:
        work_on: a function at the top level of a module, or a ``functools.partial`` of one: workers import it by name.
        tasks: its arguments.
        n_processes: how many tasks run at the same time.

    Yields:
        A task and its result; None instead of a result if the worker was killed while it ran this task alone.
    """
    remaining = list(tasks)
    while remaining:
        finished = set()
        for number, future in _in_one_pool(work_on, remaining, n_processes):
            try:
                result = future.result()
            except BrokenProcessPool:
                continue
            finished.add(number)
            yield remaining[number], result
        unfinished = [task for number, task in enumerate(remaining) if number not in finished]
        # The pool broke because a worker was killed, most likely for lack of memory. Tasks are handed out in order:
        # `n_processes` of them run and at most `n_processes + 1` wait in the queue, so the cause is among these.
        n_suspects = 2 * n_processes + 1
        for task in unfinished[:n_suspects]:
            yield task, _run_alone(work_on, task)
        remaining = unfinished[n_suspects:]


def _run_alone(work_on: Callable[[Task], Result], task: Task) -> Result | None:
    """The result of one task in a worker of its own, None if that is killed."""
    for _, future in _in_one_pool(work_on, [task], 1):
        try:
            return future.result()
        except BrokenProcessPool:
            break
    return None


def _in_one_pool(
    work_on: Callable[[Task], Result], tasks: Sequence[Task], n_processes: int
) -> Iterator[tuple[int, "Future[Result]"]]:
    """Position and future of each task as they finish. If a worker is killed, futures hold ``BrokenProcessPool``."""
    others = active_children()
    pool = ProcessPoolExecutor(
        n_processes, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(os.getpid(),)
    )
    is_complete = False
    try:
        futures = {}
        with _stop_signals_blocked():
            for number, task in enumerate(tasks):
                try:
                    futures[pool.submit(work_on, task)] = number
                except BrokenProcessPool:
                    break
        for future in as_completed(futures):
            yield futures[future], future
        is_complete = True
    finally:
        if not is_complete:
            # The rest is not needed any more. Kill: a worker inside a long kernel does not react to a gentler signal.
            for process in set(active_children()).difference(others):
                process.kill()
        pool.shutdown(cancel_futures=True)


@contextmanager
def _stop_signals_blocked() -> Iterator[None]:
    """Block stop signals until all workers are started; the workers inherit the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(parent: int) -> None:
    """Set up a worker: it leaves Ctrl-C to the parent, reads files on one core, and ends when the parent has ended."""
    import pyarrow

    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    pyarrow.set_cpu_count(1)
    threading.Thread(target=_exit_with_parent, args=(parent,), daemon=True).start()


def _exit_with_parent(parent: int) -> None:
    """End this worker when its parent has ended.

    A killed parent cannot stop its workers. Nor do they see their pipe closed: each holds it open for the others.
    """
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)
