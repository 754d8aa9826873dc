"""Names of objects never become paths on the disk of a function, and what a file holds does not get into the logs."""

import logging
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from lambdas.clustering.handler import handle as cluster
from lambdas.kickoff.handler import handle as kick_off
from lambdas.summary.handler import handle as summarise
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file
from tests.support.runs import run_batches

REQUEST = {"run_id": "run-1", "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": {"target_weight": 40}}
MARK = "marked_name"
KEYS = [f"{MARK}.parquet", f"../../{MARK}.parquet", f"/tmp/{MARK}.parquet", f"{MARK}/../{MARK}.parquet"]
# Events of the interpreter about files, and which of their arguments are paths.
_ABOUT_FILES = {"open": 1, "os.mkdir": 1, "os.rename": 2, "os.link": 2, "os.symlink": 2, "os.remove": 1, "os.rmdir": 1}


class _Watch:
    """Notes the paths that Python touches while it is on; a hook of the interpreter cannot be taken away again."""

    def __init__(self):
        self.is_on = False
        self.paths = []
        sys.addaudithook(self._note)

    def _note(self, event, arguments):
        if self.is_on and event in _ABOUT_FILES:
            self.paths += [os.fsdecode(path) for path in arguments[: _ABOUT_FILES[event]] if not isinstance(path, int)]


@pytest.fixture(scope="module")
def watch():
    return _Watch()


@pytest.fixture
def touched(watch, monkeypatch, tmp_path):
    """Paths that Python touches from now on; temporary files are in a folder of the test."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path)
    watch.paths.clear()
    watch.is_on = True
    yield watch.paths
    watch.is_on = False


def test_no_function_makes_a_path_of_a_key(buckets, touched, tmp_path):
    for key in KEYS:
        buckets.put_object(Bucket=INPUTS, Key=key, Body=cell_file(80))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    summary = summarise(plan, None)
    # The plain name is clustered, and so joined and drawn; the others are no names of files.
    assert (summary["n_succeeded"], summary["n_failed"], summary["n_joined_frames"]) == (1, 3, 1)
    assert any(path.endswith("files.jsonl.gz") for path in touched)
    assert [path for path in touched if MARK in path] == []
    assert [path for path in tmp_path.rglob("*") if MARK in path.name] == []
    assert not Path(f"/tmp/{MARK}.parquet").exists()
    # Nothing is left for the next invocation of the same function.
    assert list((tmp_path / "temporary").iterdir()) == []


def test_logs_name_the_file_and_hold_nothing_of_it(buckets, caplog):
    caplog.set_level(logging.DEBUG, logger="lambdas")
    secret = "respondent-4711"
    names = [f"{secret}-{number}" for number in range(400)]
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=cell_file(respondent=names))
    cluster({"filename": "a.parquet", "input_bucket": INPUTS, "output_bucket": OUTPUTS}, None)
    logged = [vars(record) for record in caplog.records if record.name.startswith("lambdas")]
    assert [record.get("clustered_file") for record in logged] == ["a.parquet"]
    assert secret not in str(logged)


def test_of_a_wrong_value_logs_hold_the_beginning_and_nothing_of_its_row(buckets, caplog):
    """The message has to say what is wrong; a column that was named by mistake is not poured out by it."""
    caplog.set_level(logging.DEBUG, logger="lambdas")
    long, beside = "x" * 10_000, "respondent-4711"
    content = cell_file(settlement=[long] * 400, respondent=[beside] * 400, population=np.ones(400))
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=content)
    params = {"weight_column": "settlement"}
    event = {"filename": "a.parquet", "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": params}
    (result,) = cluster(event, None)["results"]
    assert result["failure"]["column"] == "settlement"
    logged = str([vars(record) for record in caplog.records if record.name.startswith("lambdas")])
    assert "a.parquet" in logged
    assert "x" * 301 not in logged
    assert beside not in logged


def test_coordinate_systems_ask_no_server():
    """PROJ can fetch grids from a network when a coordinate system asks for them; here it may not."""
    import pyproj.network

    assert not pyproj.network.is_network_enabled()
