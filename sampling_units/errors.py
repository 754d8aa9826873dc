"""The errors a user can meet. Their class names are codes: stable, written to results and reports.

An error says which file, column, row and value is wrong and what to do about it. Rows count from 0, as in pandas.
"""

import re
from typing import Any

from sampling_units.formatting import shortened

# Characters of a message, or of what it names: enough for any name and reason, too few for what a file holds.
_LONGEST = 1000
# Options of the command line, which messages name behind the parameter that they set.
_OPTIONS = re.compile(r" \(--[^()]*\)")


def without_options(message: str) -> str:
    """A message without the options of the command line.

    >>> without_options("name it with input_crs (--input-crs)")
    'name it with input_crs'
    """
    return _OPTIONS.sub("", message)


class RunError(Exception):
    """Base of every error that is raised on purpose outside the algorithm."""

    def __init__(self, message: str, **where: Any) -> None:
        """``where`` holds what is known of filename, bucket, column, row and value; the message is for people."""
        super().__init__(message)
        self.message = shortened(message, _LONGEST)
        known = {name: value for name, value in where.items() if value is not None}
        self.where: dict[str, Any] = {
            name: shortened(value, _LONGEST) if isinstance(value, str) else value for name, value in known.items()
        }

    @property
    def code(self) -> str:
        return type(self).__name__

    def __str__(self) -> str:
        parts = [str(self.where["filename"])] if "filename" in self.where else []
        parts += [f"{name} {self.where[name]}" for name in ("bucket", "column", "row") if name in self.where]
        place = ", ".join(parts)
        return f"{place}: {self.message}" if place else self.message


class InvalidEvent(RunError):
    """The event of a function or the input of a run does not have the shape of the contract."""


class InvalidParameters(RunError):
    """A clustering parameter is unknown, out of its domain or contradicts another one."""


class InvalidInput(RunError):
    """The content of a file cannot be clustered: not Parquet, a column missing, a value out of its domain."""


class InputChanged(RunError):
    """The file was replaced again and again while it was read."""


class FileTooLarge(RunError):
    """The file does not fit into the memory of the function."""


class FileMissing(RunError):
    """There is no such file or object."""


class BucketMissing(RunError):
    """There is no such bucket."""


class AccessDenied(RunError):
    """The storage refuses access, or the bucket is not one that this deployment works on."""


class StorageUnavailable(RunError):
    """The storage did not answer properly, also after retries."""


class OutputReplaced(RunError):
    """An output is not the one that the run wrote: another run replaced it, or somebody removed it."""


class OutputNotWritable(RunError):
    """An output cannot be written to the local disk: it is full, or the folder is not writable."""


class InternalError(RunError):
    """A defect of this software: the message carries the original error."""


class NoResult(RunError):
    """The function that had the file did not return: it ran out of time or memory, or was stopped."""


class BatchUnfinished(RunError):
    """The time of an invocation did not suffice for all files of its batch; the state machine has it continued."""


# Codes of errors that come again as long as the file and the parameters stay what they are.
LASTING = (InvalidInput.__name__, InvalidParameters.__name__)
