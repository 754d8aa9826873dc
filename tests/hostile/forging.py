"""Parquet files whose footer and page headers say what a test wants them to say."""

import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.hostile.thrift import BINARY, I32, I64, LIST, STRUCT, Field, Reader, Struct, encode, varint

MAGIC = b"PAR1"
# Numbers of the Parquet format.
BOOLEAN, INT32, INT64, DOUBLE, BYTE_ARRAY = 0, 1, 2, 5, 6
REQUIRED, OPTIONAL, REPEATED = 0, 1, 2
PLAIN, RLE_DICTIONARY, DELTA_BINARY_PACKED = 0, 8, 5
UNCOMPRESSED, SNAPPY, GZIP, ZSTD = 0, 1, 2, 6
DATA_PAGE, DICTIONARY_PAGE = 0, 2

GEO = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}


def number(value: int) -> Field:
    return Field(I32, value)


def long(value: int) -> Field:
    return Field(I64, value)


def text(value: str | bytes) -> Field:
    return Field(BINARY, value.encode() if isinstance(value, str) else value)


def structs(values: Sequence[Struct]) -> Field:
    return Field(LIST, (STRUCT, list(values)))


def footer_of(content: bytes) -> Struct:
    (length,) = struct.unpack("<I", content[-8:-4])
    return Reader(content, len(content) - 8 - length).struct()


def with_footer(content: bytes, change: Callable[[Struct], object]) -> bytes:
    """The file with ``change`` made to the metadata in its footer; pages stay where they are."""
    (length,) = struct.unpack("<I", content[-8:-4])
    footer = footer_of(content)
    change(footer)
    return content[: -8 - length] + _closed(encode(footer))


def with_raw_footer(content: bytes, footer: bytes) -> bytes:
    (length,) = struct.unpack("<I", content[-8:-4])
    return content[: -8 - length] + _closed(footer)


def _closed(footer: bytes) -> bytes:
    return footer + struct.pack("<I", len(footer)) + MAGIC


def schema_element(footer: Struct, column: int) -> Struct:
    """Description of a column; -1 is the root."""
    return footer[2].value[1][column + 1]


def row_group(footer: Struct, group: int = 0) -> Struct:
    return footer[4].value[1][group]


def chunk(footer: Struct, column: int, group: int = 0) -> Struct:
    """Metadata of a column in a row group."""
    return row_group(footer, group)[1].value[1][column][3].value


@dataclass(frozen=True)
class Page:
    """A page; ``header`` replaces fields of its header, ``size`` what it says to be its size when decompressed."""

    body: bytes
    n_values: int
    kind: int = DATA_PAGE
    encoding: int = PLAIN
    size: int | None = None
    header: Struct = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        if self.kind == DICTIONARY_PAGE:
            described = {7: Field(STRUCT, {1: number(self.n_values), 2: number(self.encoding)})}
        else:
            fields = {1: self.n_values, 2: self.encoding, 3: 3, 4: 3}
            described = {5: Field(STRUCT, {place: number(value) for place, value in fields.items()})}
        size = len(self.body) if self.size is None else self.size
        header = {1: number(self.kind), 2: number(size), 3: number(len(self.body))} | described | self.header
        return encode(dict(sorted(header.items()))) + self.body


@dataclass(frozen=True)
class Column:
    """A column of a handmade file, required unless ``element`` says otherwise.

    Attributes:
        pages: its pages; one row group.
        n_values: what the footer says of it.
        element: replaces fields of its entry in the schema.
    """

    name: str
    kind: int
    pages: Sequence[Page]
    n_values: int
    codec: int = UNCOMPRESSED
    element: Struct = field(default_factory=dict)


def handmade(columns: Sequence[Column], n_rows: int, geo: object = None) -> bytes:
    """A file of these columns; without ``geo`` it is plain Parquet."""
    content, chunks = bytearray(MAGIC), []
    for column in columns:
        begin = len(content)
        offsets = []
        for page in column.pages:
            offsets.append(len(content))
            content += page.to_bytes()
        size = len(content) - begin
        has_dictionary = column.pages[0].kind == DICTIONARY_PAGE
        decompressed = size + sum((page.size or len(page.body)) - len(page.body) for page in column.pages)
        described = {
            1: number(column.kind),
            2: Field(LIST, (I32, sorted({page.encoding for page in column.pages}))),
            3: Field(LIST, (BINARY, [column.name.encode()])),
            4: number(column.codec),
            5: long(column.n_values),
            6: long(decompressed),
            7: long(size),
            9: long(offsets[1] if has_dictionary and len(offsets) > 1 else begin),
        } | ({11: long(begin)} if has_dictionary else {})
        chunks.append({2: long(begin), 3: Field(STRUCT, described)})
    elements: list[Struct] = [{4: text("schema"), 5: number(len(columns))}]
    for column in columns:
        element = {1: number(column.kind), 3: number(REQUIRED), 4: text(column.name)} | column.element
        elements.append(dict(sorted(element.items())))
    group = {1: structs(chunks), 2: long(len(content)), 3: long(n_rows)}
    footer = {1: number(2), 2: structs(elements), 3: long(n_rows), 4: structs([group])}
    if geo is not None:
        footer[5] = structs([{1: text("geo"), 2: text(json.dumps(geo))}])
    return bytes(content) + _closed(encode(footer))


def doubles(name: str, values: Sequence[float], **more: object) -> Column:
    """A plain column of numbers."""
    body = struct.pack(f"<{len(values)}d", *values)
    return Column(name, DOUBLE, [Page(body, len(values))], len(values), **more)  # type: ignore[arg-type]


def repeated(name: str, kind: int, value: bytes, n_values: int) -> Column:
    """A column with the same value ``n_values`` times, in a few bytes: a dictionary and runs."""
    pages = [Page(value, 1, DICTIONARY_PAGE)]
    most = 2**30
    for begin in range(0, n_values, most):
        count = min(most, n_values - begin)
        pages.append(Page(b"\x01" + varint(count << 1) + b"\0", count, encoding=RLE_DICTIONARY))
    return Column(name, kind, pages, n_values)


def byte_array(value: bytes) -> bytes:
    return struct.pack("<I", len(value)) + value
