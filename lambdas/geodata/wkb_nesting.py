"""Geometries that hold geometries that hold geometries: GEOS reads them by recursion, and would end the process."""

import struct

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# Bytes up to which nobody can nest deeply: each level takes nine.
_HARMLESS = 4000
# A collection of multipolygons of polygons has a depth of two.
_DEEPEST = 8
# As GEOS reads the type of a geometry (WKBReader.cpp).
_HAS_Z, _HAS_M, _HAS_SRID = 0x80000000, 0x40000000, 0x20000000
_POINT = 1
_OF_CORNERS = (2, 8)
_OF_RINGS = (3, 17)
_OF_PARTS = (4, 5, 6, 7, 9, 10, 11, 12, 15, 16)


def nested_too_deeply(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values of a binary column must not be given to GEOS, bool (m,)."""
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    if array.type == pa.binary_view():
        array = array.cast(pa.large_binary())
    is_deep: npt.NDArray[np.bool_] = np.zeros(len(array), bool)
    lengths = pc.binary_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    for row in np.flatnonzero(lengths > _HARMLESS).tolist():
        is_deep[row] = _Walk(array[row].as_py()).is_deep()
    return is_deep


class _Walk:
    """Goes through the headers of one geometry, without recursion."""

    def __init__(self, wkb: bytes) -> None:
        self.wkb, self.position, self.order = wkb, 0, "<"

    def is_deep(self) -> bool:
        """Whether it nests too deeply; what is cut off or of no known kind does not: GEOS says so itself."""
        if self.wkb[0] > 1:
            return True  # GEOS also takes hexadecimal digits, which nest as well.
        # Of each geometry around the current place, how many parts are still to come.
        pending = [1]
        try:
            while pending:
                pending[-1] -= 1
                n_parts = self._skip_to_parts()
                pending.append(n_parts)
                if len(pending) > _DEEPEST + 1:
                    return True
                while pending and pending[-1] == 0:
                    pending.pop()
        except struct.error:
            return False
        return False

    def _skip_to_parts(self) -> int:
        """Goes past a header, or a geometry without parts; returns the number of parts that follow."""
        self.order = "<" if self._number("B") else ">"
        code = self._number("I")
        code_of_kind = code & 0xFFFF
        kind, dimensions = code_of_kind % 1000, code_of_kind // 1000
        has_z, has_m = bool(code & _HAS_Z) or dimensions in (1, 3), bool(code & _HAS_M) or dimensions in (2, 3)
        corner = 8 * (2 + has_z + has_m)
        if code & _HAS_SRID:
            self._number("I")
        if kind in _OF_PARTS:
            return self._number("I")
        if kind == _POINT:
            self.position += corner
            return 0
        if kind not in _OF_CORNERS + _OF_RINGS:
            raise struct.error
        for _ in range(self._number("I") if kind in _OF_RINGS else 1):
            n_corners = self._number("I")
            self.position += corner * n_corners
        return 0

    def _number(self, kind: str) -> int:
        (number,) = struct.unpack_from(self.order + kind, self.wkb, self.position)
        self.position += struct.calcsize(kind)
        return int(number)
