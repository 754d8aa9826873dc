"""Every text of a run that others choose, made of markup: on the page it is text, also without the policy.

Each place has a payload of its own, so that a failure names the place that lets markup through.
"""

import re
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner

from kmeans import Finding
from sampling_units.cli.main import main
from sampling_units.parameters import RunParameters
from sampling_units.report import ReportBuilder, RunHeader
from sampling_units.results import FileFailure, FileResult
from tests.sampling_units.report.made_frames import made_frame
from tests.support.geoparquet_files import cell_file
from tests.support.project import PROJECT

# One worker has the browser.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("browser")]

# Whatever the text is put into: an element, an attribute with either quote, a script, a style, a template, a link.
_MARKUP = (
    '\'"><img src=x onerror="{hit}"><svg/onload={hit}></script></style></title></textarea><script>{hit}</script>'
    "<meta http-equiv=refresh content=900><base href=x><!--]]>&lt;{{{{7*7}}}}${{7*7}}\u2028javascript:{hit}"
)
# Each of them is shown somewhere; a parameter that has to be a plain word is none of them.
OF_THE_HEAD = ("title", "version", "started", "input", "output")
OF_THE_PARAMETERS = ("weight_column", "urban_column", "longitude_column", "latitude_column", "input_crs", "crs")
OF_LISTS = ("group_by", "urban_values")
OF_THE_RESULTS = ("file", "id", "status", "finding", "group_column", "group_value", "failed_file", "message", "code")
PLACES = (*OF_THE_HEAD, *OF_THE_PARAMETERS, *OF_LISTS, *OF_THE_RESULTS)


def hostile(place):
    return f"{place}_" + _MARKUP.format(hit=f"globalThis.hit='{place}'")


def harmless(place):
    return f"{place}_x"


def page_with(text, most_detailed):
    """A page with ``text(place)`` in every place."""
    texts = {name: text(name) for name in OF_THE_PARAMETERS}
    params = RunParameters(**texts, **{name: (text(name),) for name in OF_LISTS})
    # A truth value says nothing alone: the column's name is shown with it. Of a text only the value is.
    frame = made_frame(
        6,
        ids=[f"{text('id')}{number}" for number in range(6)],
        statuses=["ok", "below_min", text("status"), "ok", "ok", "ok"],
        **{text("group_column"): [True] * 6, "name": [text("group_value")] * 6},
    )
    frame.origin.report.findings.append(Finding(text("status"), 1, 1.0, text("finding")))
    builder = ReportBuilder(params, most_detailed)
    builder.add_frame(text("file"), frame)
    # As if somebody had written the results: an error of ours would escape some of it.
    failure = FileFailure(error=text("code"), message=text("message"))
    builder.add_failure(FileResult(filename=text("failed_file"), failure=failure))
    return builder.finish(RunHeader(params=params, **{name: text(name) for name in OF_THE_HEAD}))


def elements(page):
    """How many elements of each kind there are; a name may be broken in more or fewer places."""
    names = page.evaluate("[...document.querySelectorAll('*')].map(one => one.localName)")
    return Counter(name for name in names if name != "wbr")


def attributes(page):
    """Every attribute of the body that runs or loads something, with its value."""
    every = "[...document.querySelectorAll('body *')].flatMap(one => [...one.attributes])"
    active = re.compile("on.*|href|src|action|formaction|srcdoc|data|poster|xlink:href")
    return {
        (name, value)
        for name, value in page.evaluate(f"{every}.map(({{name, value}}) => [name, value])")
        if active.fullmatch(name)
    }


def use(opened):
    """Do all that a reader can do, so that all that is ever shown has been shown."""
    page = opened.page
    opened.wait_for_map()
    for summary in page.locator("details summary").all():
        summary.click()
    for table in ("#exceptions-table", "#areas-table"):
        for head in page.locator(f"{table} thead button").all() or page.locator(f"{table} thead th").all():
            head.click()
        for button in page.locator(f"{table} button.show").all():
            button.click()
    for search in page.get_by_label("Search the").all():
        search.fill("<img")
        search.fill("")
    for value in ("status", "weight"):
        page.locator(f"#colour-switch input[value={value}]").check()
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator("#weight-chart svg").first.hover()
    page.wait_for_timeout(300)


