"""The commands that the README tells a user to type, read from the README itself: what it says is what is rehearsed."""

import re
import shlex
from collections.abc import Iterator, Mapping

from demo.embedded.emulator import PROJECT
from tests.rehearsal.errors import RehearsalError

_BLOCK = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+# .*$")
# What a user replaces: names in capitals.
_PLACEHOLDER = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def readme() -> list[str]:
    """Every command of the README."""
    return list(commands((PROJECT / "README.md").read_text()))


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
    """The one command of the README that begins with ``start``, with ``values`` for the names in capitals.

    Raises:
        RehearsalError: there is none, or several, or a name has no value.
    """
    found = [known for known in readme() if known.startswith(start)]
    if len(found) != 1:
        raise RehearsalError(f"README.md has {len(found)} commands that begin with `{start}`; the rehearsal needs one")
    return filled_in(found[0], values or {})


def filled_in(command: str, values: Mapping[str, str]) -> str:
    """``command`` with ``values`` in place of the names in capitals."""
    missing = set(_PLACEHOLDER.findall(command)) - set(values)
    if missing:
        raise RehearsalError(f"no value is known for {', '.join(sorted(missing))} in README.md's `{command}`")
    return _PLACEHOLDER.sub(lambda name: values[name[0]], command)
