"""Steps of the demonstration that need no emulator; the whole of it is in tests/e2e."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from demo.__main__ import download, show
from demo.provinces import write_provinces
from demo.table import Figures, figures_by_region, total
from sampling_units import cores


@pytest.fixture
def clustered(tmp_path):
    """A file of four clusters: two inside the range of 15 to 25, one of them with a radius above the target."""
    weights = [20.0, 20.0, 15.0, 26.0, 9.0]
    columns = {
        "cluster_id": ["a_0", "a_0", "a_1", "a_2", "a_3"],
        "cluster_weight": weights,
        "cluster_status": ["ok", "ok", "radius_above_target", "point_above_max", "below_min"],
    }
    path = tmp_path / "clustered_a.parquet"
    pq.write_table(pa.table(columns), path)
    return path


def test_in_range_is_a_matter_of_weight(clustered):
    figures = Figures.of(clustered, (15.0, 25.0), 1.5)
    assert (figures.n_rows, figures.n_clusters, figures.n_in_range) == (5, 4, 2)
    assert figures.statuses["radius_above_target"] == 1
    assert figures.cells() == ["1", "5", "4", "50.0%", "1.50"]


def test_files_of_an_earlier_run_have_no_seconds(clustered):
    outputs, regions = {"a": clustered, "b": clustered, "c": clustered}, {"a": "North", "b": "North", "c": "South"}
    by_region = figures_by_region(outputs, regions, (15.0, 25.0), {"a": 2.0})
    assert (by_region["North"].n_files, by_region["North"].seconds) == (2, 2.0)
    assert by_region["South"].cells()[-1] == "-"
    assert total(by_region.values()).n_clusters == 12


def test_a_failed_file_has_no_output_to_fetch(buckets, tmp_path):
    buckets.put_object(Bucket="survey-outputs", Key="clustered_a.parquet", Body=b"content")
    buckets.put_object(Bucket="survey-outputs", Key="frame/a.parquet", Body=b"frame")
    outputs = download(buckets, "survey-outputs", tmp_path / "results", ["a.parquet", "failed.parquet"])
    assert list(outputs) == ["a.parquet"]
    assert outputs["a.parquet"].read_bytes() == b"content"
    assert (tmp_path / "results" / "frame" / "a.parquet").read_bytes() == b"frame"


def test_exceptions_are_explained_below_the_table(clustered, monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr("demo.__main__.console.file", shown)
    show({"a": clustered}, {"a": "North"}, [])
    assert "1 radius_above_target: The weight is inside the range" in shown.getvalue()
    assert "1 point_above_max: " in shown.getvalue()
    show({}, {}, [])


def test_the_input_names_its_province_and_is_the_same_each_time(tmp_path):
    regions = write_provinces(tmp_path)
    assert regions["0102800000.parquet"].startswith("Region I ")
    table = pq.read_table(tmp_path / "0102800000.parquet")
    assert set(table["province"].to_pylist()) == {"Ilocos Norte"}
    assert np.isfinite(table["population"]).all()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    write_provinces(tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_cores_are_counted_where_the_system_does_not_tell_which_are_allowed(monkeypatch):
    monkeypatch.delattr(cores.os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(cores.os, "cpu_count", lambda: 7)
    assert cores.available_cores() == 7
