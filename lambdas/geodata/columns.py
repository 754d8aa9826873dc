"""Columns of a piece of a file as arrays: numbers, the urban flag, and the groups that clusters must not mix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lambdas.contract.errors import InvalidInput
from lambdas.geodata.geometry import FloatArray, IntArray

BoolArray = npt.NDArray[np.bool_]

# What a column of text says of urban and rural rows, in any case, unless the user names the words.
_URBAN_WORDS = frozenset({"urban", "u", "true", "t", "yes", "y", "1"})
_RURAL_WORDS = frozenset({"rural", "r", "false", "f", "no", "n", "0"})


def numbers(column: pa.ChunkedArray, name: str, filename: str) -> tuple[FloatArray, BoolArray]:
    """Values of a numeric column, float64 (m,) with NaN for null, and which are null, bool (m,).

    Raises:
        InvalidInput: the column is not numeric.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    data_type = column.type
    if not (pa.types.is_integer(data_type) or pa.types.is_floating(data_type) or pa.types.is_decimal(data_type)):
        raise InvalidInput(f"has the type {data_type}, not a number", filename=filename, column=name)
    values: FloatArray = column.cast(pa.float64(), safe=False).to_numpy()
    is_null = column.is_null().to_numpy() if column.null_count else np.zeros(len(values), bool)
    # Arrow lends its memory, which is read-only where nothing had to be converted.
    return np.where(is_null, np.nan, values) if is_null.any() else values.astype(np.float64), is_null


def is_urban(column: pa.ChunkedArray, name: str, urban_values: Sequence[str], filename: str) -> BoolArray:
    """Which rows are urban, bool (m,); null counts as rural.

    A boolean column says it itself, 1 and 0 do, and a column of text by ``urban_values``, or else by the usual words.

    Raises:
        InvalidInput: the column is of another type, or has a word that is not known.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_boolean(column.type) and not urban_values:
        return np.asarray(column.fill_null(False).to_numpy(), dtype=bool)
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (is_text or column.type == pa.string_view() or pa.types.is_integer(column.type) or urban_values):
        message = f"has the type {column.type}, but has to be boolean, text or 0 and 1 to tell urban from rural"
        raise InvalidInput(message, filename=filename, column=name)
    text = column.cast(pa.large_string())
    if urban_values:
        return np.asarray(pc.is_in(text, pa.array(urban_values, pa.large_string())).to_numpy(), dtype=bool)
    known: BoolArray = np.zeros(len(column), bool)
    words = text.combine_chunks().dictionary_encode()
    meaning = {"": False, **dict.fromkeys(_URBAN_WORDS, True), **dict.fromkeys(_RURAL_WORDS, False)}
    lower = [word.strip().lower() for word in words.dictionary.to_pylist()]
    for number, word in enumerate(lower):
        if word not in meaning:
            unknown = words.dictionary[number].as_py()
            raise InvalidInput(
                f"the value is {unknown!r}, neither urban nor rural; name the urban ones with urban_values "
                "(--urban-value)",
                filename=filename,
                column=name,
                value=unknown,
            )
    codes = words.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    known[codes >= 0] = np.array([meaning[word] for word in lower], bool)[codes[codes >= 0]] if lower else False
    return known


def encoded(column: pa.ChunkedArray, name: str, filename: str) -> pa.Array:
    """The column dictionary-encoded, so that a piece holds each of its values once.

    Raises:
        InvalidInput: its type has no groups, such as lists.
    """
    data_type = column.type
    try:
        if pa.types.is_dictionary(data_type):
            # Without what the dictionary has and the rows do not.
            column = column.cast(data_type.value_type)
        if pa.types.is_null(data_type):
            column = column.cast(pa.bool_())
        if column.type in (pa.string_view(), pa.binary_view()):
            column = column.cast(pa.large_string() if column.type == pa.string_view() else pa.large_binary())
        array = column.combine_chunks().dictionary_encode()
        pc.array_sort_indices(array.dictionary)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise InvalidInput(f"has the type {data_type}, which has no groups", filename=filename, column=name) from error
    return array


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


def group(pieces: dict[str, list[pa.Array]], n_rows: int) -> Grouping:
    """Join the encoded pieces of the columns; without columns all rows are one group."""
    number = np.zeros(n_rows, np.int64)
    values: dict[str, pa.Array] = {}
    for name, arrays in pieces.items():
        codes, ordered = _ranked(arrays)
        # One number for the pair of the group so far and the value; then without gaps.
        present, number = np.unique(number * (len(ordered) + 1) + codes, return_inverse=True)
        earlier, code = np.divmod(present, len(ordered) + 1)
        with_null = pa.concat_arrays([ordered, pa.nulls(1, ordered.type)])
        values = {other: array.take(pa.array(earlier)) for other, array in values.items()}
        values[name] = with_null.take(pa.array(code))
    return Grouping(number.astype(np.int64, copy=False), values)


def _ranked(arrays: list[pa.Array]) -> tuple[IntArray, pa.Array]:
    """Rank of each row's value among the sorted distinct ones, and these; null has the rank after the last."""
    if not arrays:
        return np.empty(0, np.int64), pa.array([], pa.string())
    pieces = pa.chunked_array(arrays).unify_dictionaries().chunks
    # Unifying makes the last dictionary the longest; the others are its beginnings.
    distinct = max((piece.dictionary for piece in pieces), key=len)
    order = pc.array_sort_indices(distinct).to_numpy()
    rank = np.empty(len(order) + 1, np.int64)
    rank[order] = np.arange(len(order))
    rank[-1] = len(order)
    codes = [piece.indices.fill_null(len(order)).to_numpy(zero_copy_only=False) for piece in pieces]
    return rank[np.concatenate(codes).astype(np.int64)], distinct.take(pa.array(order))
