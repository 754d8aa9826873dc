"""Columns that are missing, of the wrong type or full of what cannot be; native encodings; names nobody expects."""

import datetime
import decimal
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from tests.hostile.cases import Case
from tests.hostile.good_files import N_ROWS, with_columns
from tests.support.geoparquet_files import cells, file_bytes, point_geometry

PLACES = np.asarray(cells(N_ROWS)[0])
TWO_TARGETS = {"target_weight": {"urban": 200, "rural": 400}}
BY_REGION = {"group_by": ["region"]}
NAMED = {"longitude_column": "east", "latitude_column": "north"}
NAN, INF = float("nan"), float("inf")


def weight_cases() -> Iterator[Case]:
    for name, value in {
        "NaN": NAN, "infinity": INF, "minus infinity": -INF, "negative": -1.0, "minus the smallest number": -5e-324,
        "null": None, "1e16": 1e16, "1e308": 1e308,
    }.items():  # fmt: skip
        values = [1.0] * N_ROWS
        values[7] = value
        yield Case(f"one weight is {name}", with_columns(population=pa.array(values, pa.float64())))
        yield Case(f"all weights are {name}", with_columns(population=pa.array([value] * N_ROWS, pa.float64())))
    a_day = datetime.datetime(2024, 1, 1)
    for name, values in {
        "text": ["1"] * N_ROWS, "text that is no number": ["many"] * N_ROWS, "booleans": [True] * N_ROWS,
        "dates": [a_day.date()] * N_ROWS, "moments": [a_day] * N_ROWS, "times": [a_day.time()] * N_ROWS,
        "durations": [datetime.timedelta(1)] * N_ROWS, "binary": [b"\1"] * N_ROWS, "lists": [[1.0]] * N_ROWS,
        "structs": [{"value": 1.0}] * N_ROWS, "dictionary of texts": pa.array(["a"] * N_ROWS).dictionary_encode(),
        "maps": pa.array([[("a", 1)]] * N_ROWS, pa.map_(pa.string(), pa.int32())),
        "lists in lists, 50 deep": _deep(50),
        "lists of fixed length": pa.array([[1.0]] * N_ROWS, pa.list_(pa.float64(), 1)),
        "nothing but null, of no type": pa.nulls(N_ROWS),
        "dictionary of NaN": pa.array([NAN] * N_ROWS).dictionary_encode(),
        "decimals beyond all numbers": pa.array([decimal.Decimal(10) ** 75] * N_ROWS, pa.decimal256(76, 0)),
        "negative decimals": pa.array([decimal.Decimal(-1)] * N_ROWS, pa.decimal128(5, 0)),
        "negative integers": pa.array([-1] * N_ROWS, pa.int8()),
        "integers of 64 bits": pa.array([2**64 - 1] * N_ROWS, pa.uint64()),
    }.items():  # fmt: skip
        yield Case(f"weights are {name}", with_columns(population=values))
    yield Case("no weights", with_columns(population=None))
    yield Case("weights in capitals", with_columns(population=None, POPULATION=np.ones(N_ROWS)))
    yield Case("weights with a space in the name", with_columns(population=None, **{"population ": np.ones(N_ROWS)}))
    yield Case("weights in a struct", with_columns(population=None, a=[{"population": 1.0}] * N_ROWS))
    yield Case("weights twice", _twice("population"))


def group_cases() -> Iterator[Case]:
    yield Case("no column to group by", with_columns(), BY_REGION)
    for name, values in {
        "lists": [["a"]] * N_ROWS, "structs": [{"a": 1}] * N_ROWS, "lists in lists, 50 deep": _deep(50),
        "maps": pa.array([[("a", 1)]] * N_ROWS, pa.map_(pa.string(), pa.int32())),
    }.items():  # fmt: skip
        yield Case(f"groups are {name}", with_columns(region=values), BY_REGION)
    yield Case("groups twice", _twice("region"), BY_REGION)
    yield Case("grouped by the geometry that is not there", with_columns(), {"group_by": ["geom"]})
    for name, values in {
        "missing": None, "of an unknown word": ["suburban"] * N_ROWS, "a sentence": ["x" * 100_000] * N_ROWS,
        "with NUL": ["urban\0"] * N_ROWS, "with newlines": ["ur\nban"] * N_ROWS, "2": [2] * N_ROWS,
        "-1": [-1] * N_ROWS, "infinite": [INF] * N_ROWS, "a half": [0.5] * N_ROWS, "lists": [["urban"]] * N_ROWS,
        "structs": [{"urban": True}] * N_ROWS, "dates": [datetime.date(2024, 1, 1)] * N_ROWS,
        "binary": [b"urban"] * N_ROWS, "no UTF-8": _no_text(), "right to left": ["\u202eurban"] * N_ROWS,
        "in letters that look alike": ["urb\u0430n"] * N_ROWS,
    }.items():  # fmt: skip
        yield Case(f"urban column: {name}", with_columns(urban=values), TWO_TARGETS)
    yield Case("urban column: twice", _twice("urban"), TWO_TARGETS)


