"""Finds the input files of a run, and which of them are already done."""

import posixpath
from dataclasses import dataclass
from typing import NamedTuple

from sampling_units import file_names
from sampling_units.aws import s3
from sampling_units.errors import InvalidInput
from sampling_units.parameters import RunParameters
from sampling_units.results import FileResult
from sampling_units.runs import keys
from sampling_units.runs.events import FileItem


class DoneFile(NamedTuple):
    """A file whose output is up to date, with the ETags of its clustered file and its frame."""

    filename: str
    output_etag: str
    frame_etag: str


@dataclass(frozen=True)
class Found:
    """Input files of a run.

    Attributes:
        n_found: all of them.
        done: those whose output is up to date.
        n_stale: how many have an output that is out of date: made with other parameters, by another version, from
            another input, or without its frame.
        unchanged: names of those that failed before and have not changed since.
        refused: failures of those whose names cannot be those of files.
        to_do: what is to be clustered, in the order of the keys.
    """

    n_found: int
    done: list[DoneFile]
    n_stale: int
    unchanged: list[str]
    refused: list[FileResult]
    to_do: list[FileItem]


@dataclass(frozen=True)
class EarlierFiles:
    """Files of an earlier run.

    Attributes:
        done: names of those that it finished, or found finished. They are checked again: an output may have been
            replaced since.
        failed: names of the others, each with the ETag of the content that would only fail again, if there is one.
    """

    done: set[str]
    failed: dict[str, str | None]

    @property
    def names(self) -> set[str]:
        return self.done | self.failed.keys()


def find_files(
    input_bucket: str,
    output_bucket: str,
    prefix: str,
    params: RunParameters,
    *,
    n_files: int | None,
    force: bool,
    only: EarlierFiles | None = None,
) -> Found:
    """List the input files under ``prefix`` and leave out those that are done, unless ``force`` asks for all.

    A file is done when its output was made with the same parameters and version from the input as it is now, and the
    frame beside it is the one made with it; this is in the metadata of the clustered file. At most ``n_files`` are
    returned as to do or refused.

    Args:
        only: files to consider, instead of all. A failed one that is missing now is to do all the same, so that the
            clustering function reports it. With ``only``, ``force`` is about failed files alone.

    Raises:
        BucketMissing, AccessDenied, StorageUnavailable: from the listings.
    """
    names = None if only is None else only.names
    if names is not None:
        prefix = posixpath.commonprefix(list(names))
    inputs = [
        found
        for found in (s3.list_objects(input_bucket, prefix) if names is None or names else ())
        if file_names.is_input(found.key) and (names is None or found.key in names)
    ]
    # By force all are done again, in a retry all that failed.
    may_be_done = [found for found in inputs if not force or (only is not None and found.key in only.done)]
    done, n_stale = _done(may_be_done, output_bucket, prefix, params)
    names_done = {file.filename for file in done}
    failed = {} if only is None else only.failed
    unchanged = {found.key for found in inputs if not force and failed.get(found.key) == found.etag} - names_done
    settled = names_done | unchanged
    to_do = [FileItem(found.key, found.size) for found in inputs if found.key not in settled]
    gone = sorted(failed.keys() - {found.key for found in inputs})
    to_do = (to_do + [FileItem(name) for name in gone])[:n_files]
    refusals = {file.filename: refusal for file in to_do if (refusal := _refusal(file.filename)) is not None}
    return Found(
        n_found=len(inputs) + len(gone),
        done=done,
        n_stale=n_stale,
        unchanged=sorted(unchanged),
        refused=list(refusals.values()),
        to_do=[file for file in to_do if file.filename not in refusals],
    )


def _refusal(filename: str) -> FileResult | None:
    """The failure of a file whose name is too long for the state machine, or for the keys of its outputs; else None."""
    try:
        file_names.check_filename(filename)
    except InvalidInput as error:
        return FileResult.failed(filename, error)
    return None


def _done(
    inputs: list[s3.Listed], output_bucket: str, prefix: str, params: RunParameters
) -> tuple[list[DoneFile], int]:
    """The inputs whose output is up to date, and how many have one that is not."""
    if not inputs:
        return [], 0
    outputs = {
        found.key
        for folder in file_names.output_prefixes(prefix)
        for found in s3.list_objects(output_bucket, folder, skip=(file_names.FRAME_PREFIX, file_names.RUNS_PREFIX))
    }
    frames = {found.key: found.etag for found in s3.list_objects(output_bucket, file_names.frame_key(prefix))}
    with_output = [found for found in inputs if file_names.output_key(found.key) in outputs]
    fingerprint = params.fingerprint()

    def check(found: s3.Listed) -> DoneFile | None:
        frame_etag = frames.get(file_names.frame_key(found.key))
        expected = {
            keys.FINGERPRINT_METADATA: fingerprint,
            keys.INPUT_ETAG_METADATA: found.etag,
            keys.FRAME_ETAG_METADATA: frame_etag,
        }
        output = s3.head(output_bucket, file_names.output_key(found.key))
        if frame_etag is None or not expected.items() <= output["Metadata"].items():
            return None
        return DoneFile(found.key, output["ETag"].strip('"'), frame_etag)

    done = [file for file in s3.concurrently(check, with_output) if file is not None]
    return done, len(with_output) - len(done)
