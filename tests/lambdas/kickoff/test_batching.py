import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambdas.kickoff.batching import pack
from sampling_units.runs.batch_size import (
    MAX_BYTES_PER_BATCH,
    MAX_ENCODED_BYTES_PER_BATCH,
    MIN_BYTES_PER_BATCH,
    BatchLimits,
)
from sampling_units.runs.events import MAX_FILES_PER_BATCH, FileItem
from sampling_units.runs.work_time import BYTES_PER_CELL, working_seconds

LIMITS = BatchLimits.of()


def files(sizes):
    return [FileItem(f"{number}.parquet", size) for number, size in enumerate(sizes)]


@example([0, 0, 2 * MIN_BYTES_PER_BATCH + 1], 1)
@given(st.lists(st.integers(0, 3 * MAX_BYTES_PER_BATCH), max_size=300), st.integers(1, 1000))
def test_every_file_is_sent_once(sizes, max_concurrency):
    batches = pack(files(sizes), max_concurrency, LIMITS)
    sent = [file for batch in batches for file in batch.files]
    assert sorted(sent, key=lambda file: file.filename) == sorted(files(sizes), key=lambda file: file.filename)
    assert [batch.batch for batch in batches] == list(range(len(batches)))
    assert all(0 < len(batch.files) <= MAX_FILES_PER_BATCH for batch in batches)


def test_batches_balance_by_bytes():
    sizes = [(7919 * i) % 100_000 for i in range(5000)]
    weights = [sum(file.bytes for file in batch.files) for batch in pack(files(sizes), 20, LIMITS)]
    assert max(weights) <= 1.2 * min(weights)


def test_large_files_travel_alone():
    batches = pack(files([MAX_BYTES_PER_BATCH, *[1000] * 50]), 1, LIMITS)
    assert [len(batch.files) for batch in batches if batch.files[0].bytes == MAX_BYTES_PER_BATCH] == [1]


@pytest.mark.parametrize(("n", "expected"), [(0, 0), (1, 1), (MAX_FILES_PER_BATCH + 1, 2)])
def test_small_files_share_an_invocation(n, expected):
    assert len(pack(files([10] * n), 500, LIMITS)) == expected


def test_work_is_spread_over_the_executions():
    assert len(pack(files([MIN_BYTES_PER_BATCH] * 16), 4, LIMITS)) == 16
    assert len(pack(files([MIN_BYTES_PER_BATCH] * 160), 4, LIMITS)) == 16


@pytest.mark.parametrize(("memory", "timeout"), [(1769, 5), (512, 5), (1769, 1), (512, 1), (3008, 15)])
def test_a_batch_is_expected_to_end_long_before_the_timeout(memory, timeout):
    limits = BatchLimits.of(memory, timeout)
    sizes = [(7919 * i) % 40_000 for i in range(2000)] + [200_000] * 50
    for batch in pack(files(sizes), 1, limits):
        cells = sum(file.bytes for file in batch.files) / BYTES_PER_CELL
        assert working_seconds(len(batch.files), cells, memory) < 60 * timeout / 2


def test_a_hundred_thousand_files_balance_too():
    sizes = [(7919 * i) % 100_003 for i in range(100_000)]
    weights = [sum(file.bytes for file in batch.files) for batch in pack(files(sizes), 500, LIMITS)]
    assert max(weights) <= 1.2 * min(weights)


@pytest.mark.parametrize("character", ["d", '"', "\\", "<", "é", "ก", "\U0001f4a3"])
@pytest.mark.parametrize("n_long", [1, 400])
def test_long_names_share_a_batch_with_as_many_as_the_state_machine_carries(character, n_long):
    size = len(character.encode())
    long = [FileItem(f"{number:06d}{character * (1000 // size)}.parquet", 10) for number in range(n_long)]
    batches = pack(files([10] * (400 - n_long)) + long, 500, LIMITS)
    assert sum(len(batch.files) for batch in batches) == 400
    for batch in batches:
        # As kickoff writes it, and as whoever passes it on may.
        for encoded in (msgspec.json.encode(batch), json.dumps(msgspec.to_builtins(batch)).encode()):
            assert len(encoded) <= MAX_ENCODED_BYTES_PER_BATCH + 100
