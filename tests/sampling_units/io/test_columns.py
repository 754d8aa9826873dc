"""Urban flags, groups, coordinates and invalid rows, as files have them."""

import numpy as np
import pyarrow as pa
import pyproj
import pytest

from sampling_units.errors import InvalidInput, InvalidParameters
from tests.support.file_jobs import cluster_bytes as run
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry, read_table, square_geometry

TWO_TARGETS = {"urban": 10, "rural": 40}


def frame_of(outcome):
    return read_table(outcome.frame).to_pydict()


class TestUrbanAndRural:
    @pytest.mark.parametrize(
        ("urban", "rural"),
        [
            (True, False),
            ("urban", "rural"),
            ("Urban ", "RURAL"),
            ("U", "R"),
            ("yes", "no"),
            (1, 0),
            ("1", ""),
            ("true", None),
            (True, None),
        ],
    )
    @pytest.mark.parametrize("n_urban", [150, 50])
    def test_a_file_is_what_most_of_its_weight_is(self, urban, rural, n_urban):
        flags = [urban] * n_urban + [rural] * (200 - n_urban)
        ones = np.ones(200)
        for values in (pa.array(flags), pa.array(flags).dictionary_encode()):
            outcome = run(cell_file(200, population=ones, urban=values), target_weight=TWO_TARGETS)
            assert outcome.report.n_clusters == (20 if n_urban > 100 else 5)

    def test_each_group_is_urban_or_rural_by_itself(self):
        group = np.repeat(["a", "b"], 200)
        # The first row of each group says the opposite of most of its weight.
        urban = np.where(group == "a", "rural", "urban").astype(object)
        urban[np.arange(400) % 200 != 0] = np.where(group == "a", "urban", "rural")[np.arange(400) % 200 != 0]
        content = cell_file(400, population=np.ones(400), group=group, urban=urban.astype(str))
        for params, counts in (
            ({"target_weight": TWO_TARGETS}, {"a": 20, "b": 5}),
            ({"target_weight": 20, "min_weight": 5, "radius": {"urban": 120.0, "rural": 500.0}}, None),
        ):
            frame = frame_of(run(content, group_by=["group"], **params))
            found = {name: frame["group"].count(name) for name in ("a", "b")}
            assert found == counts if counts else found["a"] > 1.5 * found["b"]

    def test_the_user_may_name_the_values(self):
        content = cell_file(200, population=np.ones(200), kind=pa.array([7] * 120 + [3] * 80))
        settlement = {"target_weight": TWO_TARGETS, "urban_column": "kind"}
        assert run(content, **settlement, urban_values=["7", "8"]).report.n_clusters == 20
        assert run(content, **settlement, urban_values=["3"]).report.n_clusters == 5

    def test_unknown_words_and_types_are_refused(self):
        words = ["urban"] * 9 + ["peri-urban"]
        with pytest.raises(
            InvalidInput, match=r"column urban, row 9: the value is 'peri-urban', neither .* urban_values"
        ):
            run(cell_file(10, urban=words), target_weight=TWO_TARGETS)
        with pytest.raises(InvalidInput, match="column urban, row 0: the value is '2'"):
            run(cell_file(10, urban=[2] * 10), target_weight=TWO_TARGETS)
        with pytest.raises(InvalidInput, match="column urban: has the type list"):
            run(cell_file(10, urban=[[True]] * 10), target_weight=TWO_TARGETS)


