"""Tables in, tables out: the same units as of the file that the table would be."""

import os
import subprocess
import sys
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

import sampling_units
from sampling_units import errors
from tests.support.geoparquet_files import cell_file, cells
from tests.support.project import PROJECT


def table_of(n=400, **columns):
    coordinates, population = cells(n)
    return geopandas.GeoDataFrame(
        {"population": population, **columns}, geometry=shapely.points(coordinates), crs="OGC:CRS84"
    )


def test_units_of_a_table_are_those_of_its_file(tmp_path):
    path = tmp_path / "unit.parquet"
    table = table_of(district=np.repeat(["a", "b"], 200))
    table.to_parquet(path, index=False)
    options = {"target_weight": 40, "weight": "population", "by": "district"}
    units, result = sampling_units.cluster(table, **options), sampling_units.cluster_file(path, tmp_path, **options)
    rows = geopandas.read_parquet(result.output)
    assert units.rows["cluster_id"].tolist() == rows["cluster_id"].tolist()
    assert units.report == result.report
    frame = geopandas.read_parquet(result.frame)
    assert_geodataframe_equal(units.frame, frame)
    assert set(units.frame["district"]) == {"a", "b"}
    command = [sys.executable, "-m", "sampling_units", "cluster", str(path), "--out", str(tmp_path / "by_command")]
    command += ["--target-weight", "40", "--weight-column", "population", "--group-by", "district"]
    subprocess.run(command, check=True, capture_output=True, cwd=PROJECT)
    for made in (result.output, result.frame):
        other = tmp_path / "by_command" / os.path.relpath(made, tmp_path)
        assert other.read_bytes() == Path(made).read_bytes()


def test_the_table_stays_and_so_does_its_index():
    table = table_of().set_index(pd.MultiIndex.from_arrays([[7] * 400, range(400)]))
    before = table.copy()
    units = sampling_units.cluster(table, 40, weight="population")
    assert_geodataframe_equal(table, before)
    assert units.rows.index.equals(table.index)
    assert isinstance(units.rows, geopandas.GeoDataFrame)
    assert units.rows["cluster_weight"].notna().all()


def test_longitude_and_latitude_will_do():
    coordinates, population = cells(100)
    table = pd.DataFrame({"lon": coordinates[:, 0], "lat": coordinates[:, 1], "people": population})
    units = sampling_units.cluster(table, 40, weight="people")
    assert type(units.rows) is pd.DataFrame
    assert units.frame.geometry.is_valid.all()
    assert len(units) == len(units.frame)


def test_urban_and_rural_units_differ():
    table = table_of(urban=np.repeat([True, False], 200), stratum=np.repeat([1, 2], 200))
    target = {"urban": np.float64(60), "rural": 30}
    units = sampling_units.cluster(table, target, weight="population", by=["stratum"], max_weight=np.inf)
    medians = units.frame.groupby("stratum")["cluster_weight"].median()
    assert medians[1] > medians[2]


def test_the_diagnosis_is_text_and_a_table():
    table = table_of(4)
    units = sampling_units.cluster(table, 1e6, weight="population")
    assert "1 unit total_below_min" in str(units)
    [line] = units.diagnosis.itertuples()
    assert (line.status, line.n_units) == ("total_below_min", 1)
    assert line.weight == pytest.approx(table["population"].sum())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda t: t.assign(population=np.nan), errors.InvalidInput, "row 0: the weight is missing"),
        (lambda t: t.to_crs(3121).set_crs(None, allow_override=True), errors.InvalidInput, "no coordinate system"),
        (lambda t: t["population"], TypeError, "not Series"),
        (lambda t: t.set_geometry(t.buffer(1).boundary), errors.InvalidInput, "neither a point nor a polygon"),
    ],
)
@pytest.mark.filterwarnings("ignore:Geometry is in a geographic CRS")
def test_what_cannot_be_clustered_is_named(change, error, message):
    with pytest.raises(error, match=message):
        sampling_units.cluster(change(table_of()), 40, weight="population")


def test_parameters_are_checked():
    with pytest.raises(errors.InvalidParameters, match="no parameter target_wieght; did you mean target_weight"):
        sampling_units.cluster(table_of(), target_wieght=40)
    with pytest.raises(errors.InvalidParameters, match="by and group_by are the same parameter"):
        sampling_units.cluster(table_of(), 40, by="urban", group_by=["urban"])
    with pytest.raises(errors.InvalidParameters, match="n_threads is 0"):
        sampling_units.cluster(table_of(), 40, weight_column="population", n_threads=0)
    with pytest.raises(errors.InvalidParameters, match="min_weight"):
        sampling_units.cluster(table_of(), 40, min_weight=50)
    with pytest.raises(errors.InvalidInput, match="there is no such column"):
        sampling_units.cluster(table_of(), 40, weight="people")


def test_a_file_of_somebody_else_is_not_replaced(tmp_path):
    (tmp_path / "cells.parquet").write_bytes(cell_file(100))
    (tmp_path / "clustered_cells.parquet").write_text("mine")
    with pytest.raises(errors.OutputNotWritable, match="cannot be read as an output of this program"):
        sampling_units.cluster_file(tmp_path / "cells.parquet", tmp_path, 40, weight="population")
    assert (tmp_path / "clustered_cells.parquet").read_text() == "mine"


def test_the_import_is_light():
    code = "import sys, sampling_units; print({'pandas', 'geopandas', 'numba', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT)
    assert done.stdout.strip() == "set()"
