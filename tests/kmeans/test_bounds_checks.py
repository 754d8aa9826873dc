"""With NUMBA_BOUNDSCHECK=1 every access is checked, but only in code that was compiled with it."""

import os

import numpy as np
import pytest

from kmeans.spatial.bounding_circle import _contains


@pytest.mark.skipif(os.environ.get("NUMBA_BOUNDSCHECK") != "1", reason="only where bounds are checked")
def test_kernels_refuse_what_is_out_of_bounds():
    """numba keeps one machine code for both, so a cache that was filled without the checks would hide every fault."""
    one = np.zeros(1)
    with pytest.raises(IndexError):
        _contains(0.0, 0.0, 1.0, one, one, 2)
