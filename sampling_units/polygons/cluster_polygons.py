"""One polygon for each cluster, for the sampling frame: polygons of neighbours touch and never overlap.

Clusters of cells of a lattice get the union of their cells, clusters of other points the cells of the points' Voronoi
diagram, inside the settled area.
"""

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.lattice.polynomial_map import Lattice
from kmeans.spatial import csr
from sampling_units.polygons.voronoi_faces import GRID, settled_area, voronoi_faces

ObjectArray = npt.NDArray[np.object_]


def lattice_polygons(
    lattice: Lattice, labels: IntArray, n_clusters: int, weights: FloatArray | None = None
) -> ObjectArray:
    """Union of the cells of each cluster, (n_clusters,), in the coordinates of the lattice's points.

    A cell with points of several clusters goes to the one with most weight there, among equals to the lowest label. A
    cluster that gets no cell has None. Polygons are valid, exteriors run counter-clockwise.

    Args:
        lattice: of n points.
        labels: int64 (n,), cluster of each point from 0; -1 for points that belong to no cluster.
        n_clusters: number of polygons.
        weights: float64 (n,), None to count the points.
    """
    import shapely  # Not needed by those who only read and cluster.

    from sampling_units.polygons.cell_rings import trace_rings  # Compiled: the start of a function does without.

    rows = np.flatnonzero(labels >= 0)
    if len(rows) == 0:
        return np.full(n_clusters, None, dtype=object)
    index = lattice.index[rows]
    # Columns on both sides keep the rows apart.
    first = index.min(axis=0) - 1
    width = int(index[:, 0].max() - first[0]) + 2
    cells = (index[:, 1] - first[1]) * width + index[:, 0] - first[0]
    cells, owners = _owners(cells, labels[rows], None if weights is None else weights[rows])
    rings = trace_rings(cells, owners, width, keeps_all=not lattice.is_aligned)
    # The exterior of a region first, then its holes.
    order = np.lexsort((rings.is_hole, rings.region))
    _, positions = csr.take(rings.indptr, order)
    corners = lattice.corner(rings.corners[positions] + first)
    counts = np.diff(rings.indptr)[order]
    regions = shapely.polygons(
        shapely.linearrings(corners, indices=np.repeat(np.arange(len(order)), counts)), indices=rings.region[order]
    )
    polygons = np.full(n_clusters, None, dtype=object)
    polygons[rings.label] = regions
    counts = np.bincount(rings.label, minlength=n_clusters)
    if counts.max() > 1:
        several = np.flatnonzero(counts > 1)
        parts = np.flatnonzero(counts[rings.label] > 1)
        parts = parts[np.argsort(rings.label[parts], kind="stable")]
        numbers = np.repeat(np.arange(len(several)), counts[several])
        polygons[several] = shapely.multipolygons(regions[parts], indices=numbers)
    return polygons


def voronoi_polygons(
    points: FloatArray, labels: IntArray, n_clusters: int, corners: FloatArray | None = None
) -> ObjectArray:
    """The area nearest to the points of each cluster, (n_clusters,), within the settled area.

    The area covers all points and corners; see ``settled_area``. Coordinates of the polygons are multiples of a
    millimetre (2^-10 m), neighbours have the same vertices along their border. A site with points of several clusters
    goes to the cluster with most of them, among equals to the lowest label. A cluster that gets no site has None.
    Polygons are valid, exteriors run counter-clockwise.

    Args:
        points: float64 (n, 2), finite, in metres.
        labels: int64 (n,), cluster of each point from 0; -1 for points that belong to no cluster.
        n_clusters: number of polygons.
        corners: float64 (m, 2), further positions to cover, such as the corners of buildings.
    """
    polygons = np.full(n_clusters, None, dtype=object)
    if not (labels >= 0).any():
        return polygons
    sites, owners = _sites(points, labels)
    area = settled_area(sites, owners, np.empty((0, 2)) if corners is None else corners)
    _join_faces(*voronoi_faces(sites, owners, area), polygons)
    return polygons


def _sites(points: FloatArray, labels: IntArray) -> tuple[FloatArray, IntArray]:
    """The distinct points on the grid, sorted, and the label of each; without the points of no cluster."""
    rows = np.flatnonzero(labels >= 0)
    on_grid = np.rint(points[rows] / GRID)
    on_grid *= GRID
    # Complex numbers are sorted like pairs.
    sites, site = np.unique(on_grid.view(np.complex128).ravel(), return_inverse=True)
    del on_grid
    _, owners = _owners(site, labels[rows], None)
    return sites.view(np.float64).reshape(-1, 2), owners


def _owners(keys: IntArray, labels: IntArray, weights: FloatArray | None) -> tuple[IntArray, IntArray]:
    """The distinct keys, sorted, and for each the label with most weight there, the lowest among equals.

    Args:
        keys: int64 (n,), number of the cell or site of each point.
        labels: int64 (n,).
        weights: float64 (n,), None to count the points.
    """
    order = np.argsort(keys)
    in_order = keys[order]
    if (in_order[1:] > in_order[:-1]).all():
        return in_order, labels[order]
    order = np.lexsort((labels, keys))
    keys, labels = keys[order], labels[order]
    is_new_key = np.append(True, keys[1:] != keys[:-1])
    is_new = is_new_key | np.append(True, labels[1:] != labels[:-1])
    starts = np.flatnonzero(is_new)
    if len(starts) == np.count_nonzero(is_new_key):
        return keys[starts], labels[starts]
    total = np.add.reduceat(np.ones(len(order)) if weights is None else weights[order], starts)
    keys, labels = keys[starts], labels[starts]
    order = np.lexsort((labels, -total, keys))
    best = order[np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))]
    return keys[best], labels[best]


def _join_faces(faces: ObjectArray, labels: IntArray, polygons: ObjectArray) -> None:
    """Put the faces of each cluster into ``polygons``, as one geometry with its exteriors counter-clockwise."""
    import shapely

    order = np.argsort(labels, kind="stable")
    found, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
    polygons[found] = shapely.orient_polygons(faces[order[starts]])
    has_more = counts > 1
    if has_more.any():
        numbers = np.repeat(np.arange(np.count_nonzero(has_more)), counts[has_more])
        parts = shapely.geometrycollections(faces[order[np.repeat(has_more, counts)]], indices=numbers)
        polygons[found[has_more]] = shapely.orient_polygons(shapely.coverage_union_all(parts[:, None], axis=1))