class TestGroups:
    @pytest.mark.parametrize(
        "values",
        [
            pa.array([True, False] * 100),
            pa.array([1, None] * 100),
            pa.array(["ñ", "a"] * 100, pa.string_view()),
            pa.array([1.5, -1.5] * 100),
            pa.array([b"x", b"y"] * 100),
            pa.DictionaryArray.from_arrays(pa.array([2, 0] * 100, pa.int8()), ["z", "unused", "a"]),
        ],
    )
    def test_ids_and_frame_carry_the_group(self, values):
        outcome = run(cell_file(200, part=values), group_by=["part"])
        rows, frame = read_table(outcome.clustered).to_pydict(), frame_of(outcome)
        part_of = dict(zip(frame["cluster_id"], frame["part"], strict=True))
        assert all(part_of[cluster] == part for cluster, part in zip(rows["cluster_id"], rows["part"], strict=True))
        distinct = sorted(set(values.to_pylist()) - {None}) + [None] * (values.null_count > 0)
        assert frame["part"] == sorted(frame["part"], key=distinct.index)
        for cluster, part in part_of.items():
            text = part.hex() if isinstance(part, bytes) else str(part)
            assert cluster.startswith(f"area_{text.lower() if isinstance(part, bool | None) else text}_")

    def test_a_text_that_reads_like_nothing_is_another_group_than_nothing(self):
        values = pa.array(["none", "none~2", None, "none~null"] * 50)
        frame = frame_of(run(cell_file(200, part=values), group_by=["part"]))
        assert len(set(frame["cluster_id"])) == len(frame["cluster_id"])
        named = {
            cluster.rsplit("_", 1)[0]: part for cluster, part in zip(frame["cluster_id"], frame["part"], strict=True)
        }
        assert {named[f"area_{text}"] for text in ("none", "none~2", "none~null")} == {"none", "none~2", "none~null"}

    def test_groups_may_be_bytes_that_are_no_text_and_dates_beyond_the_calendar(self):
        for values in (
            pa.array([b"\xff\xfe"] * 50).cast(pa.binary()),
            pa.array([10**7] * 50, pa.int32()).cast(pa.date32()),
            pa.array([7] * 50, pa.timestamp("ns")),
        ):
            assert run(cell_file(50, part=values), group_by=["part"]).report.n_rows == 50

    def test_groups_whose_names_run_together_keep_distinct_ids(self):
        first, second = ["a_b"] * 100 + ["a"] * 100, ["c"] * 100 + ["b_c"] * 100
        frame = frame_of(run(cell_file(200, first=first, second=second), group_by=["first", "second"]))
        assert len(set(frame["cluster_id"])) == len(frame["cluster_id"])
        assert set(zip(frame["first"], frame["second"], strict=True)) == {("a_b", "c"), ("a", "b_c")}

    def test_a_column_of_nothing_is_one_group(self):
        assert set(frame_of(run(cell_file(50, part=pa.nulls(50)), group_by=["part"]))["part"]) == {None}

    def test_threads_change_nothing(self):
        content = cell_file(900, part=np.arange(900) % 7)
        assert run(content, group_by=["part"]) == run(content, group_by=["part"], n_threads=3)

    def test_a_group_of_invalid_rows_has_no_cluster(self):
        part = ["a"] * 100 + ["b"] * 100
        population = [float("nan")] * 100 + [1.0] * 100
        content = cell_file(200, part=part, population=population)
        outcome = run(content, group_by=["part"], drop_invalid=True)
        assert set(frame_of(outcome)["part"]) == {"b"}
        assert outcome.report.n_invalid == 100

    def test_a_grouping_column_may_be_called_like_a_figure_of_the_frame(self):
        frame = frame_of(run(cell_file(100, pieces=[3] * 100), group_by=["pieces"]))
        assert set(frame["pieces"]) == {3}
        assert set(frame["_pieces"]) == {1}


class TestInvalidRows:
    def test_the_first_ten_are_named(self):
        population = np.ones(100)
        population[5::7] = np.nan
        with pytest.raises(InvalidInput) as caught:
            run(cell_file(100, population=population))
        assert str(caught.value) == (
            "area.parquet, column population, row 5: the weight is nan, but has to be a finite number of at least 0; "
            "14 rows cannot be clustered, the first of them: 5, 12, 19, 26, 33, 40, 47, 54, 61, 68. "
            "Correct the values, or leave such rows out with drop_invalid (--drop-invalid)"
        )
        assert caught.value.where["row"] == 5

    @pytest.mark.parametrize("weight", [None, float("nan"), float("inf"), -1.0])
    def test_rows_without_weight_are_left_out(self, weight):
        population = pa.array([weight, *[1.0] * 99])
        outcome = run(cell_file(100, population=population), drop_invalid=True)
        rows = read_table(outcome.clustered).to_pydict()
        assert (rows["cluster_id"][0], rows["cluster_weight"][0], rows["cluster_status"][0]) == (None, None, "invalid")
        assert None not in rows["cluster_id"][1:]
        assert (outcome.report.n_rows, outcome.report.n_invalid, outcome.report.weight) == (100, 1, 99)

    def test_the_others_are_clustered_as_if_the_invalid_were_not_there(self):
        coordinates, population = cells(300)
        is_lost = np.arange(300) % 11 == 0
        broken = np.where(is_lost, np.nan, population)
        a = run(file_bytes({"population": broken, "geometry": point_geometry(coordinates)}), drop_invalid=True)
        b = run(file_bytes({"population": population[~is_lost], "geometry": point_geometry(coordinates[~is_lost])}))
        ids = np.array(read_table(a.clustered)["cluster_id"].to_pylist(), dtype=object)
        assert ids[~is_lost].tolist() == read_table(b.clustered)["cluster_id"].to_pylist()
        assert read_table(a.frame).drop(["bbox"]).equals(read_table(b.frame).drop(["bbox"]))

    @pytest.mark.parametrize("place", [(np.nan, 14.6), (np.inf, 14.6), (np.nan, np.nan), (121, 91), (900, 14)])
    def test_rows_without_place_are_left_out(self, place):
        coordinates, population = cells(100)
        coordinates[42] = place
        content = file_bytes({"population": population, "geometry": point_geometry(coordinates)})
        with pytest.raises(InvalidInput, match="column geometry, row 42"):
            run(content)
        assert read_table(run(content, drop_invalid=True).clustered)["cluster_status"][42].as_py() == "invalid"

    def test_a_corner_off_the_globe_names_its_row(self):
        coordinates, _ = cells(50, middle=(121.0, 89.99))
        shapes = [*square_geometry(coordinates - np.array([0, 1])).to_pylist()]
        shapes[33] = square_geometry(np.array([[121.0, 89.0]]), 1.5).to_pylist()[0]
        content = file_bytes({"population": np.ones(50), "geometry": pa.array(shapes)})
        with pytest.raises(InvalidInput, match=r"row 33: .* are no longitude and latitude"):
            run(content)
        assert run(content, drop_invalid=True).report.n_invalid == 1

    def test_a_place_that_cannot_be_projected_names_its_row_though_others_were_left_out(self):
        coordinates, _ = cells(50)
        metres = coordinates * 1000 + np.array([300_000, 1_600_000])
        metres[40] = (1e12, 1e12)
        geometry = point_geometry(metres)
        population = np.where(np.arange(50) < 5, np.nan, 1.0)
        crs = pyproj.CRS(32651).to_json_dict()
        with pytest.raises(InvalidInput, match="row 40"):
            run(
                file_bytes({"population": population, "geometry": geometry}, crs=crs),
                crs="EPSG:3121",
                drop_invalid=True,
            )


