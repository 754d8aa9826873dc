"""Pages that do not hold what their headers say, and files of a few kilobytes that would fill any memory."""

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile import forging
from tests.hostile.cases import Case
from tests.hostile.forging import (
    BYTE_ARRAY,
    DICTIONARY_PAGE,
    DOUBLE,
    GZIP,
    PLAIN,
    RLE_DICTIONARY,
    SNAPPY,
    ZSTD,
    Column,
    Page,
    byte_array,
    doubles,
    handmade,
    number,
    repeated,
)
from tests.hostile.good_files import N_ROWS
from tests.hostile.thrift import STRUCT, Field, Struct, varint
from tests.support.geoparquet_files import cells

PLACES = np.asarray(cells(N_ROWS)[0])
LONGITUDE, LATITUDE = doubles("lon", PLACES[:, 0].tolist()), doubles("lat", PLACES[:, 1].tolist())
ONE = struct.pack("<d", 1.0)
ONES = ONE * N_ROWS
MOST = 2**31 - 1
# Of many rows, so that what is measured is how they are read and written.
ONE_CLUSTER = {"target_weight": 1e8, "min_weight": 0}


def page_cases() -> Iterator[Case]:
    for name, pages in _pages().items():
        yield Case(name, handmade([Column("population", DOUBLE, pages, N_ROWS), LONGITUDE, LATITUDE], N_ROWS))
    for name, (codec, body, size) in _compressed().items():
        column = Column("population", DOUBLE, [Page(body, N_ROWS, size=size)], N_ROWS, codec)
        yield Case(name, handmade([column, LONGITUDE, LATITUDE], N_ROWS))
    for name, body in _texts().items():
        column = Column("label", BYTE_ARRAY, [Page(body, N_ROWS)], N_ROWS)
        weight = Column("population", DOUBLE, [Page(ONES, N_ROWS)], N_ROWS)
        yield Case(name, handmade([column, weight, LONGITUDE, LATITUDE], N_ROWS))


def odd() -> Iterator[Case]:
    """What decoding does not need."""
    for name, page in {
        "nothing wrong": Page(ONES, N_ROWS),
        "nothing wrong in version 2": _second(),
        "page of 2 billion values, of which the footer needs 40": Page(ONES, MOST),
        "page without compression that says to be smaller when decompressed": Page(ONES, N_ROWS, size=8),
        "more nulls than values in a column without nulls": _second(n_nulls=MOST),
        "-1 nulls": _second(n_nulls=-1),
    }.items():
        yield Case(name, handmade([Column("population", DOUBLE, [page], N_ROWS), LONGITUDE, LATITUDE], N_ROWS))


def odd_bombs() -> Iterator[Case]:
    """Large, and just small enough."""
    yield Case("100,000 texts of 100 KB as dictionary type", _dictionary_type_bomb, ONE_CLUSTER)
    yield Case("40 weights in a page of half a GB", partial(_padded_bomb, 0.5))


def _header(place: int, value: int) -> Struct:
    return {place: number(value)}


