"""Failed files, grouped by the code of their error."""

import inspect
from typing import NamedTuple

from sampling_units import errors
from sampling_units.results import FileResult

MOST_LISTED = 500
_LONGEST_MESSAGE = 1_000


class FailureGroup(NamedTuple):
    """The failures of one error code.

    ``meaning`` is a sentence on the code, ``files`` holds names and messages of the first ones, ``n_files`` counts all.
    """

    code: str
    meaning: str
    n_files: int
    files: list[tuple[str, str]]


class Failures:
    """All failed files so far; of each code only the first ones by name and message."""

    def __init__(self) -> None:
        self.n_files = 0
        self._counts: dict[str, int] = {}
        self._listed: dict[str, list[tuple[str, str]]] = {}

    def add(self, result: FileResult) -> None:
        """Take in a file whose ``failure`` is set."""
        assert result.failure is not None
        code, message = result.failure.error, result.failure.message
        # The table names the file already.
        message = message.removeprefix(f"{result.filename}: ").removeprefix(f"{result.filename}, ")
        if len(message) > _LONGEST_MESSAGE:
            message = message[:_LONGEST_MESSAGE] + " ..."
        self.n_files += 1
        self._counts[code] = self._counts.get(code, 0) + 1
        listed = self._listed.setdefault(code, [])
        if len(listed) < MOST_LISTED:
            listed.append((result.filename, message))

    def groups(self) -> list[FailureGroup]:
        """The most frequent code first."""
        codes = sorted(self._counts, key=lambda code: (-self._counts[code], code))
        return [FailureGroup(code, _meaning(code), self._counts[code], self._listed[code]) for code in codes]


def _meaning(code: str) -> str:
    error = getattr(errors, code, None)
    if not (isinstance(error, type) and issubclass(error, errors.RunError)):
        return ""
    return (inspect.getdoc(error) or "").partition("\n")[0]
