"""Keeps libraries that nothing here uses out of a process of our own."""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

# pyarrow and numba load these where they happen to be installed, which takes half a second and 60 MB.
_UNUSED = ("pandas", "scipy")


class _LeftOut(MetaPathFinder):
    """Finds nothing, and ends the search for the libraries that are left out."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if fullname in _UNUSED:
            raise ModuleNotFoundError(f"{fullname} is left out of this process", name=fullname)


def leave_out_unused_libraries() -> None:
    """Make their import fail, as if they were not installed; to be called first, and only by a program's entry."""
    sys.meta_path.insert(0, _LeftOut())
