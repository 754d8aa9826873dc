import base64
import gzip
import json
import re
import tracemalloc

import numpy as np
import pyarrow as pa
import pytest
import shapely

from sampling_units import errors
from sampling_units.formatting import duration
from sampling_units.parameters import BySettlement, RunParameters
from sampling_units.report import ReportBuilder, RunHeader, page, run_header
from sampling_units.report.failures import MOST_LISTED, Failures
from sampling_units.report.page import VendorMissing
from sampling_units.report.page_data import MOST_EXCEPTIONS_PER_STATUS
from sampling_units.report.page_text import share
from sampling_units.report.run_header import parameter_facts, weight_ranges
from sampling_units.results import FileResult
from tests.sampling_units.report.made_frames import made_frame
from tests.sampling_units.report.unpacked_polygons import unpacked

PARAMS = RunParameters()


def report_of(frames, params=PARAMS, most_detailed=50_000, failures=(), **header):
    """The page and the data in it."""
    builder = ReportBuilder(params, most_detailed)
    for filename, frame in frames:
        builder.add_frame(filename, frame)
    for failure in failures:
        builder.add_failure(failure)
    html = builder.finish(RunHeader(**{"title": "run"} | header, params=params)).decode()
    packed = re.search(r'id="data">([^<]*)<', html)[1]
    return html, json.loads(gzip.decompress(base64.b64decode(packed)))


def words(html):
    """What a reader sees without scripts; without the licences."""
    html = html.partition("<footer")[0]
    html = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_the_same_input_gives_the_same_page():
    frames = [("a.parquet", made_frame(30, "a")), ("b.parquet", made_frame(10, "b", 122))]
    assert report_of(frames)[0] == report_of(frames)[0]


def test_areas_are_files_or_groups_within_files():
    grouped = made_frame(
        6,
        "nation",
        weights=[100, 200, 240, 250, 260, 400],
        statuses=["below_min", "ok", "ok", "ok", "ok", "above_max"],
        province=["north", "south", "north", "south", "north", None],
        urban=[True, False, True, False, True, True],
    )
    html, data = report_of([("nation.parquet", grouped), ("small.parquet", made_frame(2, "small"))])
    areas = data["areas"]
    assert areas["name"] == ["north / urban: true", "south / urban: false", "(none) / urban: true", ""]
    assert areas["file"] == ["nation.parquet"] * 3 + ["small.parquet"]
    assert areas["clusters"] == [3, 2, 1, 2]
    assert areas["inRange"] == [2, 2, 0, 2]
    assert areas["exceptions"] == [1, 0, 1, 0]
    assert areas["weight"] == [600, 450, 400, 480]
    assert areas["medianWeight"] == [240, 225, 400, 240]
    assert areas["places"] == [36, 24, 15, 21]
    assert "One line for each group within its file." in words(html)


def test_group_values_of_any_type_have_a_text():
    frame = made_frame(3, day=pa.array([1, 2, None], pa.date32()), code=pa.array([b"a", b"\xff", b"a"], pa.binary()))
    _, data = report_of([("a.parquet", frame)])
    assert data["areas"]["clusters"] == [1, 1, 1]
    assert data["areas"]["name"][0].startswith("1970-01-02 / ")


def test_up_to_the_limit_clusters_are_drawn_and_beyond_it_only_exceptions():
    statuses = ["ok"] * 8 + ["below_min", "above_max"]
    frames = [
        (f"{number}.parquet", made_frame(10, f"area_{number}", 120 + number, statuses=statuses)) for number in range(5)
    ]
    html, detailed = report_of(frames, most_detailed=50)
    assert len(detailed["clusters"]["id"]) == len(detailed["polygons"]["parts"]) == 50
    assert detailed["hexagons"] is None
    assert "Each cluster with its borders" in html
    html, binned = report_of(frames, most_detailed=49)
    assert binned["polygons"] is None
    assert binned["clusters"]["id"] == [f"area_{number}_{last}" for number in range(5) for last in (8, 9)]
    assert [binned["files"][file] for file in binned["clusters"]["file"]] == [
        f"{n}.parquet" for n in range(5) for _ in "ab"
    ]
    assert sum(binned["hexagons"][0]["n"]) == 50
    assert sum(binned["hexagons"][0]["n_in_range"]) == 40
    assert "50 clusters are too many to draw each" in words(html)


