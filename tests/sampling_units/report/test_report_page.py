import io
import json

import numpy as np
import pytest
import shapely
from PIL import Image
from playwright.sync_api import expect

from sampling_units.errors import InvalidInput
from sampling_units.parameters import BySettlement, RunParameters
from sampling_units.report import ReportBuilder, RunHeader
from sampling_units.report.polygon_packing import MOST_VERTICES
from sampling_units.results import FileResult
from tests.sampling_units.report.made_frames import SIDE, made_frame

# One worker has the browser.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

HOSTILE = "<img src=x onerror=globalThis.hit=1>&amp;</script><script>globalThis.hit=2</script><!--"
PARAMS = RunParameters(radius=550.0)


def page_of(frames, params=PARAMS, failures=(), most_detailed=50_000, **header):
    builder = ReportBuilder(params, most_detailed)
    for filename, frame in frames:
        builder.add_frame(filename, frame)
    for failure in failures:
        builder.add_failure(failure)
    return builder.finish(RunHeader(**{"title": "ilocos"} | header, params=params))


def survey():
    """Three files with 70 clusters, six of them exceptions, and two failed files."""
    statuses = ["ok"] * 27 + ["point_above_max", "below_min", "radius_above_target"]
    frames = [
        (f"ilocos/{name}.parquet", made_frame(n, name, west, weights=np.linspace(150, 350, n), statuses=statuses[-n:]))
        for name, n, west in (("north", 30, 121.0), ("middle", 10, 121.3), ("south", 30, 121.6))
    ]
    failures = [
        FileResult.failed(f"ilocos/bad_{number}.parquet", InvalidInput("is not a Parquet file")) for number in range(2)
    ]
    return {"frames": frames, "failures": failures, "started": "2026-11-22 09:30 UTC", "dollars": 1.25}


@pytest.fixture(scope="module")
def survey_page():
    return page_of(**survey())


@pytest.fixture(scope="module")
def binned_page():
    return page_of(**survey(), most_detailed=20)


def colours_of_map(opened):
    """The colours of the drawing, most frequent first, without the controls on it."""
    opened.wait_for_map()
    picture = Image.open(io.BytesIO(opened.page.locator("#map").screenshot())).convert("RGB")
    width, height = picture.size
    inner = picture.crop((0, 0, width - 60, height - 40))
    return [colour for n, colour in sorted(inner.getcolors(maxcolors=10**6), reverse=True) if n > 50]


def outline_on_map(opened, is_dark=False):
    """The box around all pixels of the outline of what is chosen, as width, height and number of pixels."""
    mark = (255,) * 3 if is_dark else (17,) * 3
    for _ in range(50):
        opened.wait_for_map()
        picture = np.asarray(Image.open(io.BytesIO(opened.page.locator("#map").screenshot())).convert("RGB"))
        rows, columns = np.nonzero((picture[:-40, :-60] == mark).all(axis=2))
        if len(rows) > 500:
            return int(np.ptp(columns)), int(np.ptp(rows)), len(rows)
        opened.page.wait_for_timeout(100)
    return 0, 0, len(rows)


@pytest.mark.parametrize("kind", ["survey_page", "binned_page"])
def test_the_page_works_without_a_network_and_without_complaints(kind, request, open_page):
    opened = open_page(request.getfixturevalue(kind), offline=True)
    assert len(colours_of_map(opened)) > 5
    assert opened.complaints == []
    # Workers and icons are inside the page.
    assert [url for url in opened.requests[1:] if not url.startswith(("blob:", "data:"))] == []


def test_histograms_are_drawn_with_the_range_and_the_target(survey_page, open_page):
    page = open_page(survey_page).page
    for figure, marks in (("weight", ["180", "300"]), ("radius", ["550"])):
        chart = page.locator(f"#{figure}-chart svg").first
        assert chart.locator("rect").count() > 5
        assert chart.get_attribute("aria-label").startswith("Histogram")
        shown = chart.text_content()
        assert all(mark in shown for mark in marks)
        assert chart.locator("g[stroke-dasharray] line").count() == len(marks)
    assert "180 to 300" in page.locator("#weight-chart figcaption").text_content()
    page.locator("#weight-chart summary").click()
    counts = page.locator("#weight-chart tbody td:nth-child(2)").all_text_contents()
    assert sum(map(int, counts)) == 70


