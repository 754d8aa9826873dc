"""Columns of a chunk of a file as arrays: numbers, the urban flag, and the groups that clusters must not mix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from kmeans.arrays import BoolArray, FloatArray, IntArray
from sampling_units.errors import InvalidInput
from sampling_units.formatting import shortened

# Words for urban and rural in a column of text, in upper or lower case, unless the user names others.
_URBAN_WORDS = frozenset({"urban", "u", "true", "t", "yes", "y", "1"})
_RURAL_WORDS = frozenset({"rural", "r", "false", "f", "no", "n", "0"})


def is_number(data_type: pa.DataType) -> bool:
    """Whether ``numbers`` takes plain columns of this type.

    >>> is_number(pa.int8()), is_number(pa.string())
    (True, False)
    """
    return bool(pa.types.is_integer(data_type) or pa.types.is_floating(data_type) or pa.types.is_decimal(data_type))


def texts(values: pa.Array) -> list[str | None]:
    """Values as text, None for null; the text is the same on every machine.

    Binary values become hexadecimal digits, times in a time zone are in UTC. Nested types are not supported.

    >>> texts(pa.array([b"\\x01\\xff", None]))
    ['01ff', None]
    """
    data_type = values.type
    if pa.types.is_string(data_type) or pa.types.is_large_string(data_type):
        # Parquet does not check that text is valid UTF-8.
        raw = values.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode(errors="replace") for value in raw]
    is_bytes = pa.types.is_binary(data_type) or pa.types.is_large_binary(data_type)
    if is_bytes or pa.types.is_fixed_size_binary(data_type):
        return [None if value is None else value.hex() for value in values.to_pylist()]
    if pa.types.is_timestamp(data_type) and data_type.tz is not None:
        # Arrow looks zones up in a database that not every machine has.
        in_utc = values.cast(pa.timestamp(data_type.unit)).cast(pa.large_string()).to_pylist()
        return [None if value is None else f"{value}Z" for value in in_utc]
    return list(values.cast(pa.large_string()).to_pylist())


def numbers(column: pa.ChunkedArray, name: str, filename: str) -> tuple[FloatArray, BoolArray]:
    """Values of a numeric column, float64 (m,) with NaN for null, and which are null, bool (m,).

    Raises:
        InvalidInput: the column is not numeric.

    >>> values, is_null = numbers(pa.chunked_array([[1, None]]), "people", "cells.parquet")
    >>> values.tolist(), is_null.tolist()
    ([1.0, nan], [False, True])
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    data_type = column.type
    # A column of nothing but null may have no type.
    if not (is_number(data_type) or pa.types.is_null(data_type)):
        raise InvalidInput(f"has the type {shortened(data_type)}, not a number", filename=filename, column=name)
    if not pa.types.is_float64(data_type):
        column = column.cast(pa.float64(), safe=False)
    values: FloatArray = column.to_numpy()
    is_null = column.is_null().to_numpy() if column.null_count else np.zeros(len(values), bool)
    # Copied, because Arrow's own memory is read-only.
    return np.where(is_null, np.nan, values) if is_null.any() else values.astype(np.float64), is_null


