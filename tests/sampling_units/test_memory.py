"""What the limit of a function's memory admits, in processes of their own."""

import subprocess
import sys

import pytest

from sampling_units import memory
from tests.support.project import PROJECT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the function runs there")

# Many blocks are freed, but a block in use at their end keeps the heap from shrinking.
AFTER_A_LARGE_FILE = """
import os
os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = "1000"
from sampling_units import memory
memory.prepare()
import numpy as np
freed = [np.ones(12_000) for _ in range(6000)]
last = np.ones(12_000)
del freed
memory.release_free_memory()
print(memory._free_bytes() // 2**20)
memory.require("a.parquet", 600 * 2**20, "1 row")
again = [np.ones(12_000) for _ in range(6000)]
try:
    memory.require("a.parquet", 600 * 2**20, "1 row")
except memory.FileTooLarge as error:
    print(error)
"""


def test_what_an_earlier_file_has_freed_can_be_used_again():
    command = [sys.executable, "-c", AFTER_A_LARGE_FILE]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    free, refusal = done.stdout.splitlines()
    assert int(free) > 500
    assert "has 1 row, which takes about 1," in refusal


def test_the_free_bytes_are_those_of_the_allocator():
    assert 0 <= memory._free_bytes() < 2**40
