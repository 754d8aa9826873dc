"""docs/hostile-files.md: what becomes of each hostile file."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.hostile.judge import Verdict
from tests.support.project import PROJECT

PAGE = PROJECT / "docs" / "hostile-files.md"
_SHOWN_CHARACTERS = 40

_INTRODUCTION = """# Hostile files

What the clustering function makes of files, names and events that are broken or made to break it. Each line is a test:
`tests/hostile` makes the file and sends it through the handler, in a process with the memory of the function, between
good files. It passes when the error is the one named here ([what to do about it](errors.md)), its message is short and
names the file, nothing is written for the file, and the outputs of the good files are the same bytes as without it.
`python -m tests.hostile` writes this page.
"""


def lines_of(names: Sequence[str], verdicts: Sequence[Verdict]) -> list[str]:
    """The table of a kind."""
    lines = ["| what is wrong | error | column | row |", "|---|---|---|---|"]
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
        parts += [f"## {kind}\n", "\n".join(lines) + "\n"]
    return "\n".join(parts)


def lines_on_page(kind: str) -> list[str]:
    """The table of a kind as the page has it."""
    _, _, rest = PAGE.read_text().partition(f"\n## {kind}\n\n")
    return rest.partition("\n\n## ")[0].rstrip("\n").split("\n")