def is_urban(
    column: pa.ChunkedArray, name: str, urban_values: Sequence[str], filename: str, first_row: int = 0
) -> BoolArray:
    """Which rows of a chunk are urban, bool (m,); null counts as rural.

    In a column of booleans or of 1 and 0, true is urban; in a column of text ``urban_values`` are, or the usual words.

    Args:
        column: the chunk of the column.
        name: of the column, for error messages.
        urban_values: values that mean urban; empty: the usual ones.
        filename: for error messages.
        first_row: row of the file at which the chunk begins; for error messages.

    Raises:
        InvalidInput: the column is of another type, or has a word that is not known.

    >>> is_urban(pa.chunked_array([["urban", "Rural", None]]), "kind", (), "cells.parquet").tolist()
    [True, False, False]
    """
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    data_type = column.type
    if pa.types.is_boolean(data_type) and not urban_values:
        return np.asarray(column.fill_null(False).to_numpy(), dtype=bool)
    is_text = pa.types.is_string(data_type) or pa.types.is_large_string(data_type) or data_type == pa.string_view()
    is_flag = pa.types.is_integer(data_type) or pa.types.is_floating(data_type)
    if not (is_text or is_flag or urban_values):
        message = f"has the type {shortened(data_type)}, but has to be boolean, text or 0 and 1"
        raise InvalidInput(f"{message} to tell urban from rural", filename=filename, column=name)
    try:
        text = column.cast(pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        message = f"has the type {shortened(data_type)} and values that are no text, so urban_values cannot name them"
        raise InvalidInput(message, filename=filename, column=name) from error
    if urban_values:
        return np.asarray(pc.is_in(text, pa.array(urban_values, pa.large_string())).to_numpy(), dtype=bool)
    known: BoolArray = np.zeros(len(column), bool)
    words = text.combine_chunks().dictionary_encode()
    codes = words.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    meaning = {"": False, **dict.fromkeys(_URBAN_WORDS, True), **dict.fromkeys(_RURAL_WORDS, False)}
    if pa.types.is_floating(data_type):
        # Null in a column of numbers that pandas wrote.
        meaning["nan"] = False
    found = [word or "" for word in texts(words.dictionary)]
    lower = [word.strip().lower() for word in found]
    for number, word in enumerate(lower):
        if word not in meaning:
            unknown = shortened(found[number])
            raise InvalidInput(
                f"the value is {unknown!r}, neither urban nor rural; name the urban ones with urban_values "
                "(--urban-value)",
                filename=filename,
                column=name,
                row=first_row + int(np.argmax(codes == number)),
                value=unknown,
            )
    known[codes >= 0] = np.array([meaning[word] for word in lower], bool)[codes[codes >= 0]] if lower else False
    return known


def encoded(column: pa.ChunkedArray, name: str, filename: str) -> pa.Array:
    """The column dictionary-encoded, so that a chunk holds each of its values once.

    Raises:
        InvalidInput: values of its type cannot be grouped, such as lists.

    >>> encoded(pa.chunked_array([["a", "b", "a"]]), "district", "cells.parquet").indices.to_pylist()
    [0, 1, 0]
    """
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    data_type = column.type
    try:
        column = column.cast(_sortable(data_type))
        array = column.combine_chunks().dictionary_encode()
        pc.array_sort_indices(array.dictionary)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        message = f"has the type {shortened(data_type)}, which has no groups"
        raise InvalidInput(message, filename=filename, column=name) from error
    return array


def _sortable(data_type: pa.DataType) -> pa.DataType:
    """The type in which Arrow can encode and sort values of another one."""
    if isinstance(data_type, pa.BaseExtensionType):
        return _sortable(data_type.storage_type)
    if pa.types.is_dictionary(data_type):
        # Decoded, to drop words of the dictionary that no row has.
        return _sortable(data_type.value_type)
    if pa.types.is_null(data_type):
        return pa.bool_()
    if pa.types.is_float16(data_type):
        return pa.float32()
    return {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}.get(data_type, data_type)


@dataclass(frozen=True)
class Grouping:
    """The groups of a file: the distinct combinations of values of some columns, in ascending order, null last.

    Attributes:
        number: int64 (n,), group of each row, 0 to g - 1.
        values: for each column an Arrow array with its value in each group, length g.
    """

    number: IntArray
    values: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(next(iter(self.values.values()))) if self.values else 1


def group(columns: dict[str, list[pa.Array]], n_rows: int) -> Grouping:
    """The groups of a file by the encoded chunks of its columns; without columns all rows are one group.

    >>> district = encoded(pa.chunked_array([["b", "a", "b"]]), "district", "cells.parquet")
    >>> group({"district": [district]}, 3).number.tolist()
    [1, 0, 1]
    """
    number = np.zeros(n_rows, np.int64)
    values: dict[str, pa.Array] = {}
    for name, arrays in columns.items():
        codes, ordered = _ranked(arrays)
        # One number for each pair of the group so far and the value, then renumbered without gaps.
        present, number = np.unique(number * (len(ordered) + 1) + codes, return_inverse=True)
        earlier, code = np.divmod(present, len(ordered) + 1)
        with_null = pa.concat_arrays([ordered, pa.nulls(1, ordered.type)])
        values = {other: array.take(pa.array(earlier)) for other, array in values.items()}
        values[name] = with_null.take(pa.array(code))
    return Grouping(number.astype(np.int64, copy=False), values)


def _ranked(arrays: list[pa.Array]) -> tuple[IntArray, pa.Array]:
    """Rank of each row's value among the sorted distinct ones, and these; null has the rank after the last."""
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    if not arrays:
        return np.empty(0, np.int64), pa.array([], pa.string())
    chunks = pa.chunked_array(arrays).unify_dictionaries().chunks
    # Unifying makes the last dictionary the longest; the others are its beginnings.
    distinct = max((chunk.dictionary for chunk in chunks), key=len)
    order = pc.array_sort_indices(distinct).to_numpy()
    rank = np.empty(len(order) + 1, np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = len(order)
    codes = [chunk.indices.fill_null(len(order)).to_numpy(zero_copy_only=False) for chunk in chunks]
    return rank[np.concatenate(codes).astype(np.int64)], distinct.take(pa.array(order))
