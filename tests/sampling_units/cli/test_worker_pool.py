import time
from multiprocessing import active_children, get_context

from sampling_units.cli.cluster.worker_pool import run_in_processes
from tests.sampling_units.cli.fatal_tasks import note_and_die_if_fatal, sleep_and_return


def run(tmp_path, n_tasks, fatal, n_processes=2):
    """Results by task, and how often each was started."""
    tasks = [(str(tmp_path), f"{number:03d}", number in fatal) for number in range(n_tasks)]
    found = {task[1]: result for task, result in run_in_processes(note_and_die_if_fatal, tasks, n_processes)}
    n_starts = {path.name: len(path.read_text().split()) for path in tmp_path.iterdir()}
    processes = {process for path in tmp_path.iterdir() for process in path.read_text().split()}
    return found, n_starts, processes


def test_every_task_has_its_result(tmp_path):
    found, n_starts, processes = run(tmp_path, 20, fatal=())
    assert found == {name: name for name in n_starts}
    assert set(n_starts.values()) == {1}
    assert len(processes) <= 2


def test_a_killed_process_costs_only_its_own_task_and_no_process_for_each_of_the_others(tmp_path):
    found, n_starts, processes = run(tmp_path, 60, fatal={1, 40})
    assert len(found) == 60
    assert {name for name, result in found.items() if result is None} == {"001", "040"}
    assert n_starts["001"] == n_starts["040"] == 2
    # Three pools of two processes, and twice the five tasks that may have been running when one was killed.
    assert len(processes) <= 3 * 2 + 2 * 5


def test_all_tasks_may_be_fatal(tmp_path):
    found, _, _ = run(tmp_path, 6, fatal=range(6))
    assert set(found.values()) == {None}
    assert len(found) == 6


def test_leaving_early_waits_for_nothing(tmp_path):
    tasks = [(str(tmp_path), f"{number:03d}", False) for number in range(200)]
    results = run_in_processes(note_and_die_if_fatal, tasks, 2)
    next(results)
    results.close()
    assert len(list(tmp_path.iterdir())) < 200


def test_leaving_early_ends_the_workers_and_no_other_process(tmp_path):
    other = get_context("spawn").Process(target=time.sleep, args=(60,))
    other.start()
    try:
        results = run_in_processes(sleep_and_return, [0.0, 60.0, 60.0], 2)
        assert next(results) == (0.0, 0.0)
        began = time.monotonic()
        results.close()
        assert time.monotonic() - began < 10
        assert active_children() == [other]
    finally:
        other.kill()
        other.join()