def _pages() -> dict[str, list[Page]]:
    dictionary = Page(ONE, 1, DICTIONARY_PAGE)

    def encoded(body: bytes, n_values: int = N_ROWS, **more: object) -> Page:
        return Page(body, n_values, encoding=RLE_DICTIONARY, **more)  # type: ignore[arg-type]

    runs = b"\x01" + varint(N_ROWS << 1)
    return {
        "page of fewer values than it says": [Page(ONES[:80], N_ROWS)],
        "page that ends within a value": [Page(ONES[:-3], N_ROWS)],
        "page without values": [Page(b"", 0)],
        "page of -1 values": [Page(ONES, -1)],
        "page of one value too few": [Page(ONES, N_ROWS - 1)],
        "page of a negative size": [Page(ONES, N_ROWS, header=_header(3, -1))],
        "page of 2 GB": [Page(ONES, N_ROWS, header=_header(3, MOST))],
        "page of a negative decompressed size": [Page(ONES, N_ROWS, size=-5)],
        "page of no kind": [Page(ONES, N_ROWS, header=_header(1, 99))],
        "index page instead of data": [Page(ONES, N_ROWS, header=_header(1, 1))],
        "page of unknown encoding": [Page(ONES, N_ROWS, encoding=99)],
        "page of negative encoding": [Page(ONES, N_ROWS, encoding=-1)],
        "delta encoding of floating-point numbers": [Page(ONES, N_ROWS, encoding=forging.DELTA_BINARY_PACKED)],
        "delta lengths of numbers": [Page(ONES, N_ROWS, encoding=6)],
        "delta texts of numbers": [Page(ONES, N_ROWS, encoding=7)],
        "stream split of half a value": [Page(ONES[:-4], N_ROWS, encoding=9)],
        "bits instead of numbers": [Page(ONES, N_ROWS, encoding=3)],
        "dictionary indices without a dictionary": [encoded(runs + b"\0")],
        "dictionary without data": [dictionary],
        "two dictionaries": [dictionary, dictionary, encoded(runs + b"\0")],
        "dictionary after the data": [encoded(runs + b"\0"), dictionary],
        "dictionary of 2 billion values in 8 bytes": [Page(ONE, MOST, DICTIONARY_PAGE), encoded(runs + b"\0")],
        "dictionary of -1 values": [Page(ONE, -1, DICTIONARY_PAGE), encoded(runs + b"\0")],
        "empty dictionary": [Page(b"", 0, DICTIONARY_PAGE), encoded(runs + b"\0")],
        "dictionary of unknown encoding": [Page(ONE, 1, DICTIONARY_PAGE, encoding=77), encoded(runs + b"\0")],
        "index beyond the dictionary": [dictionary, encoded(runs + b"\x01")],
        "index of 32 bits beyond the dictionary": [dictionary, encoded(b"\x20" + runs[1:] + b"\xff" * 4)],
        "indices of 33 bits": [dictionary, encoded(b"\x21" + runs[1:] + bytes(5))],
        "indices of 255 bits": [dictionary, encoded(b"\xff" + runs[1:] + bytes(32))],
        "indices that end too early": [dictionary, encoded(b"\x01" + varint(7 << 1) + b"\0")],
        "indices of no bytes": [dictionary, encoded(b"")],
        "indices in an endless run": [dictionary, encoded(b"\x01" + b"\xff" * 20)],
        "indices in packed groups that are not there": [dictionary, encoded(b"\x01" + varint(2**27 | 1))],
        "version 2, levels of 2 GB": [_second(definition=MOST)],
        "version 2, levels of -8 bytes": [_second(definition=-8)],
        "version 2, levels longer than the page": [_second(definition=200, repetition=200)],
        "version 2, -40 values": [_second(n_values=-40)],
        "version 2, unknown encoding": [_second(encoding=42)],
    }


def _second(**changes: int) -> Page:
    """A page of version 2."""
    fields = {"n_values": N_ROWS, "n_nulls": 0, "n_rows": N_ROWS, "encoding": PLAIN, "definition": 0, "repetition": 0}
    described = {place: number(value) for place, value in enumerate((fields | changes).values(), 1)}
    return Page(ONES, N_ROWS, kind=3, header={8: Field(STRUCT, described)})