def test_of_many_exceptions_some_of_all_places_are_listed():
    n = 2 * MOST_EXCEPTIONS_PER_STATUS
    frame = made_frame(n, statuses=["radius_above_target"] * (n - 1) + ["below_min"])
    html, data = report_of([("a.parquet", frame)], most_detailed=10)
    assert len(data["clusters"]["id"]) == MOST_EXCEPTIONS_PER_STATUS + 1
    assert data["clusters"]["id"][0] == "area_0"
    assert data["clusters"]["id"][-1] == f"area_{n - 1}"
    assert data["counts"][1] == n - 1
    assert "Listed and drawn are 5,000 clusters each of: Radius above target" in words(html)


def test_many_clusters_take_little_memory():
    frames = [made_frame(100, f"area_{number}") for number in range(3)]
    builder = ReportBuilder(PARAMS, most_detailed=1000)
    builder.add_frame("first.parquet", frames[0])
    tracemalloc.start()
    for number in range(2_000):
        builder.add_frame(f"area_{number:06d}.parquet", frames[number % 3])
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 200_000 < 80


def test_ground_on_both_sides_of_the_date_line_is_one_piece():
    frames = [("a.parquet", made_frame(10, "east", west=179.5)), ("b.parquet", made_frame(10, "west", west=-179.9))]
    _, data = report_of(frames)
    west, _, east, _ = data["bounds"]
    assert 179 < west < east < 181
    again = shapely.bounds(np.array(unpacked(data["polygons"])))
    assert again[:, 0].min() == pytest.approx(179.5)
    assert again[:, 2].max() == pytest.approx(180.2)


def test_a_wide_point_is_in_range_by_its_weight():
    frame = made_frame(3, weights=[240, 100, 240], statuses=["point_above_max_radius"] * 2 + ["ok"])
    _, data = report_of([("a.parquet", frame)])
    assert data["areas"]["inRange"] == [2]


def test_unknown_statuses_are_shown_as_they_are():
    html, data = report_of([("a.parquet", made_frame(2, statuses=["ok", "newer"]))])
    assert data["statuses"][-1]["code"] == "newer"
    assert "This version of the program does not know this status." in words(html)


def test_an_explanation_of_one_file_is_better_than_a_general_one():
    one, other = made_frame(2, statuses=["ok", "below_min"]), made_frame(2, "b", statuses=["ok", "below_min"])
    for frame, text in ((one, "Lighter, by 17."), (other, "Lighter, by 23.")):
        frame.origin.report.findings[0].__dict__["text"] = text
    assert "Lighter, by 17." in report_of([("a.parquet", one)])[0]
    html, _ = report_of([("a.parquet", one), ("b.parquet", other)])
    assert "Lighter, by" not in html
    assert "Lighter than the minimum: no division was found" in html


def test_what_is_unknown_is_left_out():
    shown = words(report_of([("a.parquet", made_frame())])[0])
    for label in ("Started", "Duration", "Estimated cost", "Version", "Input", " None "):
        assert label not in shown.replace("None that", "").replace("None: every", "")


def test_without_knowledge_of_failures_none_is_claimed():
    frames = [("a.parquet", made_frame())]
    shown = words(report_of(frames)[0])
    assert "failed" not in shown.replace("Failed files", "").replace("lists failed files", "")
    assert "Not known: this page was made from the results alone. kmeans cluster --report lists failed files." in shown
    shown = words(report_of(frames, n_failed=0)[0])
    assert "Files clustered 1 0 failed" in shown
    assert "Not known" not in shown


def test_overlapping_borders_are_spoken_of_only_with_several_files():
    frames = [("a.parquet", made_frame(3, "a")), ("b.parquet", made_frame(3, "b", 122))]
    assert "may overlap" in words(report_of(frames)[0])
    assert "may overlap" not in words(report_of(frames[:1])[0])
    assert "may overlap" not in words(report_of(frames, most_detailed=1)[0])


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(0, "$0.00"), (0.00002, "less than $0.0001"), (0.0005, "$0.0005"), (0.0123, "$0.01"), (1234.5, "$1,234.50")],
)
def test_small_costs_have_more_digits(dollars, text):
    assert f"Estimated cost {text}" in words(report_of([], dollars=dollars)[0])


def test_names_of_failed_files_break_where_their_parts_end():
    failure = FileResult.failed("north/bad_<1>.parquet", errors.InvalidInput("is not Parquet"))
    assert "north/<wbr>bad_<wbr>&lt;1&gt;.parquet" in report_of([], failures=[failure])[0]


