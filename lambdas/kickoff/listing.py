"""Finds the input files of a run, and which of them are already done."""

import itertools
import posixpath
from dataclasses import dataclass

from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.events import FileItem
from lambdas.contract.parameters import RunParameters


@dataclass(frozen=True)
class Found:
    """Input files of a run.

    Attributes:
        n_found: all of them.
        done: names of those whose output is up to date.
        n_stale: those whose output was made with other parameters, by another version, from another input, or lost its
            frame.
        unchanged: names of those that failed before and have not changed since.
        to_do: what is to be clustered, in the order of the keys.
    """

    n_found: int
    done: list[str]
    n_stale: int
    unchanged: list[str]
    to_do: list[FileItem]


@dataclass(frozen=True)
class Candidates:
    """Files of an earlier run.

    Attributes:
        done: names of those that it finished, or found finished. They are looked at again: an output may have been
            replaced since.
        failed: names of the others, each with the ETag with which it would only fail again, if there is one.
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
    only: Candidates | None = None,
) -> Found:
    """List the input files under ``prefix`` and leave out those that are done, unless ``force`` asks for all.

    A file is done when its output was made with the same parameters and version from the input as it is now, and the
    frame beside it is the one made with it; this is in the metadata of the clustered file. At most ``n_files`` are
    returned as to do.

    Args:
        only: files to look at, instead of all; those that failed and are not there any more are to do all the same, so
            that the clustering function says so.

    Raises:
        BucketMissing, AccessDenied, StorageUnavailable: from the listings.
    """
    names = None if only is None else only.names
    if names is not None:
        prefix = posixpath.commonprefix(list(names))
    inputs = [
        found
        for found in (s3.list_objects(input_bucket, prefix) if names is None or names else ())
        if keys.is_input(found.key) and (names is None or found.key in names)
    ]
    if force:
        # In a retry what is done is none of its business.
        done, n_stale = set[str]() if only is None else only.done, 0
    else:
        done, n_stale = _done(inputs, output_bucket, prefix, params)
    failed = {} if only is None else only.failed
    unchanged = {found.key for found in inputs if not force and failed.get(found.key) == found.etag} - done
    to_do = [FileItem(found.key, found.size) for found in inputs if found.key not in done | unchanged]
    gone = sorted(failed.keys() - {found.key for found in inputs})
    to_do += [FileItem(name) for name in gone]
    to_do = list(itertools.islice(to_do, n_files))
    return Found(len(inputs) + len(gone), sorted(done), n_stale, sorted(unchanged), to_do)


def _done(inputs: list[s3.Listed], output_bucket: str, prefix: str, params: RunParameters) -> tuple[set[str], int]:
    """Keys of the inputs whose output is up to date, and how many have one that is not; others are not looked at."""
    if not inputs:
        return set(), 0
    outputs = {
        found.key
        for folder in keys.output_prefixes(prefix)
        for found in s3.list_objects(output_bucket, folder, skip=(keys.FRAME_PREFIX, keys.RUNS_PREFIX))
    }
    frames = {found.key: found.etag for found in s3.list_objects(output_bucket, keys.frame_key(prefix))}
    candidates = [found for found in inputs if keys.output_key(found.key) in outputs]
    fingerprint = params.fingerprint()

    def is_done(found: s3.Listed) -> bool:
        expected = {
            keys.FINGERPRINT_METADATA: fingerprint,
            keys.INPUT_ETAG_METADATA: found.etag,
            # None where it is gone, which no metadata say.
            keys.FRAME_ETAG_METADATA: frames.get(keys.frame_key(found.key)),
        }
        return expected.items() <= s3.user_metadata(output_bucket, keys.output_key(found.key)).items()

    answers = zip(candidates, s3.concurrently(is_done, candidates), strict=True)
    done = {found.key for found, is_up_to_date in answers if is_up_to_date}
    return done, len(candidates) - len(done)
