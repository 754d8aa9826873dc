import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from cli.partition import _buckets


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=500), st.integers(1, 10**6))
@example([1] * 10_000, 1)
@example([10**6, 1, 1, 10**6], 10)
def test_buckets_are_few_and_no_larger_than_memory_allows(n_rows, most_rows):
    buckets = _buckets(np.array(n_rows), most_rows)
    assert [value for bucket in buckets for value in bucket] == list(range(len(n_rows)))
    assert len(buckets) <= 129
    for bucket in buckets:
        total = sum(n_rows[value] for value in bucket)
        assert len(bucket) == 1 or total <= max(most_rows, sum(n_rows) / 64)
