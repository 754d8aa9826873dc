"""Stopping ``kmeans cluster`` by a signal: what is finished stays, nothing else does."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pytest

from sampling_units.cli.stop_signals import Stopped, stop_signals
from tests.sampling_units.cli.processes import eventually, group_members
from tests.support.geoparquet_files import cell_file, read_table

N_FILES = 60


@pytest.fixture
def start(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(N_FILES):
        (tmp_path / "in" / f"{number}.parquet").write_bytes(cell_file(3000, seed=number))
    started = []

    def run(*options):
        command = [
            sys.executable,
            "-m",
            "sampling_units",
            "cluster",
            str(tmp_path / "in"),
            "--out",
            str(tmp_path / "out"),
        ]
        command += ["--target-weight", "40", "--weight-column", "population", "--radius", "300", "--jobs", "2"]
        process = subprocess.Popen(
            [*command, *options],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            # A shell that runs this in the background has it ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (it takes no lock)
            start_new_session=True,
        )
        started.append(process)
        assert eventually(lambda: list(tmp_path.glob("out/clustered_*")), seconds=60)
        return process

    yield run
    for process in started:
        process.stderr.close()
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def nothing_is_left_of(process, seconds):
    return eventually(lambda: group_members(process.pid) == [], seconds)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_leaves_finished_files_only_and_says_so(start, tmp_path, number):
    process = start()
    process.send_signal(number)
    errors = process.stderr.read()
    process.wait(10)
    assert process.returncode == 128 + number
    assert f"of {N_FILES} files are finished. The same command goes on from here." in errors
    assert "Traceback" not in errors
    assert nothing_is_left_of(process, seconds=2)
    finished = list((tmp_path / "out").glob("*.parquet"))
    assert 0 < len(finished) < N_FILES
    for path in finished:
        assert read_table(path.read_bytes()).num_rows == 3000
    frames = set((tmp_path / "out" / "frame").iterdir())
    assert {path.parent / "frame" / path.name.removeprefix("clustered_") for path in finished} <= frames
    assert {path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file()} == {".parquet"}


def test_control_c_reaches_the_workers_too_and_they_leave_it_to_the_parent(start):
    process = start("--force")
    os.killpg(process.pid, signal.SIGINT)
    errors = process.stderr.read()
    process.wait(10)
    assert process.returncode == 130
    assert "Run it without --force to go on." in errors
    assert "Traceback" not in errors
    assert nothing_is_left_of(process, seconds=2)


def test_workers_end_when_their_parent_is_killed(start):
    process = start()
    assert len(group_members(process.pid)) >= 3
    process.kill()
    process.wait(10)
    assert nothing_is_left_of(process, seconds=15)


def test_a_second_signal_does_not_disturb_the_cleaning_up():
    def clean_up_while_another_comes():
        with stop_signals():
            try:
                signal.raise_signal(signal.SIGTERM)
            finally:
                signal.raise_signal(signal.SIGHUP)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped:
        clean_up_while_another_comes()
    assert stopped.value.exit_status == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_signals():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