def test_what_is_known_is_shown():
    failure = FileResult.failed("c.parquet", errors.InvalidInput("is not Parquet", filename="c.parquet"))
    html, _ = report_of(
        [("a.parquet", made_frame(10, statuses=["ok"] * 9 + ["below_min"]))],
        RunParameters(
            target_weight=BySettlement(300, 200), max_weight="unlimited", min_weight=0, group_by=("barangay",)
        ),
        failures=[failure],
        title="run-20261122",
        version="0.2.0",
        started="2026-11-22 09:30 UTC",
        duration_seconds=754,
        dollars=1.5,
        input="inputs",
        output="outputs",
        n_found=5,
        n_skipped=1,
    )
    shown = words(html)
    for text in (
        "run-20261122 10 clusters from 1 file; 90.0% of them are inside the weight range of 0 or more.",
        "1 file could not be clustered.",
        "1 failed, 1 already up to date, 3 not worked on (not sent in this run)",
        "Started 2026-11-22 09:30 UTC Duration 12 min 34 s Estimated cost $1.50 Version of the program 0.2.0",
        "Target weight target_weight 300 (urban), 200 (rural)",
        "Heaviest allowed cluster max_weight unlimited",
        "Clusters never mix values of group_by barangay",
        "InvalidInput 1 file The content of a file cannot be clustered",
        "c.parquet is not Parquet",
        "Exceptions 1",
    ):
        assert text in shown


def test_every_parameter_has_a_label():
    chosen, others = parameter_facts(RunParameters(radius=500))
    assert [fact.name for fact in chosen] == ["target_weight", "radius", "weight_column"]
    assert chosen[1].value == "500 m"
    assert {fact.name for fact in chosen + others} == set(RunParameters.__struct_fields__)
    assert [fact for fact in chosen + others if fact.label == fact.name] == []


def test_ranges_of_urban_and_rural_clusters():
    assert [(r.kind, r.low, r.high) for r in weight_ranges(RunParameters(target_weight=BySettlement(300, 200)))] == [
        ("urban", 225, 375),
        ("rural", 150, 250),
    ]
    assert [(r.kind, r.low, r.high) for r in weight_ranges(PARAMS)] == [("", 180, 300)]


def test_failures_are_counted_beyond_those_listed():
    failures = Failures()
    for number in range(MOST_LISTED + 5):
        failures.add(FileResult.failed(f"{number}.parquet", errors.NoResult("ran out of time")))
    failures.add(FileResult.failed("x.parquet", errors.InvalidInput("x" * 5000)))
    many, one = failures.groups()
    assert (many.code, many.n_files, len(many.files)) == ("NoResult", MOST_LISTED + 5, MOST_LISTED)
    assert "did not return" in many.meaning
    assert len(one.files[0][1]) < 1100
    html, _ = report_of(
        [], failures=[FileResult.failed(f"{n}.parquet", errors.NoResult("x")) for n in range(MOST_LISTED + 5)]
    )
    assert "5 more of this kind are left out here" in words(html)


def test_hostile_text_never_becomes_markup():
    evil = "</script><img src=x onerror=alert(1)><!--"
    failure = FileResult.failed(evil, errors.InvalidInput(evil))
    html, _ = report_of(
        [(evil, made_frame(2, evil, statuses=["ok", evil]))], failures=[failure], title=evil, input=evil
    )
    assert evil not in html
    assert "<img" not in re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)


def test_only_the_scripts_of_the_page_may_run():
    html, _ = report_of([])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    scripts = re.search(r"script-src ([^;]*);", policy)[1].split()
    assert len(scripts) == html.count("<script>")
    assert all(source.startswith("'sha256-") for source in scripts)
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?:", policy)


def test_half_a_surrogate_pair_is_written_down():
    failure = FileResult.failed("\ud800.parquet", errors.FileMissing("\ud800"))
    html, data = report_of([("\ud800.parquet", made_frame(2, statuses=["ok", "below_min"]))], failures=[failure])
    assert data["files"] == ["\ud800.parquet"]
    assert "\\ud800" in html


def test_missing_libraries_are_named(monkeypatch, tmp_path):
    monkeypatch.setattr(page, "_VENDOR", tmp_path)
    for cached in (page._scripts, page._styles, page._licences):
        cached.cache_clear()
    with pytest.raises(VendorMissing, match="make setup"):
        report_of([])
    for cached in (page._scripts, page._styles, page._licences):
        cached.cache_clear()


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 9, "0%"), (9, 9, "100%"), (1, 10**6, "0.1%"), (2, 3, "66.7%"), (0, 0, "0%"), (999_999, 10**6, "99.9%")],
)
def test_shares_are_exact_at_the_ends(part, whole, text):
    assert share(part, whole) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.21, "3.2 s"), (59.99, "60.0 s"), (61, "1 min 1 s"), (7384, "2 h 3 min")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(240, "240"), (22.5, "22.5"), (0.125, "0.125"), (12345.6, "12,346"), (float("inf"), "none")]
)
def test_numbers(value, text):
    assert run_header.number(value) == text
