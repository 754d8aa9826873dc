import datetime
import decimal
import errno
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from sampling_units.cli.main import main
from sampling_units.cli.split import column_values, partition
from tests.sampling_units.cli.processes import eventually
from tests.sampling_units.cli.test_part_names import HOSTILE
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry
from tests.support.native_geometry import native_geometry_file


def split(*arguments):
    return CliRunner().invoke(main, ["split", *map(str, arguments)])


def write(path, columns, **kwargs):
    pq.write_table(pa.table(columns), path, **kwargs)
    return path


def tables(folder):
    return {path.name: pq.read_table(path) for path in sorted(folder.iterdir())}


@pytest.fixture
def tiny_buckets(monkeypatch):
    """Rows are sorted into as many buckets as is allowed, and read in small pieces."""
    monkeypatch.setattr(partition, "_BUCKET_BYTES", 1)
    monkeypatch.setattr("sampling_units.io.geo_file.ROW_GROUP_ROWS", 100)


def test_a_script_gets_the_files_as_json(tmp_path):
    (tmp_path / "in.parquet").write_bytes(file_bytes({"code": ["a", "b/c", "a"], "row": [1, 2, 3]}, geo=None))
    done = split(tmp_path / "in.parquet", "--by", "code", "--out", tmp_path / "out", "--json")
    assert json.loads(done.stdout) == {
        "column": "code",
        "files": [
            {"value": "a", "file": str(tmp_path / "out" / "a.parquet"), "n_rows": 2},
            {"value": "b/c", "file": str(tmp_path / "out" / "b_c.parquet"), "n_rows": 1},
        ],
    }


def test_each_value_has_its_rows_in_order_with_all_columns_and_metadata(tmp_path):
    province = np.array(["Abra", "Bohol", "Cebu"])[np.arange(300) % 3]
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {"encoding": "WKB", "geometry_types": ["Point"], "bbox": [0, 0, 1, 1], "edges": "planar"}
        },
    }
    columns = {"province": province, "row": np.arange(300), "geometry": point_geometry(cells(300)[0])}
    (tmp_path / "in.parquet").write_bytes(file_bytes(columns, geo=json.dumps(geo), metadata={"kmeans": '{"a": 1}'}))
    done = split(tmp_path / "in.parquet", "--by", "province", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert done.stderr == ""
    assert (
        done.stdout.splitlines()[0] == f"300 rows are in 3 files in {tmp_path / 'out'}, one for each value of province:"
    )
    whole = pq.read_table(tmp_path / "in.parquet")
    parts = tables(tmp_path / "out")
    assert list(parts) == ["Abra.parquet", "Bohol.parquet", "Cebu.parquet"]
    for number, part in enumerate(parts.values()):
        assert part.equals(whole.take(np.arange(number, 300, 3)))
        assert part.schema.equals(whole.schema)
        assert part.schema.metadata[b"kmeans"] == b'{"a": 1}'
        del (expected := json.loads(json.dumps(geo)))["columns"]["geometry"]["bbox"]
        assert json.loads(part.schema.metadata[b"geo"]) == expected


@pytest.mark.parametrize("n_values", [3, 700])
@pytest.mark.usefixtures("tiny_buckets")
def test_interleaved_values_of_a_file_larger_than_memory(tmp_path, n_values):
    rng = np.random.default_rng(n_values)
    value = rng.integers(0, n_values, 3000) ** 2
    text = [None if number % 11 == 0 else f"cell {number}" for number in range(3000)]
    nested = [[number] * (number % 3) for number in range(3000)]
    write(tmp_path / "in.parquet", {"row": np.arange(3000), "value": value, "text": text, "nested": nested})
    assert split(tmp_path / "in.parquet", "--by", "value", "--out", tmp_path / "out").exit_code == 0
    whole = pq.read_table(tmp_path / "in.parquet")
    parts = tables(tmp_path / "out")
    assert len(parts) == len(np.unique(value))
    for name, part in parts.items():
        assert part.equals(whole.take(np.flatnonzero(value == int(name.removesuffix(".parquet")))))
    assert {pq.read_metadata(path).num_row_groups for path in (tmp_path / "out").iterdir()} == {1}


def test_row_groups_are_full_and_compressed_with_zstd(tmp_path, monkeypatch):
    monkeypatch.setattr(partition, "_BUCKET_BYTES", 2**20)
    code = np.where(np.arange(400_000) % 4 == 0, 1, 2)
    write(tmp_path / "in.parquet", {"code": code, "row": np.arange(400_000)}, row_group_size=7000)
    assert split(tmp_path / "in.parquet", "--by", "code", "--out", tmp_path / "out").exit_code == 0
    sizes = []
    for name in ("1.parquet", "2.parquet"):
        metadata = pq.read_metadata(tmp_path / "out" / name)
        assert metadata.row_group(0).column(0).compression == "ZSTD"
        sizes.append([metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)])
    assert sizes == [[100_000], [131_072, 131_072, 37_856]]


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (pa.array([True, False, None]), ["true", "false", "null"]),
        (pa.array([-7, 5, None], pa.int8()), ["-7", "5", "null"]),
        (pa.array([2**64 - 1, 0], pa.uint64()), ["18446744073709551615", "0"]),
        (pa.array([1.5, float("nan"), -float("inf")]), ["1.5", "nan", "-inf"]),
        (pa.array([1.5, 2], pa.float16()), ["1.5", "2"]),
        (pa.array(["b", "a"], pa.large_string()), ["b", "a"]),
        (pa.array(["b", None], pa.string_view()), ["b", "null"]),
        (pa.array([b"\x00\xff", b""]), ["00ff", "empty"]),
        (pa.array([b"ab"], pa.binary(2)), ["6162"]),
        (pa.array([datetime.date(2024, 2, 29)]), ["2024-02-29"]),
        (pa.array([datetime.datetime(2024, 2, 29, 12)], pa.timestamp("ns")), ["2024-02-29 12_00_00.000000000"]),
        (pa.array([decimal.Decimal("1.20")]), ["1.20"]),
        (pa.array(["b", None, "a"]).dictionary_encode(), ["b", "null", "a"]),
        (pa.array([None, None]), ["null", "null"]),
        (pa.array([b"0123456789abcdef"], pa.uuid()), ["30313233343536373839616263646566"]),
    ],
    ids=lambda values: str(getattr(values, "type", "")),
)
def test_values_of_every_type_name_files(tmp_path, values, names):
    write(tmp_path / "in.parquet", {"value": values, "row": np.arange(len(values))})
    done = split(tmp_path / "in.parquet", "--by", "value", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    whole = pq.read_table(tmp_path / "in.parquet")
    parts = tables(tmp_path / "out")
    assert set(parts) == {f"{name}.parquet" for name in names}
    for name, part in parts.items():
        rows = [row for row, value_name in enumerate(names) if f"{value_name}.parquet" == name]
        assert part["row"].to_pylist() == rows
        # As text, because NaN is not equal to itself.
        assert str(part["value"].to_pylist()) == str([whole["value"][row].as_py() for row in rows])
        assert part.schema.equals(whole.schema)


def test_bytes_that_are_no_text_name_files_too(tmp_path):
    write(tmp_path / "in.parquet", {"value": pa.array([b"caf\xe9", b"caf\xe8"]).view(pa.string())})
    assert split(tmp_path / "in.parquet", "--by", "value", "--out", tmp_path / "out").exit_code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"caf\ufffd.parquet", "caf\ufffd~2.parquet"}


