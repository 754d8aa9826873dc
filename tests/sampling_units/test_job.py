import io
import json

import msgspec
import numpy as np
import pyarrow as pa
import pytest
import shapely

from sampling_units.errors import InvalidInput, InvalidParameters
from sampling_units.job_input import read_input
from sampling_units.parameters import parse_parameters
from tests.support.file_jobs import cluster_bytes as run
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry, read_table, square_geometry


def columns(n=200, seed=0):
    coordinates, population = cells(n, seed)
    return {"population": population, "geometry": point_geometry(coordinates)}


def test_rows_columns_and_metadata_are_kept_and_clusters_added():
    content = file_bytes(
        columns()
        | {
            "name": pa.array([None if i % 7 == 0 else f"cell {i}" for i in range(200)]),
            "code": pa.array(["a", "b"] * 100).dictionary_encode(),
            "__index_level_0__": np.arange(200)[::-1],
        },
        metadata={"owner": "survey"},
    )
    clustered = run(content)
    before, after = read_table(content), read_table(clustered.clustered)
    assert after.select(before.column_names).equals(before)
    assert after.column_names == [*before.column_names, "cluster_id", "cluster_weight", "cluster_status", "bbox"]
    assert after.schema.metadata[b"owner"] == b"survey"
    provenance = json.loads(after.schema.metadata[b"kmeans"])
    assert provenance["crs"] == "EPSG:32651"
    assert provenance["input_etag"] == "etag"
    assert json.loads(provenance["parameters"])["target_weight"] == 40


def test_weights_of_the_rows_add_up_to_the_weight_of_their_cluster():
    table = read_table(run(cell_file(300)).clustered)
    ids, labels = np.unique(table["cluster_id"].to_numpy(), return_inverse=True)
    weight = np.bincount(labels, table["population"].to_numpy())
    np.testing.assert_allclose(table["cluster_weight"].to_numpy(), weight[labels])
    digits = len(str(len(ids) - 1))
    assert list(ids) == [f"area_{number:0{digits}}" for number in range(len(ids))]


def test_the_same_file_gives_the_same_bytes():
    assert run(cell_file(300)) == run(cell_file(300))


def test_polygons_are_represented_by_their_centroid():
    coordinates, population = cells(200)
    side = 1e-4
    squares = file_bytes({"population": population, "geometry": square_geometry(coordinates, side)})
    points = file_bytes({"population": population, "geometry": point_geometry(coordinates + side / 2)})
    a, b = read_table(run(squares).clustered), read_table(run(points).clustered)
    assert a["cluster_id"].equals(b["cluster_id"])


def test_groups_are_not_crossed_and_null_is_a_group():
    rng = np.random.default_rng(0)
    groups = [None if value == 2 else ("east", "west")[value] for value in rng.integers(0, 3, 200)]
    content = file_bytes(columns() | {"stratum": pa.array(groups), "region": rng.integers(0, 2, 200)})
    table = read_table(run(content, group_by=["stratum", "region"]).clustered).to_pydict()
    groups_of = {}
    for cluster, stratum, region in zip(table["cluster_id"], table["stratum"], table["region"], strict=True):
        groups_of.setdefault(cluster, set()).add((stratum, region))
    assert all(len(groups) == 1 for groups in groups_of.values())
    assert len({next(iter(groups)) for groups in groups_of.values()}) == 6
    same = file_bytes(columns() | {"stratum": pa.array(groups).dictionary_encode(), "region": table["region"]})
    assert (
        read_table(run(same, group_by=["stratum", "region"]).clustered)["cluster_id"].to_pylist() == table["cluster_id"]
    )


@pytest.mark.parametrize(("n_urban", "radius"), [(150, 50.0), (50, 5000.0)])
def test_the_radius_follows_where_most_of_the_weight_is(n_urban, radius):
    urban = np.arange(200) < n_urban
    content = file_bytes(columns() | {"population": np.ones(200), "urban": urban})
    two = run(content, target_weight=10, radius={"urban": 50, "rural": 5000})
    one = run(content, target_weight=10, radius=radius)
    assert two.report == one.report


def test_rows_without_weight_column_count_one():
    assert run(cell_file(100), weight_column=None).report.weight == 100


@pytest.mark.parametrize("n", [0, 1])
def test_tiny_files(n):
    table = read_table(run(cell_file(n)).clustered)
    assert table.num_rows == n
    assert table["cluster_id"].to_pylist() == ["area_0"][:n]


@pytest.mark.parametrize("kind", [pa.float32(), pa.int16(), pa.decimal128(9, 2)])
def test_any_numeric_weight(kind):
    weights = pa.array(np.arange(200) % 5, pa.int16()).cast(kind)
    assert run(file_bytes(columns() | {"population": weights})).report.weight == 400


