"""The commands that the documentation tells a user to type, read from its pages: what they say is what is rehearsed."""

import re
import shlex
from collections.abc import Iterator, Mapping

from demo.embedded.emulator import PROJECT
from tests.rehearsal.errors import RehearsalError

PAGES = ("README.md", "docs/deploy.md")
_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+# .*$")
# What a user replaces: names in capitals.
_PLACEHOLDER = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def documented() -> list[str]:
    """Every command of these pages."""
    return [found for page in PAGES for found in commands((PROJECT / page).read_text())]


def commands(text: str) -> Iterator[str]:
    """Commands in the code blocks of ``text``, without comments; one may go over several lines."""
    for block in _BLOCK.findall(text):
        lines: list[str] = []
        for line in block.splitlines():
            lines.append(_COMMENT.sub("", line))
            if _is_complete("\n".join(lines)):
                if lines != [""]:
                    yield "\n".join(lines)
                lines = []


def _is_complete(command: str) -> bool:
    try:
        shlex.split(command)
    except ValueError:
        return False  # A quotation is open.
    return not command.endswith("\\")


def command(start: str, values: Mapping[str, str] | None = None) -> str:
    """The one documented command that begins with ``start``, with ``values`` for the names in capitals.

    Raises:
        RehearsalError: there is none, or several, or a name has no value.
    """
    found = [known for known in documented() if known.startswith(start)]
    if len(found) != 1:
        raise RehearsalError(
            f"{' and '.join(PAGES)} have {len(found)} commands that begin with `{start}`; the rehearsal needs one"
        )
    return filled_in(found[0], values or {})


def filled_in(command: str, values: Mapping[str, str]) -> str:
    """``command`` with ``values`` in place of the names in capitals."""
    missing = set(_PLACEHOLDER.findall(command)) - set(values)
    if missing:
        raise RehearsalError(f"no value is known for {', '.join(sorted(missing))} in the documented `{command}`")
    return _PLACEHOLDER.sub(lambda name: values[name[0]], command)