@pytest.mark.usefixtures("tiny_buckets")
def test_files_hold_only_the_words_of_a_dictionary_that_they_use(tmp_path):
    words = pa.array([f"word {number:03d}" for number in range(200, 0, -1)])
    indices = pa.array([None if number % 50 == 7 else 199 - number % 200 for number in range(1000)], pa.int16())
    column = pa.DictionaryArray.from_arrays(indices, words, ordered=True)
    write(tmp_path / "in.parquet", {"word": column, "code": np.arange(1000) % 100})
    assert split(tmp_path / "in.parquet", "--by", "code", "--out", tmp_path / "out").exit_code == 0
    whole = pq.read_table(tmp_path / "in.parquet")
    part = pq.read_table(tmp_path / "out" / "42.parquet")
    assert part["word"].type == whole["word"].type
    assert part["word"].to_pylist() == whole["word"].to_pylist()[42::100]
    # In their order, which means something.
    assert part["word"].combine_chunks().dictionary.to_pylist() == ["word 143", "word 043"]


def test_a_native_geometry_column_is_declared_in_each_part(tmp_path):
    (tmp_path / "in.parquet").write_bytes(native_geometry_file({"code": [1, 2, 1]}, [[1, 2], [3, 4], [5, 6]]))
    assert split(tmp_path / "in.parquet", "--by", "code", "--out", tmp_path / "out").exit_code == 0
    geo = json.loads(pq.read_metadata(tmp_path / "out" / "1.parquet").metadata[b"geo"])
    assert geo["primary_column"] == "geometry"
    assert geo["columns"]["geometry"]["encoding"] == "WKB"
    assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}