def test_two_ranges_are_both_marked(open_page):
    params = RunParameters(target_weight=BySettlement(300, 200), radius=BySettlement(500, 1000))
    page = open_page(page_of([("a.parquet", made_frame(30))], params)).page
    assert "225 to 375 (urban) or 150 to 250 (rural)" in page.locator("#weight-chart figcaption").text_content()
    marks = page.locator("#radius-chart svg").first.text_content()
    assert "urban" in marks
    assert "rural" in marks


@pytest.mark.parametrize("kind", ["survey_page", "binned_page"])
def test_colours_switch_between_weight_and_status(kind, request, open_page):
    opened = open_page(request.getfixturevalue(kind))
    by_weight = colours_of_map(opened)
    opened.page.locator("#colour-switch input[value=status]").check()
    opened.page.wait_for_timeout(100)
    assert colours_of_map(opened) != by_weight
    assert "One place above the maximum (3)" in opened.page.locator("#legend").text_content()


@pytest.mark.parametrize("kind", ["survey_page", "binned_page"])
def test_an_exception_is_found_on_the_map(kind, request, open_page):
    opened = open_page(request.getfixturevalue(kind))
    opened.wait_for_map()
    before, *_ = opened.map_place()
    opened.page.get_by_role("button", name="south_28").click()
    opened.wait_for_map()
    zoom, longitude, latitude = opened.map_place()
    assert zoom > before + 1
    assert (longitude, latitude) == pytest.approx((121.685, 14.625), abs=1e-3)
    details = opened.page.locator("#details").text_content()
    assert "south_28" in details
    assert "Below the minimum" in details


@pytest.mark.parametrize("is_dark", [False, True])
def test_a_chosen_cluster_has_an_outline_all_around(survey_page, open_page, is_dark):
    opened = open_page(survey_page, color_scheme="dark" if is_dark else "light")
    opened.page.locator("#colour-switch input[value=status]").check()
    opened.wait_for_map()
    opened.page.get_by_role("button", name="south_28").click()
    width, height, n_pixels = outline_on_map(opened, is_dark)
    # The cluster is a square of degrees on the map of Mercator.
    zoom, *_ = opened.map_place()
    side = SIDE * 512 * 2**zoom / 360
    assert width == pytest.approx(side, abs=8)
    assert height == pytest.approx(side / np.cos(np.radians(14.6)), abs=8)
    assert n_pixels > 3 * 2 * (width + height)
    # What is chosen stays, wherever the mouse points.
    box = opened.page.locator("#map").bounding_box()
    for step in range(5):
        opened.page.mouse.move(box["x"] + 20 + step, box["y"] + box["height"] / 2)
    assert opened.page.locator("#details h3").text_content() == "south_28"


@pytest.mark.parametrize("kind", ["survey_page", "binned_page"])
def test_a_chosen_area_has_an_outline_and_figures(kind, request, open_page):
    opened = open_page(request.getfixturevalue(kind))
    opened.wait_for_map()
    opened.page.locator("#areas-table").get_by_role("button", name="ilocos/middle.parquet").press("Enter")
    width, height, _ = outline_on_map(opened)
    # Ten squares in a row, or the box around them.
    assert width > 300
    assert width / height == pytest.approx(10 if kind == "survey_page" else 5, rel=0.3)
    details = opened.page.locator("#details").text_content()
    for text in ("ilocos/middle.parquet", "Clusters10", "Inside the range80.0%", "Exceptions3", "Median weight250"):
        assert text in details


def test_the_wheel_scrolls_the_page_and_zooms_only_with_a_key(survey_page, open_page):
    # The policy forbids the functions that are waited for here.
    opened = open_page(survey_page, bypass_csp=True)
    opened.page.locator("#map").scroll_into_view_if_needed()
    opened.wait_for_map()
    before, *_ = opened.map_place()
    box = opened.page.locator("#map").bounding_box()
    scrolled = opened.page.evaluate("scrollY")
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    opened.page.mouse.wheel(0, 100)
    opened.page.wait_for_function(f"scrollY > {scrolled}")
    assert opened.map_place()[0] == before
    assert "scroll to zoom the map" in opened.page.locator("#map .maplibregl-desktop-message").text_content()
    opened.page.keyboard.down("Control")
    opened.page.mouse.wheel(0, -300)
    opened.page.wait_for_function(f"Number(document.getElementById('map').dataset.zoom) > {before}")


