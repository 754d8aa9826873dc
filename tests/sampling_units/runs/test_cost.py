import json
import math
import subprocess
import sys

import pytest

from benchmarks.page import cost_rows
from lambdas.kickoff.batching import pack
from sampling_units.runs.batch_size import BatchLimits
from sampling_units.runs.cost import FunctionSize, cost_of_work, estimate_cost
from sampling_units.runs.events import FileItem
from sampling_units.runs.work_time import BYTES_PER_CELL, SECONDS_PER_CELL, SECONDS_PER_FILE
from tests.support.project import PROJECT

NATION = (42_010, 34_608_077)


def test_a_nation_costs_less_than_a_coffee():
    estimate = estimate_cost(*NATION, max_concurrency=500)
    assert estimate.n_batches == 1585
    assert 0 < estimate.total_dollars < 3
    assert estimate.total_dollars == pytest.approx(sum(estimate.dollars.values()))
    assert estimate.duration_seconds < 300


def test_what_is_paid_for_grows_with_the_files():
    one, nation, world = (estimate_cost(n, 824 * n, max_concurrency=1000) for n in (1, 42_010, 10_000_000))
    assert one.total_dollars < nation.total_dollars < world.total_dollars
    for item in one.dollars:
        assert one.dollars[item] < nation.dollars[item] < world.dollars[item]
    # A fixed part is spread over more and more files.
    assert world.total_dollars / 10_000_000 < nation.total_dollars / 42_010 < one.total_dollars


def test_prices_are_those_of_the_price_list():
    estimate = estimate_cost(1000, 1_000_000, max_concurrency=10)
    assert estimate.n_batches == 40
    assert estimate.dollars["Lambda compute"] == pytest.approx(estimate.gb_seconds * 0.0000133334)
    assert estimate.dollars["Step Functions transitions"] == pytest.approx(90 * 25e-6)
    assert estimate.dollars["Lambda requests"] == pytest.approx(42 * 0.2e-6)
    assert estimate.dollars["S3 requests"] == pytest.approx(2083 * 5e-6 + 2080 * 0.4e-6)


@pytest.mark.parametrize(("n_files", "size", "concurrency"), [(500, 20_000, 500), (3, 0, 8), (10_000, 1_000_000, 10)])
def test_batches_are_those_of_the_kickoff_function(n_files, size, concurrency):
    files = [FileItem(f"{number}.parquet", size) for number in range(n_files)]
    estimate = estimate_cost(n_files, n_bytes=n_files * size, max_concurrency=concurrency)
    assert estimate.n_batches == len(pack(files, concurrency, BatchLimits.of()))


def test_files_that_are_done_cost_only_a_look():
    again = estimate_cost(0, 0, n_done=42_010)
    assert again.dollars["S3 requests"] == pytest.approx(2 * 42_010 * 0.4e-6 + 211 * 5e-6)
    assert again.total_dollars < estimate_cost(*NATION).total_dollars / 10
    assert again.duration_seconds > 60


def test_work_that_was_done_costs_what_was_estimated_for_it():
    estimate = estimate_cost(*NATION, max_concurrency=100)
    working = estimate.compute_seconds - 2.0 * 100
    options = {"n_done": 0, "max_concurrency": 100, "memory_mb": 1769, "architecture": "arm64"}
    done = cost_of_work(working, n_files=NATION[0], n_batches=estimate.n_batches, **options)
    assert done == pytest.approx(estimate.total_dollars)
    half = cost_of_work(working / 2, n_files=NATION[0] // 2, n_batches=estimate.n_batches // 2, **options)
    assert done / 3 < half < done


def test_half_the_memory_is_half_the_processor():
    whole, half = (estimate_cost(*NATION, function=FunctionSize(memory_mb=memory)) for memory in (1769, 885))
    assert whole.compute_seconds < half.compute_seconds < 2 * whole.compute_seconds
    # More of it speeds nothing up: a file is clustered on one core.
    assert estimate_cost(*NATION, function=FunctionSize(memory_mb=3538)).compute_seconds == whole.compute_seconds


def test_bytes_stand_for_cells():
    assert estimate_cost(10, n_bytes=1200) == estimate_cost(10, math.ceil(1200 / BYTES_PER_CELL))


def test_nothing_costs_next_to_nothing():
    estimate = estimate_cost(0, 0)
    assert estimate.n_batches == 0
    assert estimate.duration_seconds == 0
    assert estimate.total_dollars < 0.001


@pytest.mark.parametrize("wrong", [{}, {"n_cells": -1}, {"n_cells": 1, "max_concurrency": 0}])
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="have to be"):
        estimate_cost(1, **wrong)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ({"n_files": 1, "n_cells": 1_000_000_000}, "stopped after 5"),
        ({"n_files": 10_000_000, "n_cells": 1}, "memory for 1,000,000 files"),
        ({"n_files": 0, "n_cells": 0, "n_done": 500_000}, "kickoff is stopped after 15"),
        ({"n_files": 1, "n_cells": 1, "function": FunctionSize(memory_mb=128)}, "512 MB are the least"),
    ],
)
def test_a_run_that_would_not_end_well_says_so(run, message):
    assert message in estimate_cost(**run).warnings[-1]
    assert estimate_cost(*NATION).warnings == []


def test_the_seconds_are_those_of_the_benchmark():
    measured = json.loads((PROJECT / "benchmarks" / "results" / "nation.json").read_text())
    assert pytest.approx(measured["seconds_per_file"], rel=0.3) == SECONDS_PER_FILE
    assert pytest.approx(measured["seconds_per_cell"], rel=0.3) == SECONDS_PER_CELL


def test_the_table_in_the_docs_is_what_the_model_says():
    assert cost_rows() in (PROJECT / "docs" / "cost.md").read_text()


def test_the_command_prints_what_the_model_says():
    command = [sys.executable, "-m", "sampling_units", "cost", "--files", "42010", "--cells", "34608077"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, cwd=PROJECT).stdout
    assert f"${estimate_cost(*NATION).total_dollars:,.4f}" in printed
    as_json = json.loads(subprocess.run([*command, "--json"], capture_output=True, check=True, cwd=PROJECT).stdout)
    assert as_json["total_dollars"] == pytest.approx(estimate_cost(*NATION).total_dollars)


def test_the_command_asks_for_cells_or_bytes():
    command = [sys.executable, "-m", "sampling_units", "cost", "--files", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT)
    assert done.returncode == 2
    assert "either --cells or --bytes" in done.stderr