def bad_geo(**changes):
    description = {"encoding": "WKB", "geometry_types": []} | changes
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": description}}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "not a readable Parquet"),
        (b"PAR1 but nothing else PAR1", "not a readable Parquet"),
        (cell_file(50)[:-200], "not a readable Parquet"),
        (file_bytes(columns(), geo=None), "not GeoParquet"),
        (file_bytes(columns(), geo="{"), "broken GeoParquet metadata"),
        (file_bytes(columns(), geo={"version": "1.0.0"}), "broken GeoParquet metadata"),
        (file_bytes(columns(), geo={"primary_column": 0, "columns": [{"encoding": "WKB"}]}), "broken GeoParquet"),
        (file_bytes(columns(), geo={"primary_column": "geometry", "columns": {}}), "broken GeoParquet metadata"),
        (file_bytes({"population": np.ones(3)}), "column geometry: .* no such column"),
        (
            file_bytes(columns(), geo=bad_geo(encoding="point")),
            "column geometry: has the type binary, not 0 lists around",
        ),
        (file_bytes(columns(), geo=bad_geo(encoding="linestring")), "column geometry: has the encoding linestring"),
        (file_bytes(columns(), geo=bad_geo(crs="EPSG:0")), "unknown coordinate system"),
        (file_bytes(columns() | {"cluster_id": np.arange(200)}), "column cluster_id: already"),
        (file_bytes({"geometry": columns()["geometry"]}), "column population: there is no such column"),
        (file_bytes(columns() | {"population": ["x"] * 200}), "column population: has the type string"),
        (
            file_bytes(columns() | {"population": pa.array([1.0] * 9 + [None] + [1.0] * 190)}),
            "column population, row 9: the weight is missing",
        ),
        (
            file_bytes(columns() | {"geometry": pa.array([*columns()["geometry"].to_pylist()[:199], None])}),
            "column geometry, row 199: the geometry is missing",
        ),
        (
            file_bytes(columns() | {"geometry": pa.array([*columns()["geometry"].to_pylist()[:199], b"\x01\x01"])}),
            "column geometry, row 199: the geometry is broken WKB",
        ),
        (file_bytes(columns() | {"geometry": ["POINT (1 2)"] * 200}), "column geometry: has the type string"),
    ],
)
def test_a_bad_file_is_refused_with_the_place_of_the_fault(content, complaint):
    with pytest.raises(InvalidInput, match=rf"area\.parquet.*{complaint}"):
        run(content)


def test_shapes_other_than_points_and_polygons_are_refused_with_their_row():
    shapes = [*shapely.from_wkt(["POINT (121 14)", "POLYGON ((121 14, 121.1 14, 121.1 14.1, 121 14))"])]
    wkb = shapely.to_wkb([*shapes, shapely.from_wkt("LINESTRING (121 14, 121.1 14)")])
    with pytest.raises(InvalidInput, match="column geometry, row 2: the geometry is neither"):
        run(file_bytes({"population": np.ones(3), "geometry": pa.array(wkb)}))
    empty = shapely.to_wkb([*shapes, shapely.from_wkt("POLYGON EMPTY")])
    with pytest.raises(InvalidInput, match="column geometry, row 2: the geometry is empty"):
        run(file_bytes({"population": np.ones(3), "geometry": pa.array(empty)}))


def test_the_centroid_of_a_concave_polygon_is_used():
    coordinates, population = cells(60)
    side = 4e-4
    corner = np.array([[0, 0], [3, 0], [3, 1], [1, 1], [1, 3], [0, 3]]) * side / 3
    shapes = shapely.polygons([corner + place for place in coordinates])
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    as_polygons = file_bytes({"population": population, "geometry": pa.array(shapely.to_wkb(shapes))})
    as_points = file_bytes({"population": population, "geometry": point_geometry(middle)})
    a, b = (
        read_input(pa.BufferReader(content), "area.parquet", parse_parameters({})).points
        for content in (as_polygons, as_points)
    )
    np.testing.assert_allclose(a, b, atol=0.01)


def test_longitude_comes_first_whatever_the_authority_says():
    import pyproj

    coordinates, population = cells(60)
    crs = pyproj.CRS.from_epsg(4326).to_json_dict()
    assert crs["coordinate_system"]["axis"][0]["name"] == "Geodetic latitude"
    geometry = point_geometry(coordinates)
    declared, default = (
        file_bytes({"population": population, "geometry": geometry}, crs=value) for value in (crs, None)
    )
    a, b = (read_table(run(content).clustered) for content in (declared, default))
    assert a["cluster_id"].equals(b["cluster_id"])


