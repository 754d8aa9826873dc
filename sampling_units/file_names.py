"""Names of inputs and of their outputs, in a bucket and in a folder alike."""

import posixpath

from sampling_units.errors import InvalidInput
from sampling_units.formats import SUFFIXES_IN_WORDS, format_of, named_as_parquet

OUTPUT_PREFIX = "clustered_"
FRAME_PREFIX = "frame/"
RUNS_PREFIX = "runs/"
# Bytes, in S3.
_LONGEST_KEY = 1024


def is_input(key: str) -> bool:
    """Whether an object of the input bucket is a file to cluster."""
    return format_of(key) is not None


def check_filename(filename: str) -> None:
    """Refuse names that are no file to cluster, or that S3 and local disks do not understand alike.

    Raises:
        InvalidInput: another suffix, a leading or doubled slash, ``.`` or ``..`` as a folder, control characters, or a
            folder in which outputs are kept.
    """
    if len(output_key(filename).encode("utf-8", "replace")) > _LONGEST_KEY:
        raise InvalidInput("has a name that is too long for those of its outputs", filename=filename)
    if not is_input(filename):
        raise InvalidInput(f"is not named like a file that can be read ({SUFFIXES_IN_WORDS})", filename=filename)
    if any(part in ("", ".", "..") for part in filename.split("/")) or not filename.isprintable():
        reason = "it has an empty folder, `.`, `..` or a character that is not printed"
        raise InvalidInput(f"is not a possible file name: {reason}; rename it", filename=filename)
    if filename.startswith((FRAME_PREFIX, RUNS_PREFIX)):
        raise InvalidInput(
            f"lies in a folder whose name is taken by outputs ({FRAME_PREFIX}, {RUNS_PREFIX})", filename=filename
        )


def output_key(filename: str) -> str:
    """``clustered_<name>``, in the folder of the input."""
    folder, name = posixpath.split(named_as_parquet(filename))
    return posixpath.join(folder, OUTPUT_PREFIX + name)


def frame_key(filename: str) -> str:
    """``frame/<name>``, with the folder of the input below ``frame``."""
    return FRAME_PREFIX + named_as_parquet(filename)


def output_prefixes(prefix: str) -> list[str]:
    """Where the clustered files of inputs under ``prefix`` are: its last part may begin a file name or a folder's."""
    is_folder = prefix == "" or prefix.endswith("/")
    return [prefix] if is_folder else [prefix, output_key(prefix)]


def file_stem(filename: str) -> str:
    """Name without suffix, with which cluster ids begin; with its folder, so that ids are unique over all files."""
    return posixpath.splitext(filename)[0]