def test_an_area_is_found_on_the_map(survey_page, open_page):
    opened = open_page(survey_page)
    opened.wait_for_map()
    opened.page.locator("#areas-table").get_by_role("button", name="ilocos/middle.parquet").click()
    opened.wait_for_map()
    _, longitude, _ = opened.map_place()
    assert longitude == pytest.approx(121.35, abs=1e-2)


def test_clusters_describe_themselves_when_pointed_at(survey_page, open_page):
    opened = open_page(survey_page)
    opened.page.locator("#areas-table").get_by_role("button", name="ilocos/middle.parquet").click()
    opened.wait_for_map()
    box = opened.page.locator("#map").bounding_box()
    opened.page.mouse.click(box["x"] + box["width"] / 2 + 5, box["y"] + box["height"] / 2)
    assert "middle_5" in opened.page.locator("#details h3").text_content()
    assert "ilocos/middle.parquet" in opened.page.locator("#details").text_content()


def test_the_map_is_operated_by_keyboard(survey_page, open_page):
    opened = open_page(survey_page)
    opened.wait_for_map()
    before, longitude_before, _ = opened.map_place()
    opened.page.keyboard.press("Tab")
    opened.page.locator("#colour-switch input[value=weight]").focus()
    opened.page.keyboard.press("Tab")
    assert opened.page.evaluate("document.activeElement.tagName") == "CANVAS"
    for key in ("+", "ArrowRight"):
        opened.page.keyboard.press(key)
        opened.page.wait_for_timeout(200)
        opened.wait_for_map()
    zoom, longitude, _ = opened.map_place()
    assert zoom > before
    assert longitude > longitude_before
    assert opened.page.locator(".cross").is_visible()


def test_tables_are_sorted_and_searched(survey_page, open_page):
    page = open_page(survey_page).page
    names = page.locator("#areas-table tbody td:first-child")
    expect(names).to_have_text([f"ilocos/{name}.parquet" for name in ("north", "middle", "south")])
    page.locator("#areas-table thead").get_by_role("button", name="Clusters").click()
    expect(names.first).to_have_text("ilocos/middle.parquet")
    page.get_by_label("Search the areas").fill("south")
    expect(names).to_have_text(["ilocos/south.parquet"])
    page.get_by_label("Search the exceptions").fill("Below the minimum")
    shown = page.locator("#exceptions-table tbody td:first-child")
    expect(shown).to_have_text(["north_28", "middle_8", "south_28"])


def test_failed_files_are_grouped_by_error(survey_page, open_page):
    failures = open_page(survey_page).page.locator("#failures").text_content()
    assert "InvalidInput" in failures
    assert "2 files" in failures
    assert "is not a Parquet file" in failures


@pytest.mark.parametrize(
    ("kind", "scheme", "width"),
    [
        ("survey_page", "light", 1280),
        ("survey_page", "dark", 375),
        ("binned_page", "light", 375),
        ("binned_page", "dark", 1280),
    ],
)
def test_the_page_is_accessible(kind, scheme, width, request, open_page, axe):
    opened = open_page(request.getfixturevalue(kind), color_scheme=scheme, viewport={"width": width, "height": 800})
    opened.wait_for_map()
    for summary in opened.page.locator("details summary").all():
        summary.click()
    opened.page.evaluate(axe)
    found = opened.page.evaluate("axe.run(document)")["violations"]
    print(json.dumps([(rule["id"], rule["impact"], [node["html"][:200] for node in rule["nodes"]]) for rule in found]))
    assert [rule["id"] for rule in found] == []


def test_dark_mode_is_dark_also_when_it_comes_later(survey_page, open_page):
    opened = open_page(survey_page)
    light = colours_of_map(opened)[0]
    opened.page.emulate_media(color_scheme="dark")
    opened.page.wait_for_timeout(100)
    dark = colours_of_map(opened)[0]
    assert min(light) > 200
    assert max(dark) < 60
    background = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(20, 24, 27)"


@pytest.mark.parametrize("most_detailed", [50_000, 20])
def test_on_a_phone_no_label_touches_another(most_detailed, open_page):
    weights = np.linspace(12_000, 40_000, 30)
    params = RunParameters(target_weight=20_000, radius=550.0)
    content = page_of([("a.parquet", made_frame(30, weights=weights))], params, most_detailed=most_detailed)
    page = open_page(content, viewport={"width": 375, "height": 700}).page
    assert page.locator(".ramp-ends span").all_text_contents() == ["≤ 11,667", "Allowed: 15,000 to 25,000", "≥ 28,333"]
    for labels in (".ramp-ends span", "#weight-chart svg text", "#radius-chart svg text"):
        edges = page.locator(labels).evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.top, box.right, box.bottom])"
        )
        assert len(edges) >= 3
        parts = shapely.buffer(shapely.box(*np.array(edges).T), -0.5)
        assert shapely.area(shapely.union_all(parts)) == pytest.approx(shapely.area(parts).sum()), labels


