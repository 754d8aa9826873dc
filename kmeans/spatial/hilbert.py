"""Order along the Hilbert curve, so that clusters with near numbers are near each other."""

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel

# Cells of the curve along each side of the square around the points, as a power of two.
_LEVELS = 16


def hilbert_order(points: FloatArray) -> IntArray:
    """Permutation int64 (n,) that sorts ``points``, float64 (n, 2), along the Hilbert curve of their bounding square.

    Points in the same cell of the 65,536 x 65,536 grid keep the order of their x, then y.

    >>> import numpy as np
    >>> hilbert_order(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])).tolist()
    [0, 2, 3, 1]
    """
    keys = _hilbert_keys(points)
    order: IntArray = np.lexsort((points[:, 1], points[:, 0], keys)).astype(np.int64)
    return order


@kernel
def _hilbert_keys(points: FloatArray) -> npt.NDArray[np.uint64]:
    """Distance along the curve of each point's cell (Hilbert 1891; the usual rotate-and-reflect evaluation)."""
    x_min, y_min = points[:, 0].min(), points[:, 1].min()
    extent = max(points[:, 0].max() - x_min, points[:, 1].max() - y_min)
    last = (1 << _LEVELS) - 1
    scale = last / extent if extent > 1e-300 else 0.0  # Beyond it the quotient is infinite.
    keys = np.empty(points.shape[0], np.uint64)
    for i in range(points.shape[0]):
        x, y = int((points[i, 0] - x_min) * scale), int((points[i, 1] - y_min) * scale)
        key = 0
        side = 1 << (_LEVELS - 1)
        while side > 0:
            right, upper = 1 if x & side else 0, 1 if y & side else 0
            key += side * side * ((3 * right) ^ upper)
            if not upper:
                if right:
                    x, y = last - x, last - y
                x, y = y, x
            side >>= 1
        keys[i] = key
    return keys
