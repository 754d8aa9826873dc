"""Files that are no Parquet, or whose bytes, pages and footers lie."""

import io
import struct
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile import forging
from tests.hostile.cases import Case
from tests.hostile.forging import chunk, long, number, row_group, schema_element, structs, text, with_footer
from tests.hostile.good_files import N_ROWS, cells_file
from tests.hostile.thrift import BINARY, I32, LIST, STRUCT, Field, Struct, encode

MOST_32, MOST_64 = 2**31 - 1, 2**63 - 1


def cases() -> Iterator[Case]:
    yield from _no_parquet()
    yield from _truncated()
    yield from _footer_lengths()
    yield from _raw_footers()
    yield from _flipped()
    yield from _footer_lies()
    yield from _schema_lies()


def odd() -> Iterator[Case]:
    """What no reader of Parquet looks at."""
    good = cells_file()
    yield Case("nothing wrong", good)
    yield Case("nothing wrong, with checksums", cells_file(write_page_checksum=True))
    yield Case("nothing wrong, compressed", cells_file(compression="zstd"))
    yield Case("magic of ORC at the beginning", b"ORC" + good[3:])
    for values in (7, 10**9, MOST_64):
        yield _lie(f"column says {values} values", {5: long(values)})
    for offset in (-1, 10**9, MOST_64):
        yield _lie(f"dictionary page at {offset} of pages without one", {11: long(offset)})
    yield _lie("path of a column that is not in the schema", {3: Field(LIST, (BINARY, [b"elsewhere", b"x"]))})
    yield _lie("path of no parts", {3: Field(LIST, (BINARY, []))})
    yield _lie("encryption of an unknown kind", {8: Field(STRUCT, {1: Field(STRUCT, {})})}, None)
    for name, change in {
        "row group of six columns of three": lambda columns: columns.extend(columns[:3]),
        "column in another file": lambda columns: columns[1].update({1: text("../../etc/passwd")}),
    }.items():
        changed = with_footer(good, lambda footer, change=change: change(row_group(footer)[1].value[1]))
        yield Case(name, changed)


def _no_parquet() -> Iterator[Case]:
    good = cells_file()
    for name, content in {
        "empty": b"",
        "one byte": b"P",
        "magic only": b"PAR1",
        "magic twice": b"PAR1PAR1",
        "text": b"longitude,latitude\n121,14\n",
        "zeros": bytes(5000),
        "gzip": b"\x1f\x8b" + bytes(200),
        "Arrow file": _arrow_file(),
        "wrong magic at both ends": b"PAR2" + good[4:-4] + b"PAR2",
        "wrong magic at the end": good[:-4] + b"1RAP",
        "encrypted footer": b"PARE" + good[4:-4] + b"PARE",
        "encrypted magic at the end only": good[:-4] + b"PARE",
        "last byte missing": good[:-1],
        "a byte too many": good + b"\0",
        "a newline too many": good + b"\n",
        "HTML of a proxy": b"<html><body>403 Forbidden</body></html>",
        "pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n",
        "upper case as by a text editor": good.upper(),
        "newlines as by FTP": good.replace(b"\0", b"\r\n"),
        "read as UTF-8 and written again": good.decode(errors="replace").encode(),
    }.items():
        yield Case(name, content)


