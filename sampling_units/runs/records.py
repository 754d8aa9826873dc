"""What the functions of a run leave in its folder for each other, and for whoever asks how far it is."""

import msgspec

from sampling_units.results import FileResult


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the clustering function leaves in the run's folder."""

    results: list[FileResult]


class BatchProgress(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far an interrupted batch came.

    Attributes:
        results: of its first files.
        in_progress: the file after them, once it has been begun.
        n_begun: how often that was; an invocation may also end after it, and before it could note so.
    """

    results: list[FileResult]
    in_progress: str | None = None
    n_begun: int = 0


# What msgspec says of bytes that are no record.
BROKEN_RECORD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def decode_progress(content: bytes, filenames: list[str]) -> BatchProgress | None:
    """The note of a batch of these files; None if it is broken, or of other files."""
    try:
        progress = msgspec.json.decode(content, type=BatchProgress)
    except BROKEN_RECORD:
        return None
    noted = [result.filename for result in progress.results]
    if progress.in_progress is not None:
        noted.append(progress.in_progress)
    return progress if noted == filenames[: len(noted)] else None


class KnownFiles(msgspec.Struct, frozen=True):
    """Files of a run of which is known how they end before anything is sent.

    Attributes:
        done: names of those whose output is up to date.
        failed: those that failed in the run that is retried, and would again: nothing has changed since; and those that
            are refused for their names.
        output_etags, frame_etags: of the clustered file and the frame of each of ``done``.
    """

    done: list[str]
    failed: list[FileResult]
    output_etags: list[str]
    frame_etags: list[str]
