"""Names of a megabyte, and names that cannot be printed: errors repeat them, and stay short and in one line."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tests.hostile.cases import Case, EventCase
from tests.hostile.event_cases import ONE
from tests.hostile.good_files import N_ROWS, cells_file, with_columns
from tests.support.geoparquet_files import file_bytes

LONGEST = 1024
MEGABYTE = 10**6


def cases() -> Iterator[Case]:
    for name, column in {
        "NUL": "a\0b", "a newline": "a\nb", "an escape sequence": "\x1b[31mred", "right to left": "\u202egnp.exe",
        "10,000 characters": "x" * 10_000, "a megabyte": "x" * MEGABYTE,
    }.items():  # fmt: skip
        params = {"weight_column": column}
        yield Case(f"weights, as text, called {name}", with_columns(**{column: ["1"] * N_ROWS}), params)
    long = "g" * MEGABYTE
    geo = {"version": "1.1.0", "primary_column": long, "columns": {long: {"encoding": "WKB"}}}
    columns = {"population": np.ones(N_ROWS), long: pa.nulls(N_ROWS, pa.binary())}
    yield Case("geometry column of a megabyte of name, all null", file_bytes(columns, geo=geo))
    yield Case("key with NUL behind the suffix", None, key="a.parquet\0.txt")
    yield Case("key of 2,000 bytes", None, key="a" * 2000 + ".parquet")
    yield Case("key of a megabyte", None, key="a" * MEGABYTE + ".parquet")
    yield Case("key of a megabyte without suffix", None, key="b" * MEGABYTE)
    yield Case("key that is too long with `clustered_`", cells_file(), key="c" * (LONGEST - 8) + ".parquet")
    yield Case("key of 1,024 bytes in 519 letters", cells_file(), key="\u00e9" * 508 + ".parquet")


def events() -> Iterator[EventCase]:
    for name, changes in {
        "unknown field of a megabyte": {"x" * MEGABYTE: 1},
        "unknown field with newlines": {"a\nb": 1},
        "unknown field of half a character": {"\ud800": 1},
        "params: unknown, of a megabyte": {"params": {"z" * MEGABYTE: 1}},
        "params: column_prefix of a megabyte": {"params": {"column_prefix": "a" * MEGABYTE}},
        "params: weight_column of half a character": {"params": {"weight_column": "\ud800"}},
        "params: urban_values of half a character": {"params": {"urban_values": ["\udfff"]}},
    }.items():
        event: dict[str, Any] = ONE | changes
        yield EventCase(name, event)
