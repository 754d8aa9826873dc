"""Starts a process of our own without what it does not need."""

import ctypes
import gc
import mmap
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from pathlib import Path
from types import ModuleType

# Of mallopt(3).
_M_ARENA_MAX = -8
# pyarrow and numba load these where they happen to be installed, which takes half a second and 70 MB.
_UNUSED = ("cffi", "pandas", "scipy", "yaml")
_COMPILER = "libllvmlite.so"
# New objects after which the collector looks for garbage, while importing makes hundreds of thousands that all stay.
_COLLECT_AFTER = 10_000
_USUAL_THRESHOLDS = gc.get_threshold()


class _LeftOut(MetaPathFinder):
    """Finds nothing, and ends the search for the libraries that are left out."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in _UNUSED:
            raise ModuleNotFoundError(f"{fullname} is left out of this process", name=fullname)


def start_lean() -> None:
    """Save time and memory in this process; for a program's entry only, before pyarrow and numba."""
    sys.meta_path.insert(0, _LeftOut())
    gc.set_threshold(_COLLECT_AFTER)
    # Arrow's own allocator keeps 40 MB more for itself, and is no faster here.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # glibc gives each thread an arena of its own, whose free memory is of no use to the others: 10 MB.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def keep_loaded() -> None:
    """Once nearly everything is loaded: the collector need not look through that again, and looks as often as usual.

    Each Parquet file that was read leaves some ten kilobytes in a cycle of pyarrow, which only the collector finds.
    """
    gc.freeze()
    gc.set_threshold(*_USUAL_THRESHOLDS)


def give_back_compiler() -> None:
    """Once the kernels are loaded: let the system have back the 60 MB of the compiler's code that this has taken.

    Pages of a file that nobody has written to come back by themselves when they are needed again.
    """
    with suppress(OSError, AttributeError):
        advise = ctypes.CDLL(None).madvise
        for mapping in Path("/proc/self/maps").read_text().splitlines():
            # Only code: data may have been written to, and would be lost.
            if mapping.endswith(_COMPILER) and " r-xp " in mapping:
                start, end = (int(address, 16) for address in mapping.split()[0].split("-"))
                advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), mmap.MADV_DONTNEED)
