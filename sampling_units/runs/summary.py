"""What a run has done: on AWS, where the summary function leaves it as ``summary.json``, and on one machine."""

from sampling_units.parameters import RunParameters
from sampling_units.results import FileResult, Totals
from sampling_units.runs.events import StateError, check_timestamp


class RunSummary(Totals, frozen=True, kw_only=True):
    """What a run on AWS did.

    Attributes:
        started_at: ISO 8601 in UTC.
        duration_seconds: from the beginning of the kickoff to the summary.
        dollars: what the run cost, about.
        retry_of: the run whose failed files these were, if any.
        n_found, n_done: input files, and those among them that were finished before the run and still are at its end.
        tolerated_failure_percentage: as requested.
        within_tolerance: whether the failed files are no larger a share of all, those done before included, than the
            request tolerates.
        map_error: why the map over the batches gave up, if it did.
        files_key: where the result of each file is.
        n_joined_frames: files whose clusters are joined and drawn: all that are done, now or before.
        joined_frame_keys: the parts of the joined frame.
        report_error: why the joined frame or the report is missing, if one is.
    """

    run_id: str
    started_at: str
    duration_seconds: float
    dollars: float
    input_bucket: str
    output_bucket: str
    params: RunParameters
    retry_of: str | None
    n_found: int
    n_done: int
    tolerated_failure_percentage: float
    within_tolerance: bool
    map_error: StateError | None
    files_key: str
    n_joined_frames: int = 0
    joined_frame_keys: tuple[str, ...] = ()
    report_error: str | None = None

    def __post_init__(self) -> None:
        check_timestamp(self.started_at)


class LocalSummary(Totals, frozen=True, kw_only=True):
    """What a run on one machine did, in its folder ``out``.

    Attributes:
        n_skipped: files whose output was up to date; they are in the totals like the others.
        n_outputs_ignored: outputs of runs into other folders that were found in the given folders and left alone.
        n_failed_with_outputs: files that failed and have outputs of an earlier run in ``out``, which stay.
        elapsed_seconds: from start to end, whereas ``seconds`` adds up what each file took.
        files: the result of every file, in the order of their names.
    """

    out: str
    params: RunParameters
    n_skipped: int
    n_outputs_ignored: int
    n_failed_with_outputs: int
    elapsed_seconds: float
    files: list[FileResult]
