"""The geometries that points stand for, by their corners: what the radius of a cluster has to cover.

Corners are all that is kept of a geometry. They decide radii, never who is whose neighbour.
"""

from typing import NamedTuple

import numpy as np

from kmeans.arrays import FloatArray, IntArray, first_unsound_row, float_array, int_array
from kmeans.errors import InvalidArray, InvalidPoint
from kmeans.spatial import csr
from kmeans.spatial.bounding_circle import cluster_radii


class Footprints(NamedTuple):
    """Corners of the geometry of each of n rows, at least one a row; a row that is a point has itself as its corner.

    >>> import numpy as np
    >>> square, point = [[0.0, 0.0], [6.0, 0.0], [6.0, 8.0], [0.0, 8.0]], [[50.0, 50.0]]
    >>> footprints = Footprints(np.array([0, 4, 5]), np.array(square + point))
    >>> footprints.radii(np.array([0, 1]), 2).tolist()
    [5.0, 0.0]

    Attributes:
        indptr: int64 (n + 1,), the corners of row i are ``corners[indptr[i]:indptr[i + 1]]``.
        corners: float64 (m, 2), coordinates in metres, in the same system as the points.
    """

    indptr: IntArray
    corners: FloatArray

    def of_rows(self, rows: IntArray) -> "Footprints":
        """Those of ``rows``, int64 (r,), in that order."""
        indptr, positions = csr.take(self.indptr, rows)
        return Footprints(indptr, self.corners[positions])

    def relative_to(self, origin: FloatArray) -> "Footprints":
        """The same in coordinates whose (0, 0) is ``origin``, float64 (2,)."""
        return Footprints(self.indptr, self.corners - origin)

    def extents(self) -> FloatArray:
        """Bounding box of each row, float64 (n, 4): smallest x and y, largest x and y."""
        starts = self.indptr[:-1]
        return np.hstack([np.minimum.reduceat(self.corners, starts), np.maximum.reduceat(self.corners, starts)])

    def radii(self, labels: IntArray, n_clusters: int) -> FloatArray:
        """Radius of the minimum bounding circle of each cluster, float64 (n_clusters,), in metres.

        ``labels``, int64 (n,), are the clusters of the rows.
        """
        x, y = self.corners[:, 0].copy(), self.corners[:, 1].copy()
        return cluster_radii(x, y, np.repeat(labels, np.diff(self.indptr)), n_clusters)


def check_footprints(footprints: Footprints, n_rows: int) -> Footprints:
    """The footprints of ``n_rows`` rows with the dtypes that ``Footprints`` promises.

    Raises:
        InvalidPoint: a corner is not finite or beyond 1e12 m; names the row.
        InvalidArray: the arrays do not fit together or to the rows, or a row has no corner.
    """
    indptr = int_array("footprints.indptr", footprints.indptr)
    corners = float_array("footprints.corners", footprints.corners)
    if indptr.shape != (n_rows + 1,) or corners.ndim != 2 or corners.shape[1] != 2:
        shapes = f"{indptr.shape} and {corners.shape}"
        raise InvalidArray(
            "footprints", f"{n_rows} rows need arrays of shapes ({n_rows + 1},) and (m, 2), not {shapes}"
        )
    if indptr[0] != 0 or indptr[-1] != len(corners):
        ends = f"{indptr[0]} to {indptr[-1]}"
        raise InvalidArray("footprints.indptr", f"it runs from {ends}, but there are {len(corners)} corners")
    has_corner = indptr[1:] > indptr[:-1]
    if not has_corner.all():
        raise InvalidArray("footprints.indptr", f"row {int(np.argmin(has_corner))} has no corner")
    corner = first_unsound_row(corners)
    if corner is not None:
        row = int(np.searchsorted(indptr, corner, side="right")) - 1
        raise InvalidPoint(row, (float(corners[corner, 0]), float(corners[corner, 1])))
    return Footprints(indptr, corners)
