"""Exact minimum bounding circle of each cluster: its radius is the longest distance from the centre of a unit."""

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.jit import kernel
from kmeans.spatial.labels import rows_by_label

# A point counts as inside the circle if its squared distance exceeds the squared radius by at most this share.
_ROUNDING = 1e-12
# The same for the up to four points that a circle is computed from: a nearly flat triangle loses more digits.
_SUPPORT_ROUNDING = 1e-9
# A dozen steps are usual. The limit is for the case that rounding raises the radius by one last digit in each step.
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
    """Centre x, centre y and radius of the smallest circle around n points, n at least 1.

    Repeatedly adds the point that is farthest outside the circle, until no point is outside. Each step keeps only the
    support, the two or three points that determine the circle. The radius grows in each step, so the loop ends. The
    choice of the farthest point is the pivot rule of Gärtner 1999, "Fast and robust smallest enclosing balls".

    >>> x, y, radius = bounding_circle(np.array([0.0, 6.0, 3.0]), np.array([0.0, 8.0, 4.0]))
    >>> float(x), float(y), float(radius)
    (3.0, 4.0, 5.0)

    Args:
        x, y: float64 (n,), metres.
    """
    # Relative to one of the points: squares of coordinates of millions of metres would cost a small circle its digits.
    x0, y0 = x[0], y[0]
    support_x, support_y = np.zeros(4), np.zeros(4)
    n_support = 1
    centre_x, centre_y, squared_radius = 0.0, 0.0, 0.0
    for step in range(_MOST_STEPS + 1):
        farthest, squared_distance = -1, squared_radius * (1 + _ROUNDING)
        for i in range(x.shape[0]):
            d = (x[i] - x0 - centre_x) ** 2 + (y[i] - y0 - centre_y) ** 2
            if d > squared_distance:
                farthest, squared_distance = i, d
        if farthest < 0:
            return x0 + centre_x, y0 + centre_y, np.sqrt(squared_radius)
        support_x[n_support], support_y[n_support] = x[farthest] - x0, y[farthest] - y0
        larger_x, larger_y, larger, n_support = _circle_of_support(support_x, support_y, n_support + 1)
        if step == _MOST_STEPS or not squared_radius < larger < np.inf:  # By rounding only was the point outside.
            break
        centre_x, centre_y, squared_radius = larger_x, larger_y, larger
    # The circle cannot be improved: keep its centre, and a radius that reaches the farthest point.
    return x0 + centre_x, y0 + centre_y, np.sqrt(squared_distance)


@kernel
def _circle_of_support(x: FloatArray, y: FloatArray, n: int) -> tuple[float, float, float, int]:
    """Centre x, centre y, squared radius and size of the support of the smallest circle around n points, n from 2 to 4.

    Tries each pair and each triple, and moves the support to the front of ``x`` and ``y``.
    """
    best_squared, best_x, best_y = np.inf, 0.0, 0.0
    support = (0, 1, -1)
    for i in range(n):
        for j in range(i + 1, n):
            centre_x, centre_y = (x[i] + x[j]) / 2, (y[i] + y[j]) / 2
            squared_radius = (x[i] - centre_x) ** 2 + (y[i] - centre_y) ** 2
            if squared_radius < best_squared and _contains(centre_x, centre_y, squared_radius, x, y, n):
                best_squared, best_x, best_y, support = squared_radius, centre_x, centre_y, (i, j, -1)
            for k in range(j + 1, n):
                bx, by, cx, cy = x[j] - x[i], y[j] - y[i], x[k] - x[i], y[k] - y[i]
                # The centre of the circle through three points, relative to the first.
                determinant = 2 * (bx * cy - by * cx)
                if determinant == 0:
                    continue
                ux = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / determinant
                uy = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / determinant
                squared_radius = ux * ux + uy * uy
                if squared_radius < best_squared and _contains(x[i] + ux, y[i] + uy, squared_radius, x, y, n):
                    best_squared, best_x, best_y, support = squared_radius, x[i] + ux, y[i] + uy, (i, j, k)
    count = 2 if support[2] < 0 else 3
    kept_x, kept_y = np.empty(3), np.empty(3)
    for q in range(count):
        kept_x[q], kept_y[q] = x[support[q]], y[support[q]]
    for q in range(count):
        x[q], y[q] = kept_x[q], kept_y[q]
    return best_x, best_y, best_squared, count


@kernel
def _contains(centre_x: float, centre_y: float, squared_radius: float, x: FloatArray, y: FloatArray, n: int) -> bool:
    for i in range(n):
        if (x[i] - centre_x) ** 2 + (y[i] - centre_y) ** 2 > squared_radius * (1 + _SUPPORT_ROUNDING):
            return False
    return True