def _compressed() -> dict[str, tuple[int, bytes, int]]:
    size, noise = len(ONES), bytes(range(256))
    found = {f"{name} of noise": (codec, noise, size) for name, codec in CODECS.items()}
    for name, codec in CODECS.items():
        body = _compress(codec, ONES)
        found[f"{name} cut off"] = (codec, body[: len(body) // 2], size)
        found[f"{name} of more than it says"] = (codec, _compress(codec, ONES * 50), size)
        found[f"{name} of less than it says"] = (codec, body, 50 * size)
        found[f"{name} that says to be 2 GB"] = (codec, body, MOST)
    return found


CODECS = {"snappy": SNAPPY, "gzip": GZIP, "brotli": 4, "zstd": ZSTD, "raw lz4": 7}


def _compress(codec: int, content: bytes) -> bytes:
    if codec == GZIP:
        return gzip.compress(content)
    name = {SNAPPY: "snappy", ZSTD: "zstd", 4: "brotli", 7: "lz4_raw"}[codec]
    return pa.compress(content, codec=name, asbytes=True)


def _texts() -> dict[str, bytes]:
    word = byte_array(b"word")
    return {
        "texts that end too early": word * (N_ROWS - 1),
        "text of 4 GB": word * (N_ROWS - 1) + struct.pack("<I", 2**32 - 1) + b"word",
        "text of 2 GB": word * (N_ROWS - 1) + struct.pack("<I", MOST) + b"word",
        "text longer than the page": word * (N_ROWS - 1) + struct.pack("<I", 5) + b"word",
        "half a length at the end": word * (N_ROWS - 1) + b"\x04\0",
    }


def bomb_cases() -> Iterator[Case]:
    for n_rows in (10**8, 10**9, MOST):
        yield Case(f"{n_rows:,} rows in runs of a dictionary", partial(_rows_bomb, n_rows))
    yield Case("5 billion rows in runs of a dictionary", partial(_rows_bomb, 5 * 10**9))
    yield Case("a million texts of 1 MB out of a dictionary", partial(_text_bomb, 10**6, 10**6), ONE_CLUSTER)
    yield Case("40 texts of 200 MB out of a dictionary", partial(_text_bomb, N_ROWS, 2 * 10**8))
    yield Case("100,000 texts of 100 KB out of a dictionary", partial(_text_bomb, 10**5, 10**5))
    for codec in ("gzip", "zstd", "snappy", "brotli"):
        yield Case(f"1 GB of zeros in {codec}", partial(_zeros_bomb, codec))
    yield Case("4 GB of zeros in pages of 1 GB", partial(_zeros_bomb, "zstd", 4))
    yield Case("2 GB of zeros in a column that is not needed", partial(_zeros_bomb, "zstd", 2, "label"))
    yield Case("40 weights in a page of 2 GB", partial(_padded_bomb, 2))
    yield Case("100 million rows of nothing", _nulls_bomb)
    yield Case("10,000 columns of 100,000 nulls", _columns_bomb)
    yield Case("a list of a billion numbers in a row", _list_bomb)
    yield Case("page that says to be 2 GB, 1,000 times", _many_big_pages)


def _rows_bomb(n_rows: int) -> bytes:
    return handmade([repeated(name, DOUBLE, ONE, n_rows) for name in ("population", "lon", "lat")], n_rows)


def _text_bomb(n_rows: int, n_bytes: int) -> bytes:
    names = ("population", "lon", "lat")
    value = pa.compress(byte_array(b"x" * n_bytes), codec="zstd", asbytes=True)
    runs = pa.compress(b"\x01" + varint(n_rows << 1) + b"\0", codec="zstd", asbytes=True)
    size = len(varint(n_rows << 1)) + 2
    pages = [
        Page(value, 1, DICTIONARY_PAGE, size=n_bytes + 4),
        Page(runs, n_rows, encoding=RLE_DICTIONARY, size=size),
    ]
    label = Column("label", BYTE_ARRAY, pages, n_rows, ZSTD)
    return handmade([*(repeated(name, DOUBLE, ONE, n_rows) for name in names), label], n_rows)


def _dictionary_type_bomb() -> bytes:
    """Read as a dictionary it is small; every row of it written out is not."""
    n_rows = 10**5
    labels = pa.DictionaryArray.from_arrays(np.zeros(n_rows, np.int8), pa.array(["x" * 100_000]))
    row, column = np.divmod(np.arange(n_rows), 1000)
    places = {"lon": 121 + column / 1200, "lat": 14 + row / 1200}
    return _bytes(pa.table({"population": np.ones(n_rows), "label": labels} | places))


def _zeros_bomb(codec: str, gigabytes: int = 1, name: str = "population") -> bytes:
    """Pages of a gigabyte of zeros, less a few bytes that keep them below the limit of Parquet's sizes."""
    n_values = 2**27 - 64
    body = _squeezed(codec, n_values * 8)
    page = Page(body, n_values, size=n_values * 8)
    n_rows = n_values * gigabytes
    codecs = {"gzip": GZIP, "zstd": ZSTD, "snappy": SNAPPY, "brotli": 4}
    bomb = Column(name, DOUBLE, [page] * gigabytes, n_rows, codecs[codec])
    others = [repeated(other, DOUBLE, ONE, n_rows) for other in ("population", "lon", "lat") if other != name]
    return handmade([bomb, *others], n_rows)


def _squeezed(codec: str, n_bytes: int) -> bytes:
    """So many zeros, compressed piece by piece: never held whole."""
    block = bytes(2**20)
    if codec == "gzip":
        squeeze = zlib.compressobj(9, wbits=31)
        pieces = [squeeze.compress(block[: n_bytes - begin]) for begin in range(0, n_bytes, len(block))]
        return b"".join([*pieces, squeeze.flush()])
    if codec == "snappy":
        # One literal zero, then copies of 64 bytes from one byte back.
        copies, rest = divmod(n_bytes - 1, 64)
        last = bytes([(rest - 1) << 2 | 2, 1, 0]) if rest else b""
        return varint(n_bytes) + b"\0\0" + bytes([63 << 2 | 2, 1, 0]) * copies + last
    sink = io.BytesIO()
    with pa.CompressedOutputStream(sink, codec) as stream:
        for begin in range(0, n_bytes, len(block)):
            stream.write(block[: n_bytes - begin])
        stream.flush()
        sink.close = lambda: None  # type: ignore[method-assign]
    return sink.getvalue()


def _padded_bomb(gigabytes: float) -> bytes:
    """Few values, and behind them zeros that nobody asked for."""
    n_bytes = int(gigabytes * 2**30) - 512
    column = Column("population", DOUBLE, [Page(_squeezed("zstd", n_bytes), N_ROWS, size=n_bytes)], N_ROWS, ZSTD)
    return handmade([column, LONGITUDE, LATITUDE], N_ROWS)


def _nulls_bomb() -> bytes:
    """Optional columns of nothing but null, in one run of levels."""
    n_rows = 10**8
    levels = varint(n_rows << 1) + b"\0"
    page = Page(struct.pack("<I", len(levels)) + levels, n_rows)
    optional = {3: number(forging.OPTIONAL)}
    names = ("population", "lon", "lat")
    return handmade([Column(name, DOUBLE, [page], n_rows, element=optional) for name in names], n_rows)


def _columns_bomb() -> bytes:
    n_rows = 100_000
    levels = varint(n_rows << 1) + b"\0"
    page = Page(struct.pack("<I", len(levels)) + levels, n_rows)
    more = [Column(f"c{place}", DOUBLE, [page], n_rows, element={3: number(1)}) for place in range(10_000)]
    return handmade([*(repeated(name, DOUBLE, ONE, n_rows) for name in ("population", "lon", "lat")), *more], n_rows)


def _list_bomb() -> bytes:
    """A repeated column: the levels say that all values belong to the first row."""
    n_values = 10**9
    repetition = varint(1 << 1) + b"\0" + varint((n_values - 1) << 1) + b"\x01"
    definition = varint(n_values << 1) + b"\x01"
    levels = b"".join(struct.pack("<I", len(part)) + part for part in (repetition, definition))
    pages = [Page(ONE, 1, DICTIONARY_PAGE), Page(levels + b"\x01" + varint(n_values << 1) + b"\0", n_values,
                                                 encoding=RLE_DICTIONARY)]  # fmt: skip
    bomb = Column("list", DOUBLE, pages, n_values, element={3: number(forging.REPEATED)})
    return handmade([doubles("population", [1.0]), doubles("lon", [121.0]), doubles("lat", [14.0]), bomb], 1)


def _many_big_pages() -> bytes:
    page = Page(_compress(ZSTD, ONES), N_ROWS, size=MOST)
    bomb = Column("population", DOUBLE, [page] * 1000, N_ROWS * 1000, ZSTD)
    others = [repeated(other, DOUBLE, ONE, N_ROWS * 1000) for other in ("lon", "lat")]
    return handmade([bomb, *others], N_ROWS * 1000)


def _bytes(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
