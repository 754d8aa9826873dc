"""Outcome of a file and of many files, the same for a run on AWS and on a laptop."""

from collections.abc import Iterable
from typing import Any

import msgspec

from kmeans import Finding
from sampling_units.errors import RunError


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """What clustering one file gave.

    ``n_rows`` counts all rows, ``n_invalid`` those that were left out; ``n_in_range`` counts clusters within the
    weight range, ``weight_in_range`` the weight they hold; radii in metres; ``statuses`` counts the clusters of each
    ``kmeans.Status``, ``findings`` explains those other than ``ok``.
    """

    n_rows: int
    n_invalid: int
    n_clusters: int
    n_in_range: int
    weight: float
    weight_in_range: float
    radius_median: float | None
    statuses: dict[str, int]
    findings: list[Finding]


class FileFailure(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a file could not be clustered; ``error`` is the name of a class in ``sampling_units.errors``.

    ``input_etag`` tells what was in the input then, if it could be read.
    """

    error: str
    message: str
    bucket: str | None = None
    column: str | None = None
    row: int | None = None
    value: str | float | None = None
    input_etag: str | None = None

    @classmethod
    def of(cls, error: RunError) -> "FileFailure":
        where = {name: value for name, value in error.where.items() if name in cls.__struct_fields__}
        return cls(error=error.code, message=str(error), **where)


class FileResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Outcome of one file: exactly one of ``report`` and ``failure`` is set.

    ``output`` and ``frame`` say where the clustered file and its sampling frame are, their ETags which ones these were.
    ``skipped`` says that the output was up to date and the report is the one of the run that made it. ``seconds`` are
    not known of such a file, nor of one whose process was killed later.
    """

    filename: str
    skipped: bool = False
    output: str | None = None
    output_etag: str | None = None
    frame: str | None = None
    frame_etag: str | None = None
    seconds: float | None = None
    report: FileReport | None = None
    failure: FileFailure | None = None

    @classmethod
    def failed(cls, filename: str, error: RunError) -> "FileResult":
        # What is no text (half a surrogate pair in an event) could not be written down.
        name = filename.encode("utf-8", "backslashreplace").decode()
        return cls(filename=name, failure=FileFailure.of(error))


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over the results of many files.

    Attributes:
        n_files, n_succeeded, n_failed: files worked on, and how they ended.
        n_rows, n_invalid, n_clusters, n_in_range, weight, weight_in_range: of the succeeded ones.
        seconds: time spent on the files, whatever ran at the same time.
        failures: the failed files with their errors.
    """

    n_files: int
    n_succeeded: int
    n_failed: int
    n_rows: int
    n_invalid: int
    n_clusters: int
    n_in_range: int
    weight: float
    weight_in_range: float
    seconds: float
    failures: list[FileResult]


# What is added up over the reports of succeeded files.
_SUMS = ("n_rows", "n_invalid", "n_clusters", "n_in_range", "weight", "weight_in_range")


def add_up(results: Iterable[FileResult]) -> dict[str, Any]:
    """The fields of ``Totals`` over ``results``, which are gone through once; only failures are held."""
    n_files, seconds = 0, 0.0
    sums: dict[str, float] = dict.fromkeys(_SUMS, 0)
    failures = []
    for result in results:
        n_files += 1
        seconds += result.seconds or 0.0
        if result.report is None:
            failures.append(result)
            continue
        for name in _SUMS:
            sums[name] += getattr(result.report, name)
    return {
        "n_files": n_files,
        "n_succeeded": n_files - len(failures),
        "n_failed": len(failures),
        **sums,
        "seconds": round(seconds, 3),
        "failures": failures,
    }