def test_hostile_values_stay_in_the_folder_and_apart(tmp_path):
    write(tmp_path / "in.parquet", {"value": HOSTILE, "row": np.arange(len(HOSTILE))})
    done = split(tmp_path / "in.parquet", "--by", "value", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert {path.name for path in tmp_path.iterdir()} == {"in.parquet", "out"}
    parts = tables(tmp_path / "out")
    found = {table["row"][0].as_py(): name for name, table in parts.items()}
    assert len(found) == len(parts) == len(HOSTILE)
    by_value = {value: found[row] for row, value in enumerate(HOSTILE)}
    assert [by_value[name] for name in ("ABRA", "Abra", "abra")] == ["ABRA.parquet", "Abra~2.parquet", "abra~3.parquet"]
    assert by_value[None] == "null.parquet"
    assert by_value["../../etc/passwd"] == "_._.._etc_passwd.parquet"
    assert by_value["con"] == "_con.parquet"
    assert "is in" in done.stderr
    assert "\x1b" not in done.output


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cells.parquet").write_bytes(cell_file(60, province=["north", "south", "west"] * 20, nested=[[1]] * 60))
    return tmp_path


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_existing_files_are_only_replaced_with_overwrite(folder):
    (folder / "out").mkdir()
    for name in ("south.parquet", "west.parquet", "east.parquet"):
        (folder / "out" / name).write_text("old")
    before = contents(folder)
    refused = split("cells.parquet", "--by", "province", "--out", "out")
    assert refused.exit_code == 2
    assert "out/south.parquet exists already, and 1 more; replace with --overwrite" in refused.stderr
    assert contents(folder) == before
    done = split("cells.parquet", "--by", "province", "--out", "out", "--overwrite")
    assert done.exit_code == 0, done.output
    assert "Other .parquet files in out, left alone: 1" in done.stderr
    assert (folder / "out" / "east.parquet").read_text() == "old"
    assert pq.read_metadata("out/south.parquet").num_rows == 20


def test_what_cannot_be_replaced_is_refused_even_then(folder):
    Path("cells.parquet").rename("north.parquet")
    itself = split("north.parquet", "--by", "province", "--out", ".", "--overwrite")
    assert itself.exit_code == 2
    assert "north.parquet would be replaced by a part of itself" in itself.stderr
    (folder / "out" / "south.parquet").mkdir(parents=True)
    in_the_way = split("north.parquet", "--by", "province", "--out", "out", "--overwrite")
    assert in_the_way.exit_code == 2
    assert "out/south.parquet is in the way; it is a folder" in in_the_way.stderr
    assert [path.name for path in (folder / "out").iterdir()] == ["south.parquet"]


@pytest.mark.parametrize(
    ("arguments", "status", "complaint"),
    [
        (("gone.parquet", "--by", "province"), 1, "FileMissing: gone.parquet: there is no such file"),
        (("folder", "--by", "province"), 1, "InvalidInput: folder: is a folder"),
        (("notes.txt", "--by", "province"), 1, "InvalidInput: notes.txt: is not a readable Parquet file"),
        (("cells.parquet", "--by", "region"), 1, "cells.parquet, column region: there is no such column; the file has"),
        (("cells.parquet", "--by", "nested"), 1, "column nested: has the type list<"),
        (("cells.parquet", "--by", "grid_id"), 1, "column grid_id: has more than 50 values"),
        (("empty.parquet", "--by", "province"), 1, "empty.parquet: has no rows"),
        (("cells.parquet",), 2, "Missing option '--by'"),
        (("cells.parquet", "--by", "province", "--out", "notes.txt"), 1, "cannot write to the folder notes.txt"),
    ],
)
def test_what_cannot_be_split_is_explained(folder, arguments, status, complaint, monkeypatch):
    monkeypatch.setattr(column_values, "_MOST_VALUES", 50)
    (folder / "folder").mkdir()
    (folder / "notes.txt").write_text("notes")
    (folder / "empty.parquet").write_bytes(file_bytes({"province": pa.array([], pa.string())}, geo=None))
    done = split(*arguments, *(() if "--out" in arguments else ("--out", "out")))
    assert done.exit_code == status
    assert isinstance(done.exception, SystemExit)
    assert complaint in done.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize("n_written", [0, 2])
def test_a_full_disk_leaves_nothing(folder, monkeypatch, n_written):
    class Full(pq.ParquetWriter):
        n = 0

        def write_table(self, *arguments):
            if Full.n == n_written:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            Full.n += 1
            super().write_table(*arguments)

    monkeypatch.setattr(pq, "ParquetWriter", Full)
    done = split("cells.parquet", "--by", "province", "--out", "out")
    assert done.exit_code == 1
    assert "OutputNotWritable: cannot write to out: No space left on device" in done.stderr
    assert not (folder / "out").exists()


def test_a_stop_signal_leaves_nothing(tmp_path):
    write(tmp_path / "in.parquet", {"code": np.arange(2_000_000) % 20_000, "row": np.arange(2_000_000)})
    command = [sys.executable, "-m", "sampling_units", "split", tmp_path / "in.parquet", "--by", "code"]
    with subprocess.Popen(
        [*command, "--out", tmp_path / "out"],
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs this in the background has it ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 (it takes no lock)
    ) as process:
        assert eventually(lambda: list(tmp_path.glob("out/.kmeans-*/*.part")), seconds=60)
        assert not list(tmp_path.glob("out/.kmeans-*/*.parquet"))
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert process.returncode == 130
    assert errors == "Stopped. Nothing was written.\n"
    assert not (tmp_path / "out").exists()


def test_progress_on_a_terminal(folder):
    controller, terminal = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "sampling_units",
        "split",
        "cells.parquet",
        "--by",
        "province",
        "--out",
        "out",
    ]
    environment = os.environ | {"TERM": "xterm", "PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=terminal, env=environment) as process:
        os.close(terminal)
        shown = b"".join(iter(lambda: read_terminal(controller), b""))
        os.close(controller)
    assert process.returncode == 0
    assert b"writing" in shown
    assert b"60/60" in shown


def read_terminal(controller):
    try:
        return os.read(controller, 4096)
    except OSError:  # Linux says so when the other end is closed.
        return b""
