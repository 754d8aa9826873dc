"""What becomes of columns of every type, and of their names, in the formats of ``kmeans export``."""

import datetime
import decimal
import json
import re
from pathlib import Path

import pyarrow as pa
import pyogrio
import pytest
from click.testing import CliRunner

from sampling_units.cli.main import main
from tests.support.geoparquet_files import cells, file_bytes, point_geometry


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def exported(name, columns):
    """What becomes of the columns beside a geometry in a file of that name, and what is said about it."""
    n = len(next(iter(columns.values())))
    Path("in.parquet").write_bytes(file_bytes({"geometry": point_geometry(cells(n)[0])} | columns))
    done = CliRunner().invoke(main, ["export", "in.parquet", "--out", name])
    assert done.exit_code == 0, done.output
    _, table = pyogrio.read_arrow(name)
    return table, done.stderr


LATE = datetime.datetime(2024, 2, 29, 23, 59, 58, 123456)


@pytest.mark.parametrize(
    ("column", "in_geopackage", "in_geojson", "said"),
    [
        (pa.array([True, None]), [True, None], [True, None], ""),
        (pa.array([2**60 + 1, None]), [2**60 + 1, None], [2**60 + 1, None], ""),
        (
            pa.array([2**63 + 1, None], pa.uint64()),
            ["9223372036854775809", None],
            ["9223372036854775809", None],
            "as text",
        ),
        (pa.array([1.5, None], pa.float16()), [1.5, None], [1.5, None], ""),
        (pa.array([float("nan"), float("inf")]), [None, float("inf")], [None, None], "that are not finite are missing"),
        (pa.array(["a", None], pa.large_string()), ["a", None], ["a", None], ""),
        (pa.array(["a", None], pa.string_view()), ["a", None], ["a", None], ""),
        (pa.array(["a", None]).dictionary_encode(), ["a", None], ["a", None], ""),
        (pa.array([5, None]).dictionary_encode(), [5, None], [5, None], ""),
        (pa.array([None, None]), [None, None], [None, None], ""),
        (pa.array([LATE.date(), None], pa.date64()), [LATE.date(), None], [LATE.date(), None], ""),
        (
            pa.array([LATE.time(), None]),
            [str(LATE.time()), None],
            [LATE.time().replace(microsecond=123_000), None],
            "as text",
        ),
        (pa.array([datetime.timedelta(1), None]), [86_400_000_000, None], [86_400_000_000, None], "of the unit us"),
        (pa.array([decimal.Decimal("1.25"), None], pa.decimal128(38, 2)), [1.25, None], [1.25, None], "floating-point"),
        (pa.array([{"a": 1, "b": None}, None]), ['{"a":1,"b":null}', None], ['{"a":1,"b":null}', None], "as JSON text"),
        (pa.array([["x", None], None]), ['["x",null]', None], ['["x",null]', None], "as JSON text"),
        (pa.array([[("k", 1)], None], pa.map_("string", "int8")), ['[["k",1]]', None], ['[["k",1]]', None], "as JSON"),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_columns_keep_their_values(column, in_geopackage, in_geojson, said):
    for name, expected in (("out.gpkg", in_geopackage), ("out.geojson", in_geojson)):
        table, stderr = exported(name, {"value": column})
        # Blanks in JSON do not matter.
        assert [re.sub(r"\s", "", v) if isinstance(v, str) else v for v in table["value"].to_pylist()] == expected
        assert [said in line for line in stderr.splitlines()[1:]] == [True] * bool(said)


@pytest.mark.parametrize("data_type", [pa.binary(), pa.large_binary(), pa.binary(2), pa.binary_view()], ids=str)
def test_bytes_become_hexadecimal_digits_where_there_is_only_text(data_type):
    column = pa.array([b"\0\xff", None], data_type)
    table, stderr = exported("out.gpkg", {"value": column})
    assert (table["value"].to_pylist(), stderr) == ([b"\0\xff", None], "")
    table, stderr = exported("out.geojson", {"value": column})
    assert table["value"].to_pylist() == ["00FF", None]
    assert "column value: in hexadecimal digits" in stderr


def test_an_identifier_of_a_library_of_types():
    table, _ = exported("out.gpkg", {"value": pa.array([b"0123456789abcdef", None], pa.uuid())})
    assert table["value"].to_pylist() == [b"0123456789abcdef", None]


def test_moments_are_kept_to_the_millisecond():
    here = pa.array([LATE, None], pa.timestamp("us"))
    manila = pa.array([LATE, None], pa.timestamp("ms", "Asia/Manila"))
    for name in ("out.gpkg", "out.geojson"):
        table, stderr = exported(name, {"here": here, "manila": manila})
        assert table["here"][0].as_py().replace(tzinfo=None) == LATE.replace(microsecond=123_000)
        assert table["manila"][0].as_py() == LATE.replace(microsecond=123_000, tzinfo=datetime.UTC)
        assert table["here"].null_count == table["manila"].null_count == 1
        assert "column here: to the millisecond" in stderr
        assert "column manila: in UTC" in stderr
        assert ("marked as UTC" in stderr) == (name == "out.gpkg")


def test_nested_columns_are_real_json_in_geojson():
    exported("out.geojson", {"tags": [{"kind": "house", "levels": [1, 2]}]})
    assert json.loads(Path("out.geojson").read_text())["features"][0]["properties"]["tags"] == {
        "kind": "house",
        "levels": [1, 2],
    }


def test_text_that_looks_like_json_stays_text_in_geojson():
    exported("out.geojson", {"note": ["[1]", '{"a": 2}']})
    features = json.loads(Path("out.geojson").read_text())["features"]
    assert [feature["properties"]["note"] for feature in features] == ["[1]", '{"a": 2}']


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".fgb"])
def test_names_that_a_format_takes_for_itself_get_another_one(suffix):
    columns = {
        name: [number, number + 10] for number, name in enumerate(["fid", "OGC_FID", "Name", "name", "NAME", "id"])
    }
    table, stderr = exported(f"out{suffix}", columns)
    found = {name: sorted(table[name].to_pylist()) for name in table.column_names[:-1]}
    assert found == {
        "fid": [0, 10], "OGC_FID_2": [1, 11], "Name": [2, 12], "name_2": [3, 13], "NAME_3": [4, 14], "id": [5, 15]
    }  # fmt: skip
    assert "column OGC_FID: named OGC_FID_2, because OGC_FID is taken" in stderr
    assert "column NAME: named NAME_3" in stderr