def test_the_antimeridian_is_no_border():
    """The same cells there and elsewhere make the same clusters."""
    here, population = cells(200, middle=(177.0, -17))
    across = here + np.array([2.995, 0])
    across[:, 0] = np.where(across[:, 0] > 180, across[:, 0] - 360, across[:, 0])
    assert across[:, 0].min() < 0 < across[:, 0].max()
    a, b = (
        run(file_bytes({"population": population, "geometry": point_geometry(places)}), crs="EPSG:3832")
        for places in (here, across)
    )
    assert read_table(a.clustered)["cluster_id"].equals(read_table(b.clustered)["cluster_id"])
    assert read_table(a.frame)["pieces"].equals(read_table(b.frame)["pieces"])


def test_geopandas_reads_the_output():
    geopandas = pytest.importorskip("geopandas")
    clustered = run(cell_file(200))
    frame = geopandas.read_parquet(io.BytesIO(clustered.clustered))
    assert len(frame) == 200
    assert frame.crs == "OGC:CRS84"
    assert frame.geometry.geom_type.unique().tolist() == ["Point"]
    assert frame.cluster_id.nunique() == clustered.report.n_clusters


def test_the_report_is_in_the_output():
    clustered = run(cell_file(200))
    provenance = json.loads(read_table(clustered.clustered).schema.metadata[b"kmeans"])
    assert provenance["report"] == msgspec.to_builtins(clustered.report)
    assert sum(clustered.report.statuses.values()) == clustered.report.n_clusters


def test_coordinates_that_are_not_finite_name_their_row():
    coordinates, population = cells(20)
    coordinates[13, 0] = np.nan
    with pytest.raises(InvalidInput, match=r"column geometry, row 13: the coordinates are \(nan"):
        run(file_bytes({"population": population, "geometry": point_geometry(coordinates)}))


def test_coordinates_off_the_globe_name_their_row():
    coordinates, population = cells(20)
    coordinates[13] = (121.0, 9e9)
    content = file_bytes({"population": population, "geometry": point_geometry(coordinates)})
    with pytest.raises(InvalidInput, match="row 13"):
        run(content, crs="EPSG:32651")
    with pytest.raises(InvalidInput, match=r"area\.parquet"):
        run(content)


@pytest.mark.parametrize(("crs", "complaint"), [("EPSG:4326", "not projected in metres"), ("EPSG:0", "not known")])
def test_a_coordinate_system_that_is_not_in_metres_is_refused(crs, complaint):
    with pytest.raises(InvalidParameters, match=complaint):
        run(cell_file(20), crs=crs)


def test_missing_group_or_urban_columns_are_named():
    with pytest.raises(InvalidInput, match="column stratum"):
        run(cell_file(20), group_by=["stratum"])
    with pytest.raises(InvalidInput, match="column pair: has the type list"):
        run(cell_file(20, pair=[[1, 2]] * 20), group_by=["pair"])
    with pytest.raises(InvalidInput, match="column urban"):
        run(cell_file(20), radius={"urban": 1, "rural": 2})
    with pytest.raises(InvalidInput, match="column urban: has the type list"):
        run(cell_file(20, urban=[[1]] * 20), radius={"urban": 1, "rural": 2})


@pytest.mark.parametrize(
    ("middle", "crs"),
    [
        ((121, 14.6), "EPSG:32651"),
        ((-58.4, -34.6), "EPSG:32721"),
        ((179.9, -17), "EPSG:32760"),
        ((-179.9, 65), "EPSG:32601"),
    ],
)
def test_the_utm_zone_follows_from_the_coordinates(middle, crs):
    coordinates, population = cells(50, middle=middle)
    content = file_bytes({"population": population, "geometry": point_geometry(coordinates)})
    provenance = json.loads(read_table(run(content).clustered).schema.metadata[b"kmeans"])
    assert provenance["crs"] == crs


def test_files_in_a_projected_system_give_the_same_clusters():
    import pyproj

    coordinates, population = cells(200)
    projected = np.column_stack(pyproj.Transformer.from_crs(4326, 3121, always_xy=True).transform(*coordinates.T))
    crs = pyproj.CRS.from_epsg(3121).to_json_dict()
    there = file_bytes({"population": population, "geometry": point_geometry(projected)}, crs=crs)
    here = file_bytes({"population": population, "geometry": point_geometry(coordinates)})
    a, b = (read_table(run(content, crs="EPSG:3121").clustered) for content in (there, here))
    assert a["cluster_id"].equals(b["cluster_id"])
