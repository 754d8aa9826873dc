"""Keeps files that do not fit into the function's memory from ending it, and with it the other files of their batch.

Lambda ends a function that takes more than its memory at once. With a limit of its own the process is refused the
allocation instead, which is an error of one file. Nearly all that the process allocates is also used, so the limit on
what is allocated is the memory of the function; this takes an allocator that reserves nothing ahead.
"""

import ctypes
import math
import os
import resource
from contextlib import suppress

from sampling_units.errors import FileTooLarge

# Set by Lambda.
_MEMORY_VARIABLE = "AWS_LAMBDA_FUNCTION_MEMORY_SIZE"
_MEGABYTE = 1024 * 1024
# Libraries take memory as well, which the limit on data does not count.
_MEGABYTES_OF_CODE = 64
# Field of /proc/self/statm: pages of data and stack.
_DATA_PAGES = 5


def prepare() -> None:
    """Make Arrow allocate from the system, and in Lambda no more than there is; to be called before Arrow is imported.

    The system's allocator is as fast here, and takes less memory than Arrow's own.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if _MEMORY_VARIABLE in os.environ:
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        megabytes = int(os.environ[_MEMORY_VARIABLE]) - _MEGABYTES_OF_CODE
        resource.setrlimit(resource.RLIMIT_DATA, (megabytes * _MEGABYTE, hard))


def release_free_memory() -> None:
    """Return to the system what a file that was too large has left behind in the allocator; no one may hold it still.

    What lies between blocks in use is no longer resident, but counts as allocated: the allocator uses it again.
    """
    with suppress(AttributeError):  # Another C library than that of Lambda.
        ctypes.CDLL(None).malloc_trim(0)


class _Mallinfo(ctypes.Structure):
    """``struct mallinfo2`` of mallinfo(3)."""

    _fields_ = [(f"_{number}", ctypes.c_size_t) for number in range(8)]
    _fields_ += [("fordblks", ctypes.c_size_t), ("keepcost", ctypes.c_size_t)]


def _free_bytes() -> int:
    """What the allocator holds and nobody uses."""
    try:
        ask = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return 0
    ask.restype = _Mallinfo
    return int(ask().fordblks)


def require_room_for(filename: str, n_bytes: int) -> None:
    """Refuse an object whose mere content, twice held while it arrives, does not fit.

    Raises:
        FileTooLarge: as ``require``.
    """
    require(filename, 2 * n_bytes, f"{n_bytes / _MEGABYTE:,.0f} MB")


def require(filename: str, n_bytes: float, size: str) -> None:
    """Refuse a file that needs more memory than there is left; does nothing where there is no limit.

    Args:
        filename: named by the error.
        n_bytes: what it takes, about.
        size: of the file, as an error shows it.

    Raises:
        FileTooLarge: says how much it has, and how much it needs.
    """
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if limit == resource.RLIM_INFINITY:
        return
    with open("/proc/self/statm", encoding="ascii") as counts:
        used = int(counts.read().split()[_DATA_PAGES]) * resource.getpagesize() - _free_bytes()
    if used + n_bytes > limit:
        needed = math.ceil((used + n_bytes) / _MEGABYTE)
        raise FileTooLarge(f"has {size}, which takes about {needed:,} MB of memory; {advice()}", filename=filename)


def exceeded(filename: str) -> FileTooLarge:
    """The error of a file that did not fit, as was only seen when an allocation failed."""
    return FileTooLarge(f"takes too much memory; {advice()}", filename=filename)


def advice() -> str:
    """How much memory there is, and what to do about it."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    there = "this machine has less" if limit == resource.RLIM_INFINITY else f"there are {limit // _MEGABYTE:,} MB"
    return f"{there}: split the file (kmeans split), or deploy with more memory_mb"