def _arrow_file() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"population": [1.0]})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _truncated() -> Iterator[Case]:
    """An upload that broke off; and one of which the beginning is missing."""
    good = cells_file()
    for percent in (1, 5, 10, 25, 40, 50, 60, 75, 85, 90, 95, 98, 99):
        yield Case(f"only the first {percent} %", good[: len(good) * percent // 100])
    for n_bytes in (4, 8, 9, 12, 100):
        yield Case(f"last {n_bytes} bytes missing", good[:-n_bytes])
    for n_bytes in (5, 500, 1500):
        yield Case(f"first {n_bytes} bytes missing", good[n_bytes:])
    yield Case("pages missing, footer whole", forging.MAGIC + good[-(struct.unpack("<I", good[-8:-4])[0] + 8) :])
    yield Case("a hole of 200 bytes in the pages", good[:400] + good[600:])


def _footer_lengths() -> Iterator[Case]:
    good = cells_file()
    (length,) = struct.unpack("<I", good[-8:-4])
    for said in (0, 1, 8, length - 1, length + 1, length // 2, len(good) - 8, len(good), 2**31 - 1, 2**31, 2**32 - 1):
        yield Case(f"footer of {said} bytes", good[:-8] + struct.pack("<I", said) + forging.MAGIC)


def _raw_footers() -> Iterator[Case]:
    good = cells_file()
    deep = b"\x1c" * 5000 + b"\0" * 5001
    for name, footer in {
        "footer of zeros": bytes(300),
        "footer of ones": b"\xff" * 300,
        "footer of structs in structs": deep,
        "footer of lists in lists": b"\x19" * 5000,
        "footer with a list of 4 billion row groups": b"\x15\x02\x19\xfc\xff\xff\xff\xff\x0f",
        "footer with a text of 4 GB": b"\x15\x02\x68\xff\xff\xff\xff\x0f",
        "footer with a text of negative length": b"\x15\x02\x68" + b"\xff" * 9 + b"\x01",
        "footer with an endless number": b"\x15" + b"\xff" * 300,
        "footer without fields": b"\0",
        "footer in JSON": b'{"schema": []}' * 10,
        "footer of 2 million empty row groups": _many_row_groups(),
    }.items():
        yield Case(name, forging.with_raw_footer(good, footer))


def _many_row_groups() -> bytes:
    footer = forging.footer_of(cells_file())
    footer[4] = structs([])
    before = encode({place: footer[place] for place in (1, 2, 3)})[:-1]
    # A list of structs without any field, a byte each.
    return before + b"\x19\xfc\x80\x89\x7a" + bytes(2_000_000) + b"\0"


def _flipped() -> Iterator[Case]:
    """Single bytes that turned over in the parts that say how to read the others."""
    good = cells_file()
    begin = len(good) - 8 - struct.unpack("<I", good[-8:-4])[0]
    # Positions at which the flip cannot be mistaken for another name, statistic or version.
    for offset in (1, 2, 3, 4, 5, 6, 20, 40):
        content = bytearray(good)
        content[begin + offset] ^= 0xFF
        yield Case(f"byte {offset} of the footer flipped", bytes(content))
    for column, name in enumerate(("grid_id", "population", "geometry")):
        described = chunk(forging.footer_of(good), column)
        offset = (described.get(11) or described[9]).value
        for place in (0, 1, 3, 5):
            content = bytearray(good)
            content[offset + place] ^= 0xFF
            yield Case(f"byte {place} of the first page header of {name} flipped", bytes(content))
    compressed = cells_file(compression="zstd")
    for place in (60, 100):
        content = bytearray(compressed)
        offset = chunk(forging.footer_of(compressed), 0)[9].value
        content[offset + place] ^= 0xFF
        yield Case(f"byte {place} of a compressed page flipped", bytes(content))
    sums = bytearray(cells_file(write_page_checksum=True))
    described = chunk(forging.footer_of(bytes(sums)), 0)
    sums[described[9].value + described[7].value - 3] ^= 0x01
    yield Case("a digit of a weight flipped, with checksums", bytes(sums))


def _footer_lies() -> Iterator[Case]:
    good = cells_file()

    def lie(name: str, place: int, value: Field, part: int | None = 1) -> Case:
        return _lie(name, {place: value}, part)

    for rows in (-1, 0, N_ROWS - 1, N_ROWS + 1, 10**6, MOST_32, MOST_64, -(2**63)):
        yield lie(f"footer says {rows} rows", 3, long(rows), None)
    for rows in (-1, 0, N_ROWS + 1, 10**6, MOST_64):
        yield Case(
            f"row group says {rows} rows",
            with_footer(good, lambda footer, rows=rows: row_group(footer).update({3: long(rows)})),
        )
    for rows in (10**6, 10**12, MOST_64):
        yield Case(f"footer and row group say {rows} rows", with_footer(good, lambda f, rows=rows: _all_rows(f, rows)))
    yield lie("no row groups, but rows", 4, structs([]), None)
    for values in (-1, 0):
        yield lie(f"column says {values} values", 5, long(values))
    for offset in (-1, 0, 1, len(good) - 5, len(good), 10**12, MOST_64):
        yield lie(f"data page at {offset}", 9, long(offset))
    for size in (-1, 0, 1, 50, 10**12, MOST_64):
        yield lie(f"compressed size {size}", 7, long(size))
    for codec in (1, 2, 4, 5, 6, 7, 8, 99, -1, MOST_32):
        yield lie(f"codec {codec} of pages without one", 4, number(codec))
    for kind in (0, 1, 3, 6, 7, 8, 99, -1):
        yield lie(f"column metadata of type {kind}", 1, number(kind))
    yield Case("row group without columns", with_footer(good, lambda f: row_group(f).update({1: structs([])})))
    yield Case("row group of two columns of three", with_footer(good, lambda f: row_group(f)[1].value[1].pop()))
    yield Case("columns without metadata", with_footer(good, lambda f: row_group(f)[1].value[1][1].pop(3)))
    yield Case("row group a thousand times", with_footer(good, lambda f: f[4].value[1].extend(
        f[4].value[1] * 999)))  # fmt: skip
    yield Case("no schema", with_footer(good, lambda f: f.pop(2)))
    yield Case("no number of rows", with_footer(good, lambda f: f.pop(3)))


def _lie(name: str, changes: Struct, part: int | None = 1) -> Case:
    """Other values in the footer (``part`` None), or in the metadata of a column."""

    def change(footer: Struct) -> None:
        (footer if part is None else chunk(footer, part)).update(changes)

    return Case(name, with_footer(cells_file(), change))


def _all_rows(footer: Struct, rows: int) -> None:
    footer[3] = row_group(footer)[3] = long(rows)
    for column in range(3):
        chunk(footer, column)[5] = long(rows)


def _schema_lies() -> Iterator[Case]:
    good = cells_file()

    def lie(name: str, changes: Struct, column: int = 1) -> Case:
        return Case(name, with_footer(good, lambda footer: schema_element(footer, column).update(changes)))

    for count in (-1, 0, 1, 2, 4, 100, MOST_32):
        yield lie(f"root with {count} of 3 columns", {5: number(count)}, -1)
    for kind in (0, 1, 2, 3, 4, 6, 7, 8, -1, 99):
        yield lie(f"weight of the type {kind} in the schema", {1: number(kind)})
    for repetition in (0, 2, 3, -1):
        yield lie(f"weight with the repetition {repetition}", {3: number(repetition)})
    for converted in (0, 5, 15, 99):
        yield lie(f"weight with the converted type {converted}", {6: number(converted)})
    yield lie("weight with children", {5: number(1)})
    yield lie("weight without a name", {4: text("")})
    yield lie("weight with a name that is no UTF-8", {4: text(b"\xff\xfe\x00")})
    yield lie("another column with a name that is no UTF-8", {4: text(b"caf\xe9")}, 0)
    yield lie("weight called like the identifier", {4: text("grid_id")})
    yield lie("two columns called population", {4: text("population")}, 0)
    yield lie("two geometry columns of one name", {4: text("geometry")}, 0)
    yield lie("decimal of 2 billion digits", {6: number(5), 7: number(0), 8: number(MOST_32), 1: number(2)})
    yield lie("fixed length of -1 bytes", {1: number(7), 2: number(-1)})
    yield Case("columns in columns, 3,000 deep", with_footer(good, lambda footer: _nest(footer, 3000)))
    yield Case("columns in columns, 100,000 deep", with_footer(good, lambda footer: _nest(footer, 100_000)))
    yield Case("no columns at all", _empty_table())
    yield Case("no columns, but a million rows", with_footer(_empty_table(), lambda f: f.update({3: long(10**6)})))
    yield Case("schema of 100,000 columns in a file of three", with_footer(good, _many_columns))


def _nest(footer: Struct, depth: int) -> None:
    group = {3: number(forging.REQUIRED), 4: text("a"), 5: number(1)}
    leaf = {1: number(forging.INT32), 3: number(forging.REQUIRED), 4: text("b")}
    elements = footer[2].value[1]
    footer[2] = Field(LIST, (STRUCT, [elements[0] | {5: number(1)}, *([group] * depth), leaf]))


def _many_columns(footer: Struct) -> None:
    elements = footer[2].value[1]
    more = [{1: Field(I32, forging.INT32), 3: number(0), 4: text(f"c{place}")} for place in range(100_000)]
    footer[2] = structs([elements[0] | {5: number(100_003)}, *elements[1:], *more])


def _empty_table() -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({}), sink)
    return sink.getvalue()
