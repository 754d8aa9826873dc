"""The one decorator of every kernel, so that caching and floating-point rules are decided in one place.

No fast-math: the same input has to give the same bytes on every machine, and reassociation would not.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile ``function`` on its first call, keep the machine code on disk and release the GIL while it runs."""
    compiled: Callable[P, R] = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return compiled
