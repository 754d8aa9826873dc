"""Runs tasks in worker processes that may be killed, and that never outlive this one."""

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
    """Each task with the result of ``work_on``, in the order in which they finish; they start in the order given.

    None stands for a task whose process was killed while it ran alone. ``work_on`` has to be a function of a module,
    or a ``functools.partial`` of one: each process imports it anew.
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
        # The pool broke because a process was killed, most likely for its memory. Tasks are sent in order, beyond the
        # running ones at most one more than there are processes: the task that caused it is among these.
        n_suspects = 2 * n_processes + 1
        for task in unfinished[:n_suspects]:
            yield task, _alone(work_on, task)
        remaining = unfinished[n_suspects:]


def _alone(work_on: Callable[[Task], Result], task: Task) -> Result | None:
    for _, future in _in_one_pool(work_on, [task], 1):
        try:
            return future.result()
        except BrokenProcessPool:
            break
    return None


def _in_one_pool(
    work_on: Callable[[Task], Result], tasks: Sequence[Task], n_processes: int
) -> Iterator[tuple[int, "Future[Result]"]]:
    """Number and future of each task as they finish, all of them only if no process is killed."""
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
            # Unfinished work is not needed any more, and during a long kernel Python handles no signal.
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
    """Leave Ctrl-C to the parent, use one core, and end when the parent does."""
    import pyarrow

    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    pyarrow.set_cpu_count(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """A killed parent cannot stop its workers, and no worker sees the end of their pipe: the others keep it open."""
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    os._exit(1)
