"""What becomes of each hostile file: as it is expected, and as a page for people."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence

from tests.hostile.judge import Verdict
from tests.support.project import PROJECT

PAGE = PROJECT / "build" / "hostile-files.md"
# For each kind the rows of its table.
EXPECTED = PROJECT / "tests" / "hostile" / "expected.json"
_HEAD = ["| what is wrong | error | column | row |", "|---|---|---|---|"]
_SHOWN_CHARACTERS = 40

_INTRODUCTION = """# Hostile files

What the clustering function makes of files, names and events that are broken or made to break it. Each line is a test:
`tests/hostile` makes the file and sends it through the handler, in a process with the memory of the function, between
good files. It passes when the error is the one named here (docs/errors.md says what to do), its message is short and
names the file, nothing is written for the file, and the outputs of the good files are the same bytes as without it.
`make hostile-page` writes this page.
"""


def rows_of(names: Sequence[str], verdicts: Sequence[Verdict]) -> list[str]:
    """The table of a kind, without its head."""
    lines = []
    for name, verdict in zip(names, verdicts, strict=True):
        column = "" if verdict.column is None else f"`{_shown(verdict.column)}`"
        row = "" if verdict.row is None else str(verdict.row)
        lines.append(f"| {_shown(name, 200)} | `{verdict.code}` | {column} | {row} |")
    return lines


def _shown(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    text = text if len(text) <= most else f"{text[:most]}..."
    printable = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
    return printable.replace("|", "\\|").replace("<", "&lt;")


def page(sections: Mapping[str, Sequence[str]], counts: Counter[str]) -> str:
    listed = ", ".join(f"{count} `{code}`" for code, count in counts.most_common())
    parts = [_INTRODUCTION, f"{counts.total()} cases: {listed}.\n"]
    for kind, lines in sections.items():
        parts += [f"## {kind}\n", "\n".join([*_HEAD, *lines]) + "\n"]
    return "\n".join(parts)


def expected_rows(kind: str) -> list[str]:
    """The table of a kind as it was accepted."""
    rows: dict[str, list[str]] = json.loads(EXPECTED.read_text())
    return rows.get(kind, [])


def accept(sections: Mapping[str, Sequence[str]]) -> None:
    """Make what was found what is expected."""
    EXPECTED.write_text(json.dumps(sections, indent=1, ensure_ascii=False) + "\n")
