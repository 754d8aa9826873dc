"""A browser for the report page: Debian's Chromium, which the tests do without where it is missing."""

import shutil
from pathlib import Path

import pytest

from tests.support.project import PROJECT

# Pictures without a graphics card; root has no sandbox.
_SOFTWARE_DRAWING = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
_AXE = PROJECT / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture(scope="session")
def launch():
    """Starts a browser with further arguments; all end with the session."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium; tests/sampling_units/report/install_chromium.sh installs Debian's")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield lambda *arguments: playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", *_SOFTWARE_DRAWING, *arguments]
        )


@pytest.fixture(scope="session")
def browser(launch):
    started = launch()
    yield started
    started.close()


@pytest.fixture(scope="session")
def axe():
    return _AXE.read_text("utf-8")


class Opened:
    """A page in the browser with what it said and asked for."""

    def __init__(self, page, path: Path) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-ready=yes]", timeout=60_000)

    def wait_for_map(self):
        self.page.wait_for_selector("#map[data-drawn=yes]", timeout=60_000)

    def map_place(self):
        data = self.page.evaluate("({...document.getElementById('map').dataset})")
        return float(data["zoom"]), float(data["longitude"]), float(data["latitude"])


@pytest.fixture
def open_page(browser, tmp_path):
    """Opens the bytes of a page; keyword arguments are those of a browser context."""
    contexts = []

    def opened(content, browser=browser, **options):
        path = tmp_path / f"report_{len(contexts)}.html"
        path.write_bytes(content)
        context = browser.new_context(
            **({"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"} | options)
        )
        contexts.append(context)
        return Opened(context.new_page(), path)

    yield opened
    for context in contexts:
        context.close()