@pytest.mark.parametrize("most_detailed", [50_000, 2], ids=["polygons", "hexagons"])
@pytest.mark.parametrize("bypass_csp", [True, False], ids=["without-policy", "with-policy"])
def test_no_text_of_a_run_becomes_markup(open_page, most_detailed, bypass_csp):
    plain = open_page(page_with(harmless, most_detailed), bypass_csp=bypass_csp)
    plain.wait_for_map()
    opened = open_page(page_with(hostile, most_detailed), bypass_csp=bypass_csp)
    opened.wait_for_map()
    assert elements(opened.page) == elements(plain.page)
    shown = opened.page.evaluate("document.title + document.body.textContent")
    assert [place for place in PLACES if hostile(place) not in shown] == []
    use(opened)
    assert opened.page.evaluate("globalThis.hit") is None
    assert {value for _, value in attributes(opened.page) if not value.startswith("#")} == set()
    assert opened.complaints == []
    assert [url for url in opened.requests[1:] if not url.startswith(("blob:", "data:"))] == []


def test_a_payload_would_be_noticed(open_page):
    """The check itself: the same text, unescaped, runs and is counted."""
    # Without what would comment out the rest of the page.
    unescaped = f"<h1>{hostile('title').replace('<!--', '')}</h1>".encode()
    opened = open_page(page_with(harmless, 50_000).replace(b"<h1>title_x</h1>", unescaped), bypass_csp=True)
    assert opened.page.evaluate("globalThis.hit") == "title"
    assert elements(opened.page)["img"] == 1
    assert ("src", "x") in attributes(opened.page)


def test_a_note_is_text_too(open_page):
    params = RunParameters()
    content = ReportBuilder(params).finish(RunHeader(title="run", params=params, note=hostile("note")))
    page = open_page(content, bypass_csp=True).page
    assert hostile("note") in page.locator(".lead").text_content()
    assert page.evaluate("globalThis.hit") is None


def test_hostile_files_on_the_disk_make_a_harmless_page(open_page, tmp_path, monkeypatch):
    """The whole way: names of files and columns, values of groups, and the messages that name them."""
    monkeypatch.chdir(tmp_path)
    # A slash would be a folder.
    weight, group, value, good, bad, worse = (
        hostile(place).replace("/", "").replace("\u2028", "")
        for place in ("weight", "group", "value", "good", "bad", "worse")
    )
    folder = tmp_path / "inputs"
    folder.mkdir()
    columns = {weight: np.ones(400), group: [value] * 400}
    for name, content in (
        (good, cell_file(**columns)),
        (bad, b"no Parquet"),
        (worse, cell_file(**columns | {weight: [value] * 400})),
    ):
        # A name of a file has 255 bytes.
        (folder / f"{name[:200]}.parquet").write_bytes(content)
    options = ["--target-weight", "40", "--weight-column", weight, "--group-by", group, "--out", "results", "--report"]
    done = CliRunner().invoke(main, ["cluster", "inputs", *options])
    assert done.exit_code == 3, done.output
    opened = open_page((tmp_path / "results" / "report.html").read_bytes(), bypass_csp=True)
    use(opened)
    assert opened.page.evaluate("globalThis.hit") is None
    assert elements(opened.page)["img"] == elements(opened.page)["base"] == 0
    shown = opened.page.evaluate("document.body.textContent")
    for text in (weight, group, value, good[:200], bad[:200], worse[:200]):
        assert text in shown
    assert opened.complaints == []


def test_the_scripts_of_the_page_write_texts_only():
    """No script of ours takes a text for markup or for a program; what libraries get goes through the makers."""
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createContextualFragment"
        r"|setHTML|srcdoc|DOMParser|\.html\(|location\s*=|setTimeout\(\s*[\"'`]"
    )
    scripts = sorted((PROJECT / "sampling_units" / "report").glob("page*.js"))
    assert len(scripts) == 7
    assert [(path.name, found) for path in scripts for found in sinks.findall(path.read_text("utf-8"))] == []
