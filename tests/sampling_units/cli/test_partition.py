from itertools import pairwise

import numpy as np
import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from sampling_units.cli.split.partition import _buckets
from sampling_units.io.geo_file import ROW_GROUP_ROWS, regrouped


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


def test_chunks_are_full_whatever_they_are_made_of():
    rows = pa.table({"row": np.arange(2 * ROW_GROUP_ROWS + 5)})
    edges = [0, 7, 7, ROW_GROUP_ROWS, 2 * ROW_GROUP_ROWS + 5]
    chunks = list(regrouped(rows.slice(begin, end - begin) for begin, end in pairwise(edges)))
    assert [chunk.num_rows for chunk in chunks] == [ROW_GROUP_ROWS, ROW_GROUP_ROWS, 5]
    assert pa.concat_tables(chunks).equals(rows)
