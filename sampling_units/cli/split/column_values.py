"""The values of a column of a Parquet file, and how many rows have each: found without reading the other columns."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kmeans.arrays import IntArray
from sampling_units.cli.row_progress import Advance
from sampling_units.errors import InvalidInput
from sampling_units.io import columns
from sampling_units.io.geo_file import GeoFile

# More values than this mean that the column is the wrong one, and folders of more files are slow.
_MOST_VALUES = 100_000
_COUNTING = "counting"

# Types that Arrow cannot look up, sort or reorder, and the types to use instead.
STAND_INS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}


@dataclass(frozen=True)
class Values:
    """The values of a column.

    Attributes:
        column: its name.
        distinct: the values in ascending order, null last.
        n_rows: int64 (k,), rows of each.
    """

    column: str
    distinct: pa.Array
    n_rows: IntArray

    def number(self, table: pa.Table) -> IntArray:
        """Number in ``distinct`` of the value of each row of a chunk of the file, int64 (m,)."""
        found = pc.index_in(_comparable(table[self.column]), value_set=self.distinct)
        return np.asarray(found.to_numpy(), dtype=np.int64)

    def texts(self) -> list[str | None]:
        """The values as text, None for null; binary values in hexadecimal digits, times in UTC."""
        return columns.texts(self.distinct)


def count_values(file: GeoFile, column: str, advance: Advance) -> Values:
    """The values of ``column`` and how many rows have each; only this column is read.

    Raises:
        InvalidInput: there is no such column, its values cannot name files, or there are too many of them.
    """
    data_type = file.require_column(column)
    if pa.types.is_nested(data_type):
        raise InvalidInput(
            f"has the type {data_type}, whose values cannot name files", filename=file.filename, column=column
        )
    distinct, n_rows = None, np.zeros(0, np.int64)
    for table in file.tables([column]):
        values, counts = pc.value_counts(_comparable(table[column])).flatten()
        distinct = values if distinct is None else pc.unique(pa.concat_arrays([distinct, values]))
        if len(distinct) > _MOST_VALUES:
            raise InvalidInput(
                f"has more than {_MOST_VALUES:,} values, each of which would become a file; split by a coarser column",
                filename=file.filename,
                column=column,
            )
        n_rows = np.pad(n_rows, (0, len(distinct) - len(n_rows)))
        n_rows[pc.index_in(values, value_set=distinct).to_numpy()] += counts.to_numpy()
        advance(_COUNTING, table.num_rows, file.n_rows)
    if distinct is None or len(distinct) == 0:
        raise InvalidInput("has no rows, so there is nothing to split", filename=file.filename)
    order = pc.sort_indices(distinct)
    return Values(column, distinct.take(order), n_rows[order.to_numpy()])


def _comparable(column: pa.ChunkedArray) -> pa.Array:
    """The column in a type that Arrow can look up and sort."""
    data_type = column.type
    if isinstance(data_type, pa.BaseExtensionType):
        data_type = data_type.storage_type
    if pa.types.is_dictionary(data_type):
        data_type = data_type.value_type
    data_type = pa.float32() if pa.types.is_float16(data_type) else STAND_INS.get(data_type, data_type)
    # Not `combine_chunks`, which leaves the chunks of long text as they are.
    return pa.concat_arrays(column.cast(data_type).chunks or [pa.array([], data_type)])
