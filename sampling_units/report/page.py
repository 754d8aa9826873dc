"""Puts words, data, scripts and styles together to one HTML file that needs nothing else.

Whatever comes from a file or a run is hostile: words go through Jinja's autoescape, data through base64, and the page's
content security policy runs only the scripts that are hashed here and reaches no network.
"""

import base64
import gzip
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from sampling_units.errors import RunError

_FOLDER = Path(__file__).parent
_VENDOR = _FOLDER / "vendor"
_LIBRARIES = ("maplibre-gl.js", "d3.min.js", "plot.umd.min.js", "dataTables.min.js")
_LICENCES = {
    "MapLibre GL JS": "maplibre-gl.licence.txt",
    "D3": "d3.licence.txt",
    "Observable Plot": "plot.licence.txt",
    "DataTables": "dataTables.licence.txt",
}
_SCRIPTS = (
    "page_numbers.js",
    "page_data.js",
    "page_map_layers.js",
    "page_map.js",
    "page_histograms.js",
    "page_tables.js",
    "page.js",
)
# A line may end behind these in the name of a file.
_BREAKS = re.compile(r"(?<=[/_])")
_SOURCE_MAP = re.compile(r"\n?//# sourceMappingURL=\S*\s*\Z")


class VendorMissing(RunError):
    """The libraries of the report page are not in its folder."""


def render_page(words: dict[str, Any], data: dict[str, Any]) -> bytes:
    """The page with the variables of the template and the data of the scripts.

    Raises:
        VendorMissing: ``make setup`` was not run.
    """
    import jinja2  # Only a page needs it.
    from markupsafe import Markup

    scripts = _scripts()
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = lambda name: Markup("<wbr>").join(_BREAKS.split(name))
    html = environment.get_template("page.html").render(
        words,
        policy=_policy(scripts),
        # These are files of the project and of the libraries; nothing of a run is in them.
        styles=[Markup(style) for style in _styles()],  # noqa: S704
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        licences=_licences(),
        data=packed(data),
    )
    # What is no text (half a surrogate pair in a name) could not be written down.
    return html.encode("utf-8", "backslashreplace")


def packed(data: dict[str, Any]) -> str:
    """JSON, compressed, as letters that have no meaning in HTML; the same for the same data."""
    return base64.b64encode(gzip.compress(_json(data), 6, mtime=0)).decode("ascii")


def _json(data: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(data)
    except UnicodeEncodeError:
        import json  # It can write half a surrogate pair, and is slower.

        return json.dumps(data, separators=(",", ":")).encode("ascii")


def _policy(scripts: list[str]) -> str:
    hashes = " ".join(
        "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'" for script in scripts
    )
    return (
        # Styles are set by the libraries; the map's worker and its icons are made of what is in the page.
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; worker-src blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _scripts() -> list[str]:
    libraries = [_SOURCE_MAP.sub("\n", _vendor_text(name)) for name in _LIBRARIES]
    return [*libraries, *((_FOLDER / name).read_text("utf-8") for name in _SCRIPTS)]


@cache
def _styles() -> list[str]:
    return [_vendor_text("maplibre-gl.css"), (_FOLDER / "page.css").read_text("utf-8")]


@cache
def _licences() -> list[tuple[str, str]]:
    return [(library, _vendor_text(name)) for library, name in _LICENCES.items()]


def _vendor_text(name: str) -> str:
    try:
        return (_VENDOR / name).read_text("utf-8")
    except FileNotFoundError as error:
        raise VendorMissing(
            f"the report page needs {_VENDOR / name}, which is not there; `make setup` puts it there"
        ) from error
