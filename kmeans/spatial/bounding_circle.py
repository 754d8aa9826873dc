"""Exact minimum bounding circle of each cluster: the radius that a survey team walks from the middle of a unit."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel
from kmeans.spatial.labels import rows_by_label

# A point this far outside, relative to the squared radius, is on the circle but for rounding.
_ROUNDING = 1e-12
# Steps of the search, of which a dozen are usual: rounding could raise the radius by a last digit time after time.
_MOST_STEPS = 1000


@kernel
def cluster_radii(x: FloatArray, y: FloatArray, labels: IntArray, n_clusters: int) -> FloatArray:
    """Radius of the minimum bounding circle of every cluster.

    >>> cluster_radii(np.array([0.0, 6.0, 3.0]), np.array([0.0, 8.0, 4.0]), np.array([0, 0, 1]), 2).tolist()
    [5.0, 0.0]

    Args:
        x, y: float64 (n,), metres.
        labels: int64 (n,), cluster of each point, 0 to n_clusters - 1.
        n_clusters: number of clusters.

    Returns:
        float64 (n_clusters,), metres; 0 for a cluster without points.
    """
    indptr, members = rows_by_label(labels, n_clusters)
    grouped_x, grouped_y = x[members], y[members]
    radii = np.zeros(n_clusters)
    for j in range(n_clusters):
        if indptr[j + 1] > indptr[j]:
            own = slice(indptr[j], indptr[j + 1])
            radii[j] = bounding_circle(grouped_x[own], grouped_y[own])[2]
    return radii


@kernel
def bounding_circle(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Centre and radius of the smallest circle around at least one point.

    Grows the circle by its farthest outsider until there is none; each step keeps the two or three points that carry
    the circle, so the radius rises strictly and the loop ends (Gärtner 1999, "Fast and robust smallest enclosing
    balls", whose pivot rule this is).
    """
    # Relative to a point of the cluster: coordinates of millions of metres would cost a small circle all its digits.
    x0, y0 = x[0], y[0]
    support_x, support_y = np.zeros(4), np.zeros(4)
    n_support = 1
    centre_x, centre_y, squared = 0.0, 0.0, 0.0
    for step in range(_MOST_STEPS + 1):
        farthest, distance = -1, squared * (1 + _ROUNDING)
        for i in range(x.shape[0]):
            d = (x[i] - x0 - centre_x) ** 2 + (y[i] - y0 - centre_y) ** 2
            if d > distance:
                farthest, distance = i, d
        if farthest < 0:
            return x0 + centre_x, y0 + centre_y, np.sqrt(squared)
        support_x[n_support], support_y[n_support] = x[farthest] - x0, y[farthest] - y0
        found_x, found_y, found, n_support = _circle_of_support(support_x, support_y, n_support + 1)
        if step == _MOST_STEPS or not squared < found < np.inf:  # Rounding only: the outsider was on the circle.
            break
        centre_x, centre_y, squared = found_x, found_y, found
    return x0 + centre_x, y0 + centre_y, np.sqrt(distance)


@kernel
def _circle_of_support(x: FloatArray, y: FloatArray, n: int) -> tuple[float, float, float, int]:
    """Smallest circle around 2 to 4 points by trying each pair and triple; moves the carrying points to the front."""
    best, best_x, best_y = np.inf, 0.0, 0.0
    carriers = (0, 1, -1)
    for i in range(n):
        for j in range(i + 1, n):
            centre_x, centre_y = (x[i] + x[j]) / 2, (y[i] + y[j]) / 2
            squared = (x[i] - centre_x) ** 2 + (y[i] - centre_y) ** 2
            if squared < best and _contains(centre_x, centre_y, squared, x, y, n):
                best, best_x, best_y, carriers = squared, centre_x, centre_y, (i, j, -1)
            for k in range(j + 1, n):
                bx, by, cx, cy = x[j] - x[i], y[j] - y[i], x[k] - x[i], y[k] - y[i]
                determinant = 2 * (bx * cy - by * cx)
                if determinant == 0:
                    continue
                ux = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / determinant
                uy = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / determinant
                squared = ux * ux + uy * uy
                if squared < best and _contains(x[i] + ux, y[i] + uy, squared, x, y, n):
                    best, best_x, best_y, carriers = squared, x[i] + ux, y[i] + uy, (i, j, k)
    count = 2 if carriers[2] < 0 else 3
    kept_x, kept_y = np.empty(3), np.empty(3)
    for q in range(count):
        kept_x[q], kept_y[q] = x[carriers[q]], y[carriers[q]]
    for q in range(count):
        x[q], y[q] = kept_x[q], kept_y[q]
    return best_x, best_y, best, count


@kernel
def _contains(centre_x: float, centre_y: float, squared: float, x: FloatArray, y: FloatArray, n: int) -> bool:
    for i in range(n):
        if (x[i] - centre_x) ** 2 + (y[i] - centre_y) ** 2 > squared * (1 + 1e-9):
            return False
    return True