def place_cases() -> Iterator[Case]:
    """Columns of longitude and latitude."""
    east, north = PLACES.T
    for name, column in {
        "text": [str(value) for value in east], "NaN": np.full(N_ROWS, NAN), "null": pa.nulls(N_ROWS, pa.float64()),
        "infinite": np.full(N_ROWS, INF), "1e308": np.full(N_ROWS, 1e308), "361": np.full(N_ROWS, 361.0),
        "lists": [[value] for value in east], "booleans": [True] * N_ROWS, "of no type": pa.nulls(N_ROWS),
        "one NaN": np.where(np.arange(N_ROWS) == 7, NAN, east), "one null": [None, *east[1:]],
        "decimals beyond all numbers":
        pa.array([decimal.Decimal(10) ** 75] * N_ROWS, pa.decimal256(76, 0)),
    }.items():  # fmt: skip
        yield Case(f"longitudes: {name}", with_columns(east=column, north=north), NAMED)
    yield Case("longitudes: missing", with_columns(north=north), NAMED)
    yield Case("latitudes: 90.0001", with_columns(east=east, north=np.full(N_ROWS, 90.0001)), NAMED)
    yield Case("latitudes where longitudes are", with_columns(east=north, north=east), NAMED)
    yield Case("neither geometry nor coordinates", file_bytes({"population": np.ones(3)}, geo=None))
    yield Case("only a latitude", file_bytes({"population": np.ones(3), "lat": np.ones(3)}, geo=None))
    twice = pa.Table.from_arrays([pa.array([1.0])] * 4, ["population", "lon", "lat", "lon"])
    yield Case("longitude twice", file_bytes(twice, geo=None))