class TestCoordinateColumns:
    def test_a_plain_table_becomes_a_map(self):
        coordinates, population = cells(100)
        plain = file_bytes({"population": population, "lon": coordinates[:, 0], "lat": coordinates[:, 1]}, geo=None)
        same = file_bytes({"population": population, "geometry": point_geometry(coordinates)})
        a, b = read_table(run(plain).clustered), read_table(run(same).clustered)
        assert a["geometry"].equals(b["geometry"])
        assert a["cluster_id"].equals(b["cluster_id"])

    def test_what_is_missing_is_said(self):
        with pytest.raises(InvalidInput, match=r"no columns named longitude and latitude .* longitude_column"):
            run(file_bytes({"population": np.ones(3), "a": np.ones(3)}, geo=None))
        with pytest.raises(InvalidInput, match="column east: there is no such column"):
            run(cell_file(3), longitude_column="east", latitude_column="north")
        with pytest.raises(InvalidInput, match="column lat: has the type string, not a number"):
            run(file_bytes({"population": np.ones(3), "lon": np.ones(3), "lat": ["1"] * 3}, geo=None))
        with pytest.raises(InvalidParameters, match="together with latitude_column"):
            run(cell_file(3), longitude_column="east")

    def test_metres_without_a_system_are_no_degrees(self):
        plain = {"population": np.ones(3), "x": np.arange(3) * 100.0, "y": np.arange(3) * 100.0 + 1.6e6}
        with pytest.raises(InvalidInput, match=r"column x, y, row 0: .* are no longitude and latitude"):
            run(file_bytes(plain, geo=None))
        assert run(file_bytes(plain, geo=None), input_crs="EPSG:32651").report.n_rows == 3
        geo = {"encoding": "WKB", "geometry_types": [], "crs": None}
        unknown = file_bytes(
            {"population": np.ones(2), "geometry": point_geometry([[5e5, 1.6e6], [6e5, 1.6e6]])},
            geo={"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": geo}},
        )
        with pytest.raises(InvalidInput, match=r"has no coordinate system, .* input_crs"):
            run(unknown)
        assert run(unknown, input_crs="EPSG:32651").report.n_rows == 2
        with pytest.raises(InvalidParameters, match="input_crs 'EPSG:0' is not known"):
            run(unknown, input_crs="EPSG:0")


class TestColumnNames:
    def test_an_input_with_our_columns_names_the_way_out(self):
        clustered = run(cell_file(100)).clustered
        with pytest.raises(InvalidInput, match=r"column cluster_id: already has this column.*--column-prefix"):
            run(clustered)
        again = read_table(run(clustered, column_prefix="psu_").clustered)
        assert again.column_names[-3:] == ["psu_id", "psu_weight", "psu_status"]
        assert again["psu_id"].equals(again["cluster_id"])

    @pytest.mark.parametrize("prefix", ["", "1", "a b", "../", "ä", 'x"'])
    def test_prefixes_are_plain(self, prefix):
        with pytest.raises(InvalidParameters, match="column_prefix"):
            run(cell_file(3), column_prefix=prefix)
