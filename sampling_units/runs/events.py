"""Shapes of what the state machine passes between the functions, and their validation."""

from contextlib import suppress
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from sampling_units.errors import InvalidEvent
from sampling_units.file_names import OUTPUT_PREFIX
from sampling_units.parameters import RunParameters, parse_parameters
from sampling_units.runs.keys import RUN_ID_PATTERN, TIMESTAMP_PATTERN

DEFAULT_MAX_CONCURRENCY = 500
DEFAULT_TOLERATED_FAILURE_PERCENTAGE = 10.0
# For names of usual length; for long ones `batch_size.MAX_ENCODED_BYTES_PER_BATCH` is the limit.
MAX_FILES_PER_BATCH = 200
# Batches that may crash in any run, however small, before the map gives up on the others.
MIN_TOLERATED_BATCHES = 2
# The summary function has time to join and draw the frames of this many files.
MOST_JOINED_FRAMES = 100_000


class FileItem(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file to cluster; ``bytes`` is its size when known."""

    filename: str
    # Far above the largest object in S3. Seconds are computed from it as floats, which are exact up to here.
    bytes: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of one invocation; the manifest of a run is a JSON array of these."""

    batch: int
    files: tuple[FileItem, ...]


class RunRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Input of the state machine and of the kickoff function; see docs/parameters.md.

    With ``retry_of`` only those files of that run are candidates that failed or have no result; what failed for its
    content is left out until it changes.
    """

    run_id: str
    input_bucket: str | None = None
    output_bucket: str | None = None
    prefix: str = ""
    n_files: int | None = None
    max_concurrency: int = DEFAULT_MAX_CONCURRENCY
    tolerated_failure_percentage: float = DEFAULT_TOLERATED_FAILURE_PERCENTAGE
    force: bool = False
    retry_of: str | None = None
    params: RunParameters = RunParameters()

    def __post_init__(self) -> None:
        for field, run_id in (("run_id", self.run_id), ("retry_of", self.retry_of)):
            if run_id is not None:
                _check_run_id(field, run_id)
        if self.retry_of == self.run_id:
            raise ValueError("`retry_of` has to name another run")
        if self.retry_of is not None and self.n_files is not None:
            # What is left over would be forgotten.
            raise ValueError("`retry_of` is for all failed files of a run: `n_files` cannot be given with it")
        if self.n_files is not None and self.n_files < 0:
            raise ValueError("`n_files` has to be at least 0, or null for all files")
        if not 1 <= self.max_concurrency <= 10_000:
            raise ValueError("`max_concurrency` has to lie between 1 and 10000")
        if not 0 <= self.tolerated_failure_percentage <= 100:
            raise ValueError("`tolerated_failure_percentage` has to lie between 0 and 100")


class StateError(msgspec.Struct, frozen=True, rename="pascal"):
    """How the state machine reports the failure of a state."""

    error: str
    cause: str = ""


class RunPlan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Answer of the kickoff function; the rest of the state machine works from it.

    Attributes:
        started_at: when the function began, ISO 8601 in UTC.
        retry_of: the run whose failed files these are, if any.
        prefix: with which the names of all files of the run begin.
        manifest_key: where the batches are, in the output bucket.
        n_found: input files under the prefix.
        n_done: of these, finished earlier with the same parameters and unchanged since.
        n_unchanged: of the others, those that failed in the run that is retried and have not changed since.
        n_files: of the others, how many are sent.
        n_refused: of those that would be sent, how many are not, as their names cannot be those of files.
        n_batches, n_bytes: what they add up to.
        fingerprint: of the parameters and the output version, which all outputs of the run have.
        tolerated_batch_percentage: share of batches that may crash before the map stops; the verdict over the files is
            the summary's.
        map_error: set by the state machine when the map over the batches gave up.
    """

    run_id: str
    started_at: str
    input_bucket: str
    output_bucket: str
    prefix: str
    manifest_key: str
    n_found: int
    n_done: int
    n_unchanged: int
    n_files: int
    n_batches: int
    n_bytes: int
    max_concurrency: int
    tolerated_failure_percentage: float
    tolerated_batch_percentage: float
    fingerprint: str
    params: RunParameters
    retry_of: str | None = None
    n_refused: int = 0
    map_error: StateError | None = None

    def __post_init__(self) -> None:
        check_timestamp(self.started_at)


class ClusteringRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Event of the clustering function: one ``filename``, or a batch of ``files``.

    With ``run_id``, ``started_at`` and ``batch`` the results are also written to the run's folder. ``interruption`` is
    set by the state machine when an earlier invocation for the same batch did not come to its end.
    """

    input_bucket: str
    output_bucket: str
    filename: str | None = None
    files: tuple[FileItem, ...] | None = None
    params: RunParameters = RunParameters()
    run_id: str | None = None
    started_at: str | None = None
    batch: int | None = None
    interruption: StateError | None = None

    def __post_init__(self) -> None:
        if (self.filename is None) == (not self.files):
            raise ValueError("the event needs either `filename` or `files`")
        if len({value is None for value in (self.run_id, self.started_at, self.batch)}) > 1:
            raise ValueError("`run_id`, `started_at` and `batch` belong together")
        if self.run_id is not None:
            _check_run_id("run_id", self.run_id)
        if self.started_at is not None:
            check_timestamp(self.started_at)

    @property
    def items(self) -> tuple[FileItem, ...]:
        """The files to cluster, however they were named."""
        return (FileItem(self.filename),) if self.filename is not None else self.files or ()


def _check_run_id(field: str, run_id: str) -> None:
    if not RUN_ID_PATTERN.fullmatch(run_id):
        raise ValueError(f"`{field}` has to be 1 to 80 letters, digits, `-` or `_`")
    if OUTPUT_PREFIX in run_id:
        # The clustering function may write whatever has this in its key: also plans and summaries of such a run.
        raise ValueError(f"`{field}` must not contain `{OUTPUT_PREFIX}`, with which names of outputs begin")


def check_timestamp(started_at: str) -> None:
    """Refuse a text that is not a timestamp as the kickoff function writes it, or a date that does not exist.

    Raises:
        ValueError: saying so.
    """
    if TIMESTAMP_PATTERN.fullmatch(started_at):
        with suppress(ValueError):
            datetime.fromisoformat(started_at)
            return
    raise ValueError("`started_at` has to be a timestamp in UTC with microseconds")


Event = TypeVar("Event", RunRequest, RunPlan, ClusteringRequest)


def parse_event(values: Any, shape: type[Event]) -> Event:
    """Validate an event of a function.

    Raises:
        InvalidParameters: ``params`` is wrong.
        InvalidEvent: anything else is.
    """
    if isinstance(values, dict) and "params" in values:
        params = parse_parameters({} if values["params"] is None else values["params"])
        values = {**values, "params": msgspec.to_builtins(params)}
    try:
        return msgspec.convert(values, shape)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise InvalidEvent(str(error)) from error