def native_cases() -> Iterator[Case]:
    points = [{"x": x, "y": y} for x, y in PLACES.tolist()]
    square = [{"x": 121.0 + x, "y": 14.0 + y} for x, y in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
    for name, (encoding, column) in {
        "points of z and y": ("point", [{"z": 1.0, "y": 1.0}] * N_ROWS),
        "points of x only": ("point", [{"x": 1.0}] * N_ROWS),
        "points of texts": ("point", [{"x": "121", "y": "14"}] * N_ROWS),
        "points of integers": ("point", [{"x": 121, "y": 14}] * N_ROWS),
        "points of lists": ("point", [{"x": [121.0], "y": [14.0]}] * N_ROWS),
        "points of pairs": ("point", PLACES.tolist()),
        "points of two x": ("point", pa.StructArray.from_arrays([pa.array(PLACES[:, 0])] * 3, ["x", "y", "x"])),
        "points in a list": ("point", [[point] for point in points]),
        "point that is null": ("point", [None, *points[1:]]),
        "point with a null x": ("point", [{"x": None, "y": 14.0}, *points[1:]]),
        "point of nothing": ("point", [{"x": NAN, "y": NAN}, *points[1:]]),
        "point with an infinite y": ("point", [{"x": 121.0, "y": INF}, *points[1:]]),
        "point off the globe": ("point", [{"x": 121.0, "y": 1e308}, *points[1:]]),
        "points of null only": ("point", pa.nulls(N_ROWS, pa.struct([("x", pa.float64()), ("y", pa.float64())]))),
        "multipoints as points": ("multipoint", points),
        "multipoint of nothing": ("multipoint", [[], *([point] for point in points[1:])]),
        "multipoint with null in it": ("multipoint", [[None], *([point] for point in points[1:])]),
        "polygons of one list": ("polygon", [square] * N_ROWS),
        "polygons of three lists": ("polygon", [[[square]]] * N_ROWS),
        "polygon without rings": ("polygon", [[]] + [[square]] * (N_ROWS - 1)),
        "polygon with an empty ring": ("polygon", [[[]]] + [[square]] * (N_ROWS - 1)),
        "polygon with a null ring": ("polygon", [[None]] + [[square]] * (N_ROWS - 1)),
        "polygon with a null corner": ("polygon", [[[None, *square[1:]]]] + [[square]] * (N_ROWS - 1)),
        "polygon with a ring of one corner": ("polygon", [[square[:1]]] + [[square]] * (N_ROWS - 1)),
        "polygon with a NaN corner": ("polygon", [[[square[0], {"x": NAN, "y": 1.0}, *square[2:]]]]
                                      + [[square]] * (N_ROWS - 1)),
        "polygon with a huge corner": ("polygon", [[[square[0], {"x": 1e308, "y": -1e308}, *square[2:]]]]
                                       + [[square]] * (N_ROWS - 1)),
        "multipolygons as polygons": ("multipolygon", [[square]] * N_ROWS),
        "multipolygon of nothing": ("multipolygon", [[]] + [[[square]]] * (N_ROWS - 1)),
        "linestrings": ("linestring", [square] * N_ROWS),
        "WKB in structs": ("WKB", points),
    }.items():  # fmt: skip
        described = {"geometry": {"encoding": encoding, "geometry_types": []}}
        geo = json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": described})
        yield Case(name, file_bytes({"population": np.ones(N_ROWS), "geometry": column}, geo=geo))


def name_cases() -> Iterator[Case]:
    for name in ("cluster_id", "cluster_weight", "cluster_status"):
        yield Case(f"already has {name}", with_columns(**{name: np.ones(N_ROWS)}))
    yield Case("already has the prefixed columns", with_columns(psu_id=np.ones(N_ROWS)), {"column_prefix": "psu_"})
    for name, column in {"nothing": "", "spaces": "   ", "HTML": "<script>alert(1)</script>"}.items():
        params = {"weight_column": column}
        yield Case(f"weights, as text, called {name}", with_columns(**{column: ["1"] * N_ROWS}), params)
    yield Case("30 columns of long names and no weights", with_columns(
        population=None, **{"y" * 100_000 + str(place): np.ones(N_ROWS) for place in range(30)}))  # fmt: skip


def odd() -> Iterator[Case]:
    """Unusual, and none of our business."""
    ones = np.ones(N_ROWS)
    yield Case("weights of zero", with_columns(population=np.zeros(N_ROWS)))
    yield Case("weights of minus zero", with_columns(population=np.full(N_ROWS, -0.0)))
    yield Case("weights of the smallest number", with_columns(population=np.full(N_ROWS, 5e-324)))
    yield Case("half of the weights of zero", with_columns(population=np.arange(N_ROWS) % 2))
    for name, column in {
        "NUL": "a\0b", "a newline": "a\nb", "an escape sequence": "\x1b[31mred", "right to left": "\u202egnp.exe",
        "nothing": "", "HTML": "<script>", "a megabyte": "x" * 10**6, "composed": "\u00e9", "dots": "a.b.c",
        "our frame": "n_points", "a bounding box": "bbox",
    }.items():  # fmt: skip
        yield Case(f"another column called {name}", with_columns(**{column: ones}))
    yield Case("grouped by values of a megabyte", with_columns(region=["n" * 10**5, "s" * 10**5] * (N_ROWS // 2)),
               BY_REGION)  # fmt: skip
    yield Case("grouped by control characters", with_columns(region=["\0", "\n", "\x1b[31m", "/"] * (N_ROWS // 4)),
               BY_REGION)  # fmt: skip
    yield Case("grouped by text that is no UTF-8", with_columns(region=_no_text()), BY_REGION)
    yield Case("each row a group", with_columns(region=np.arange(N_ROWS)), BY_REGION)
    yield Case("text that is no UTF-8 in another column", with_columns(label=_no_text()))
    yield Case("lists in lists in another column, 20 deep", with_columns(label=_deep(20)))
    yield Case("longitudes as dictionary", with_columns(east=pa.array(PLACES[:, 0]).dictionary_encode(),
                                                        north=PLACES[:, 1]), NAMED)  # fmt: skip
    yield Case("500 other columns", with_columns(**{f"c{place}": ones for place in range(500)}))
    yield Case("texts of a megabyte in another column", with_columns(label=["x" * 10**6] * N_ROWS))


def _no_text() -> pa.Array:
    """A column of text that is not even UTF-8: nobody checks it on the way into a file."""
    values = pa.array([b"\xff\xfe urban"] * N_ROWS)
    return pa.Array.from_buffers(pa.string(), N_ROWS, values.buffers())


def _deep(depth: int) -> pa.Array:
    values: pa.Array = pa.array(np.ones(N_ROWS))
    for _ in range(depth):
        values = pa.ListArray.from_arrays(np.arange(N_ROWS + 1, dtype=np.int32), values)
    return values


def _twice(name: str) -> bytes:
    coordinates, population = cells(N_ROWS)
    columns: list[Any] = [pa.array(population), point_geometry(coordinates), pa.array(population)]
    names = ["population" if name != "population" else name, "geometry", name]
    if name != "population":
        columns, names = [*columns, columns[0]], [*names, name]
    return file_bytes(pa.Table.from_arrays(columns, names))