@pytest.mark.parametrize("kind", ["survey_page", "binned_page", "hostile_page"])
def test_a_phone_scrolls_in_one_direction(kind, request, open_page):
    page = open_page(request.getfixturevalue(kind), viewport={"width": 375, "height": 700}, has_touch=True).page
    assert page.evaluate("document.documentElement.scrollWidth") == 375


@pytest.fixture(scope="module")
def hostile_page():
    params = RunParameters(weight_column=HOSTILE, group_by=(HOSTILE,))
    frame = made_frame(
        3,
        ids=[f"{HOSTILE}_{number}" for number in range(3)],
        statuses=["ok", "below_min", HOSTILE],
        **{HOSTILE: [HOSTILE, "b", HOSTILE]},
    )
    failure = FileResult.failed(HOSTILE, InvalidInput(HOSTILE, filename=HOSTILE))
    return page_of([(HOSTILE, frame)], params, [failure], title=HOSTILE, input=HOSTILE, version=HOSTILE)


# Escaping has to hold by itself, without the policy that would stop scripts.
@pytest.mark.parametrize("bypass_csp", [False, True])
def test_hostile_names_are_text(hostile_page, open_page, bypass_csp):
    opened = open_page(hostile_page, bypass_csp=bypass_csp)
    opened.wait_for_map()
    page = opened.page
    for search in ("Search the areas", "Search the exceptions"):
        page.get_by_label(search).fill("onerror")
    page.locator("#exceptions-table button.show").last.click()
    page.locator("#areas-table thead").get_by_role("button", name="Group").click()
    page.wait_for_timeout(300)
    assert page.locator("h1").text_content() == HOSTILE
    assert HOSTILE in page.locator("#details").text_content()
    for table in ("#areas-table", "#exceptions-table"):
        assert HOSTILE in page.locator(f"{table} tbody").text_content()
    for place in ("#failures", "#run", "#exceptions .reasons"):
        assert HOSTILE in page.locator(place).text_content()
    assert page.evaluate("globalThis.hit") is None
    assert page.locator("main img, main script").count() == 0
    assert opened.complaints == []


def test_without_webgl_the_rest_works(survey_page, launch, open_page):
    blind = launch("--disable-3d-apis")
    try:
        opened = open_page(survey_page, browser=blind)
        assert "cannot draw the map" in opened.page.locator("#map-problem").text_content()
        opened.page.get_by_role("button", name="south_28").click()
        assert "south_28" in opened.page.locator("#details").text_content()
        assert opened.page.locator("#weight-chart svg").count() > 0
        assert opened.page.locator("#page-problem").is_hidden()
    finally:
        blind.close()


def test_a_run_without_any_cluster_has_a_page(open_page):
    opened = open_page(page_of([], failures=survey()["failures"]))
    assert "2 files could not be clustered" in opened.page.locator(".lead").text_content()
    assert "no cluster to draw" in opened.page.locator("#map-problem").text_content()
    assert opened.complaints == []


@pytest.mark.slow
def test_fifty_thousand_irregular_clusters_stay_below_8_mb(open_page):
    random = np.random.default_rng(0)
    # As many vertices as are kept without simplification; more would become fewer.
    angles = np.linspace(0, 2 * np.pi, MOST_VERTICES // 50_000 - 1, endpoint=False)
    frames = []
    for number in range(500):
        reach = 0.004 * random.uniform(0.2, 1.0, (100, len(angles)))
        frame = made_frame(100, f"area_{number}", 115 + number % 25 * 0.2, 5 + number // 25 * 0.2)
        stars = frame.centroids[:, None] + np.stack([reach * np.cos(angles), reach * np.sin(angles)], axis=-1)
        object.__setattr__(frame, "polygons", shapely.polygons(stars))
        frames.append((f"area_{number}.parquet", frame))
    content = page_of(frames)
    opened = open_page(content)
    assert len(colours_of_map(opened)) > 5
    paint = opened.page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"{len(content) / 1e6:.1f} MB, first paint after {paint / 1000:.1f} s")
    assert len(content) < 8e6
    assert opened.complaints == []
