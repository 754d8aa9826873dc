"""The compiled part of `wkb_nesting`: a file of a few kilobytes can unfold to a hundred million headers."""

import numpy as np
import numpy.typing as npt

from kmeans.jit import kernel

# As GEOS reads the type of a geometry (WKBReader.cpp).
_HAS_Z, _HAS_M, _HAS_SRID = 0x80000000, 0x40000000, 0x20000000
_POINT = 1
_OF_CORNERS = (2, 8)
_OF_RINGS = (3, 17)
_OF_PARTS = (4, 5, 6, 7, 9, 10, 11, 12, 15, 16)


@kernel
def _word(wkb: npt.NDArray[np.uint8], position: int, is_little: bool) -> int:
    """The four bytes at ``position`` as a number; -1 where the geometry is cut off."""
    if position + 4 > wkb.shape[0]:
        return -1
    number = 0
    for byte in range(4):
        shift = 8 * (byte if is_little else 3 - byte)
        number |= int(wkb[position + byte]) << shift
    return number


@kernel
def is_nested(wkb: npt.NDArray[np.uint8], deepest: int) -> bool:
    """Whether a geometry has more than ``deepest`` levels of parts; goes through its headers without recursion.

    The answer is no for one that is cut off or of an unknown kind, which GEOS refuses itself.
    """
    # How many parts are still to come of each geometry around the current position.
    pending = np.zeros(deepest + 2, np.int64)
    pending[0], depth, position = 1, 1, 0
    while depth > 0:
        pending[depth - 1] -= 1
        if position >= wkb.shape[0]:
            return False
        is_little = wkb[position] != 0
        code = _word(wkb, position + 1, is_little)
        position += 9 if code & _HAS_SRID else 5
        code_of_kind = code & 0xFFFF
        kind, dimensions = code_of_kind % 1000, code_of_kind // 1000
        has_z, has_m = (code & _HAS_Z) != 0 or dimensions in (1, 3), (code & _HAS_M) != 0 or dimensions in (2, 3)
        corner = 8 * (2 + has_z + has_m)
        n_parts = 0
        if code < 0:
            return False
        if kind in _OF_PARTS:
            n_parts = _word(wkb, position, is_little)
            position += 4
        elif kind == _POINT:
            position += corner
        elif kind in _OF_CORNERS or kind in _OF_RINGS:
            n_rows = 1
            if kind in _OF_RINGS:
                n_rows = _word(wkb, position, is_little)
                position += 4
            for _ in range(n_rows):
                n_corners = _word(wkb, position, is_little)
                if n_corners < 0:
                    return False
                position += 4 + corner * n_corners
        else:
            return False
        if n_parts < 0:
            return False
        pending[depth] = n_parts
        depth += 1
        if depth > deepest + 1:
            return True
        while depth > 0 and pending[depth - 1] == 0:
            depth -= 1
    return False
