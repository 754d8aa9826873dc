"""Deeply nested geometries: GEOS reads them by recursion, overflows the stack, and so ends the process."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

# Each level takes nine bytes: a geometry of this size has too few levels to do harm.
_HARMLESS = 4000
# A collection of multipolygons of polygons has a depth of two.
_DEEPEST = 8


def nested_too_deeply(array: pa.Array) -> npt.NDArray[np.bool_]:
    """Which values of a binary column must not be given to GEOS, bool (m,)."""
    import pyarrow.compute as pc  # Loaded while the first file arrives.

    if array.type == pa.binary_view():
        array = array.cast(pa.large_binary())
    is_deep: npt.NDArray[np.bool_] = np.zeros(len(array), bool)
    lengths = pc.binary_length(array).fill_null(0).to_numpy(zero_copy_only=False)
    large = np.flatnonzero(lengths > _HARMLESS).tolist()
    if not large:
        return is_deep
    from sampling_units.io.wkb_headers import is_nested  # Loads numba, which reading does without.

    for row in large:
        wkb = np.frombuffer(array[row].as_buffer(), np.uint8)
        # GEOS also reads WKB in hexadecimal digits, which may be nested too.
        is_deep[row] = wkb[0] > 1 or is_nested(wkb, _DEEPEST)
    return is_deep
