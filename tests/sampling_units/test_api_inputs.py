"""What people hand to the Python API, right and wrong, and what it says to them."""

import datetime
import subprocess
import sys

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely

import sampling_units
from sampling_units import errors
from tests.support.geoparquet_files import cells
from tests.support.project import PROJECT

N = 60


def table_of(**columns):
    coordinates, population = cells(N)
    return geopandas.GeoDataFrame(
        {"population": population, "district": np.repeat(["a", "b"], N // 2), **columns},
        geometry=shapely.points(coordinates),
        crs="OGC:CRS84",
    )


def plain_table():
    table = table_of()
    return pd.DataFrame(table.drop(columns="geometry")).assign(lon=table.geometry.x, lat=table.geometry.y)


def clustered(table, target_weight=40, **options):
    return sampling_units.cluster(table, target_weight, **{"weight": "population"} | options)


def said(error, call, *arguments, **options):
    with pytest.raises(error) as caught:
        call(*arguments, **options)
    return str(caught.value)


def test_rows_are_those_of_the_command_line(tmp_path):
    table = table_of(when=datetime.date(2020, 1, 1)).set_index(np.zeros(N, int))
    table.loc[table["district"] == "b", "population"] *= 3
    table.iloc[[3, 7], 0] = np.nan
    table.iloc[11, table.columns.get_loc("geometry")] = None
    table.to_parquet(tmp_path / "unit.parquet", index=False)
    command = [sys.executable, "-m", "sampling_units", "cluster", str(tmp_path / "unit.parquet")]
    command += ["--target-weight", "40", "--weight-column", "population", "--group-by", "district", "--drop-invalid"]
    subprocess.run([*command, "--out", str(tmp_path)], check=True, capture_output=True, cwd=PROJECT)
    wanted = geopandas.read_parquet(tmp_path / "clustered_unit.parquet")
    units = clustered(table, by="district", drop_invalid=True)
    assert units.rows.index.tolist() == [0] * N
    for name in ("cluster_id", "cluster_weight", "cluster_status"):
        pd.testing.assert_series_equal(units.rows[name].reset_index(drop=True), wanted[name], check_dtype=False)
    assert units.rows["cluster_status"].value_counts()["invalid"] == units.report.n_invalid == 3
    assert "3 invalid rows left out" in str(units)
    assert len(units.frame) == len(geopandas.read_parquet(tmp_path / "frame" / "unit.parquet"))


def test_no_group_is_none():
    assert clustered(table_of(), by=None).params.group_by == ()


@pytest.mark.parametrize(
    "by", ["district", ["district"], ("district",), pd.Index(["district"]), np.array(["district"])]
)
def test_groups_by_any_list_of_names(by):
    units = clustered(table_of(), by=by)
    assert units.rows.groupby("cluster_id")["district"].nunique().max() == 1


@pytest.mark.parametrize("pair", [(60, 30), [60, 30], np.array([60, 30]), {"urban": 60, "rural": np.int64(30)}])
def test_a_pair_of_targets_is_urban_and_rural(pair):
    params = clustered(table_of(urban=True), pair).params
    assert (params.target_weight.urban, params.target_weight.rural) == (60, 30)


@pytest.mark.parametrize(
    "district",
    [
        lambda t: t["district"].astype("category"),
        lambda t: pd.Categorical(np.repeat([1, 2], N // 2)),
        lambda t: np.repeat(pd.to_datetime(["2020-01-01", "2021-01-01"]), N // 2),
        lambda t: np.repeat([datetime.date(2020, 1, 1), datetime.date(2021, 1, 1)], N // 2),
        lambda t: np.repeat([1.0, np.nan], N // 2),
    ],
)
def test_groups_of_many_types(district):
    table = table_of()
    units = clustered(table.assign(district=district(table)), by="district")
    number = pd.Series(np.repeat([0, 1], N // 2), index=units.rows.index)
    assert number.groupby(units.rows["cluster_id"]).nunique().max() == 1
    assert len(units) > 1


def test_columns_that_nobody_reads_may_hold_anything():
    table = table_of(mixed=[1, "a"] * (N // 2), things=[object()] * N, interval=pd.cut(np.arange(N), 3))
    table.attrs["note"] = object()
    table[5] = 1
    units = clustered(table)
    assert units.rows["mixed"].tolist() == table["mixed"].tolist()
    assert units.rows["cluster_id"].tolist() == clustered(table_of()).rows["cluster_id"].tolist()


def test_polygons_in_degrees_and_points_in_metres():
    table = table_of()
    with pytest.warns(UserWarning, match="geographic CRS"):
        boxes = table.set_geometry(table.buffer(1e-4, cap_style="square"))
    assert clustered(boxes).frame.crs == table.crs
    metres = clustered(table.to_crs("EPSG:32651"))
    assert metres.frame.crs == "EPSG:32651"
    assert metres.rows["cluster_weight"].notna().all()


def test_a_geodataframe_without_geometries_is_a_table():
    units = clustered(geopandas.GeoDataFrame(plain_table()))
    assert len(units) == len(clustered(plain_table()))


def test_an_empty_table_has_no_units():
    units = clustered(table_of().iloc[:0])
    assert (len(units), len(units.rows), len(units.frame), len(units.diagnosis)) == (0, 0, 0, 0)
    assert "0 units of 0 rows" in units._repr_html_()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(population=t["population"].where(t.index != 5)), "column population, row 5: the weight is"),
        (lambda t: t.rename(columns={"geometry": "shape"}), "column shape: holds geometries, but is not the active"),
        (pd.DataFrame, "column geometry: holds geometries, but is not the active geometry"),
        (lambda t: pd.DataFrame(t).astype({"geometry": object}), "column geometry: holds geometries"),
        (lambda t: t.drop(columns="geometry"), "the table has no geometry, and no columns named longitude"),
        (
            lambda t: t.assign(population=[1, "a"] * (N // 2)),
            "column population: holds values of several types (int, str",
        ),
        (lambda t: t.assign(population=pd.arrays.SparseArray(np.ones(N))), "column population: has the type Sparse"),
        (lambda t: t.set_index("population"), "column population: is a level of the index and no column"),
        (lambda t: t.rename(columns={"population": "populations"}), "no such column; did you mean populations?"),
        (
            lambda t: t.rename(columns={"population": 5}),
            "column population: there is no such column; the table has dis",
        ),
        (lambda t: t.assign(cluster_id=1), "column cluster_id: the table has this column already; drop it, or choose"),
        (lambda t: pd.concat([t, t[["population"]]], axis=1), "column population: there are several columns"),
        (lambda t: pd.concat({"level": pd.DataFrame(t)}, axis=1), "the columns of the table have several levels"),
        (
            lambda t: t.assign(geometry=[None, *t.geometry[1:]]),
            "row 0: the geometry is missing. Correct the values, or",
        ),
        (lambda t: t.set_geometry(t.affine_transform([1e3, 0, 0, 1, 0, 0])), "are no longitude and latitude"),
    ],
)
def test_a_table_that_cannot_be_clustered(change, message):
    text = said(errors.InvalidInput, clustered, change(table_of()))
    assert message in text
    for word in ("unit.parquet", "--", " file", "Parquet:"):
        assert word not in text


def test_places_in_columns():
    swapped = plain_table().rename(columns={"lon": "lat", "lat": "lon"})
    assert "column lon, lat, row 0: (" in said(errors.InvalidInput, clustered, swapped)
    lost = plain_table().assign(lon=lambda t: t["lon"].where(t.index != 3))
    assert "row 3: the longitude or latitude is missing" in said(errors.InvalidInput, clustered, lost)
    text = plain_table().astype({"lon": str})
    assert "column lon: has the type" in said(errors.InvalidInput, clustered, text)
    renamed = plain_table().rename(columns={"lon": "east", "lat": "north"})
    assert len(clustered(renamed, longitude_column="east", latitude_column="north")) > 1


@pytest.mark.parametrize("wrong", [None, "cells.parquet", np.zeros((3, 2)), {"lon": [1.0], "lat": [1.0]}])
def test_what_is_no_table(wrong):
    text = said(TypeError, clustered, wrong)
    assert text.startswith(f"a DataFrame or GeoDataFrame is needed, not {type(wrong).__name__}")
    assert ("cluster_file takes files" in text) == isinstance(wrong, str)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"by": 5}, "by has to be the name of a column or a list of names, not 5"),
        ({"by": pd.Series(["a"])}, "by has to be the name of a column or a list of names, not a Series"),
        ({"weight": 5}, "weight has to be the name of a column or None, not 5"),
        ({"weight": pd.Series([1.0])}, "weight has to be the name of a column or None, not a Series"),
        ({"target_weight": None}, "target_weight has to be a number or a pair of numbers (urban, rural), not None"),
        ({"target_weight": "many"}, "a pair of numbers (urban, rural), not 'many'"),
        ({"target_weight": (1, 2, 3)}, "a pair of numbers (urban, rural), not (1, 2, 3)"),
        ({"target_weight": {"urban": 60}}, "a pair of numbers (urban, rural), not {'urban': 60}"),
        ({"target_weight": np.nan}, "target_weight is nan, but has to be a finite number above 0"),
        ({"target_weight": np.inf}, "target_weight is inf, but has to be a finite number above 0"),
        ({"max_weight": "lots"}, "max_weight has to be a number or 'unlimited' or None, not 'lots'"),
        ({"bridge": "yes"}, "bridge has to be True or False, not 'yes'"),
        ({"n_clusters": 2.5}, "n_clusters has to be a whole number or None, not 2.5"),
        ({"n_threads": "all"}, "n_threads is 'all', but has to be a whole number of at least 1"),
        ({"crs": "EPSG:4326"}, "crs 'EPSG:4326' is not projected in metres"),
    ],
)
def test_a_parameter_that_is_wrong(options, message):
    text = said(errors.InvalidParameters, clustered, table_of(), **options)
    assert message in text
    assert "params:" not in text


def test_a_pair_of_targets_needs_a_column():
    text = said(errors.InvalidInput, clustered, table_of(), (60, 30))
    assert "column urban: there is no such column; urban_column names it; the table has population" in text


def test_a_file_is_named_and_options_of_the_command_line_are_not(tmp_path):
    table_of(population=[None] + [1.0] * (N - 1)).to_parquet(tmp_path / "cells.parquet")
    options = {"out": tmp_path, "target_weight": 40, "weight": "population"}
    text = said(errors.InvalidInput, sampling_units.cluster_file, tmp_path / "cells.parquet", **options)
    assert text.startswith("cells.parquet, column population, row 0: the weight is missing")
    assert text.endswith("leave such rows out with drop_invalid")
    assert "is a folder" in said(errors.FileMissing, sampling_units.cluster_file, tmp_path, **options)
    assert "cluster takes tables" in said(TypeError, sampling_units.cluster_file, table_of(), **options)


def test_a_notebook_shows_the_diagnosis():
    units = clustered(table_of(), 1e6)
    shown = units._repr_html_()
    assert f"1 unit of {N} rows; 0 inside the weight range." in shown
    assert units.diagnosis["explanation"][0] in shown
    assert repr(units) == f"<Units: 1 unit of {N} rows; 0 inside the weight range.>"
