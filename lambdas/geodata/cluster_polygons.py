"""One polygon for each cluster, for the sampling frame: polygons of neighbours touch and never overlap.

Clusters of cells of a lattice get the union of their cells, clusters of other places the cells of the Voronoi diagram
of the places, inside the settled area.
"""

import numpy as np
import numpy.typing as npt

from kmeans.kdtree import FloatArray, IntArray
from lambdas.geodata.lattice import Lattice
from lambdas.geodata.voronoi_faces import GRID, settled_area, voronoi_faces

ObjectArray = npt.NDArray[np.object_]

# GEOS needs about a kilobyte for each line while it builds polygons.
_LINES_AT_ONCE = 200_000


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

    rows = np.flatnonzero(labels >= 0)
    if len(rows) == 0:
        return np.full(n_clusters, None, dtype=object)
    index = lattice.index[rows]
    # The numbers of a cell and of its lower left corner; columns on both sides keep the rows apart.
    first = index.min(axis=0) - 1
    width = int(index[:, 0].max() - first[0]) + 2
    cells = (index[:, 1] - first[1]) * width + index[:, 0] - first[0]
    cells, owners = _owners(cells, labels[rows], None if weights is None else weights[rows])
    del rows, index
    upright, level = _borders(cells, owners, width, lattice.is_aligned)
    lines = np.concatenate([upright, level])
    sides = _owner_at(np.concatenate([upright[:, :1] - [0, 1], level[:, :1] - [0, width]]), cells, owners)
    polygons = np.full(n_clusters, None, dtype=object)
    lines_so_far = np.cumsum(np.bincount(sides[sides >= 0], minlength=n_clusters))
    start = 0
    while start < n_clusters:
        limit = lines_so_far[start] + _LINES_AT_ONCE
        stop = max(start + 1, int(np.searchsorted(lines_so_far, limit, side="right")))
        is_here = ((sides >= start) & (sides < stop)).any(axis=1)
        faces, inside = _faces(lines[is_here], width)
        owner = _owner_at(inside, cells, owners)
        is_wanted = (owner >= start) & (owner < stop)
        _join_faces(faces[is_wanted], owner[is_wanted], polygons)
        start = stop
    place = shapely.transform(polygons, lambda xy: lattice.corner(xy.astype(np.int64) + first))
    return np.asarray(place, dtype=object)


def _faces(lines: IntArray, width: int) -> tuple[ObjectArray, IntArray]:
    """Polygons between the lines, in numbers of columns and rows, and for each the number of a cell inside."""
    import shapely

    # Numbers are exact, so what GEOS builds of them needs no tolerance.
    ends = np.stack([lines % width, lines // width], axis=2).astype(np.float64)
    faces = shapely.get_parts(shapely.polygonize(shapely.linestrings(ends)))
    exteriors, face = shapely.get_coordinates(shapely.get_exterior_ring(faces), return_index=True)
    # The lowest of the leftmost corners is the lower left corner of a cell of the face.
    order = np.lexsort((exteriors[:, 1], exteriors[:, 0], face))
    leftmost = exteriors[order[np.searchsorted(face, np.arange(len(faces)))]].astype(np.int64)
    return faces, leftmost[:, 1] * width + leftmost[:, 0]


def voronoi_polygons(
    points: FloatArray, labels: IntArray, n_clusters: int, corners: FloatArray | None = None
) -> ObjectArray:
    """The ground nearest to the points of each cluster, (n_clusters,), within the settled area.

    The area covers all points and corners; see ``settled_area``. Coordinates of the polygons are multiples of a
    millimetre (2^-10 m), neighbours have the same vertices along their border. Where points of several clusters are in
    the same place, it goes to the cluster with most of them, among equals to the lowest label. A cluster that gets no
    place has None. Polygons are valid, exteriors run counter-clockwise.

    Args:
        points: float64 (n, 2), finite, in metres.
        labels: int64 (n,), cluster of each point from 0; -1 for points that belong to no cluster.
        n_clusters: number of polygons.
        corners: float64 (m, 2), further places to cover, such as the corners of buildings.
    """
    polygons = np.full(n_clusters, None, dtype=object)
    if not (labels >= 0).any():
        return polygons
    sites, owners = _sites(points, labels)
    area = settled_area(sites, owners, np.empty((0, 2)) if corners is None else corners)
    _join_faces(*voronoi_faces(sites, owners, area), polygons)
    return polygons


def _sites(points: FloatArray, labels: IntArray) -> tuple[FloatArray, IntArray]:
    """The distinct places on the grid, sorted, and the label of each; without the points of no cluster."""
    rows = np.flatnonzero(labels >= 0)
    on_grid = np.rint(points[rows] / GRID)
    on_grid *= GRID
    # Complex numbers are sorted like pairs.
    places, place = np.unique(on_grid.view(np.complex128).ravel(), return_inverse=True)
    del on_grid
    _, owners = _owners(place, labels[rows], None)
    return places.view(np.float64).reshape(-1, 2), owners


def _owners(places: IntArray, labels: IntArray, weights: FloatArray | None) -> tuple[IntArray, IntArray]:
    """The distinct places, sorted, and for each the label with most weight there, the lowest among equals.

    Args:
        places: int64 (n,), number of the place of each point.
        labels: int64 (n,).
        weights: float64 (n,), None to count the points.
    """
    order = np.lexsort((labels, places))
    places, labels = places[order], labels[order]
    is_place = np.append(True, places[1:] != places[:-1])
    is_new = is_place | np.append(True, labels[1:] != labels[:-1])
    starts = np.flatnonzero(is_new)
    if len(starts) == np.count_nonzero(is_place):
        return places[starts], labels[starts]
    total = np.add.reduceat(np.ones(len(order)) if weights is None else weights[order], starts)
    places, labels = places[starts], labels[starts]
    order = np.lexsort((labels, -total, places))
    best = order[np.flatnonzero(np.append(True, places[1:] != places[:-1]))]
    return places[best], labels[best]


def _borders(cells: IntArray, owners: IntArray, width: int, is_straight: bool) -> tuple[IntArray, IntArray]:
    """Upright and level lines between cells of different owners and around all of them, pairs of corners (m, 2).

    Lines meet at their ends only. If ``is_straight``, a line is as long as the border is straight and nothing branches
    off; otherwise it is one side of a cell.
    """
    n = len(cells)
    has_left = np.append(False, cells[1:] == cells[:-1] + 1)
    same_left = has_left & np.append(False, owners[1:] == owners[:-1])
    below = np.minimum(np.searchsorted(cells, cells - width), n - 1)
    has_below = cells[below] == cells - width
    same_below = has_below & (owners[below] == owners)
    has_right, has_above = np.append(has_left[1:], False), np.zeros(n, bool)
    has_above[below[has_below]] = True
    # A side is called like the corner at its lower left end.
    upright = np.sort(np.concatenate([cells[~same_left], cells[~has_right] + 1]))
    level = np.sort(np.concatenate([cells[~same_below], cells[~has_above] + width]))
    if not is_straight:
        return np.column_stack([upright, upright + width]), np.column_stack([level, level + 1])
    column_by_column = upright[np.lexsort((upright, upright % width))]
    return (
        _runs(column_by_column, width, np.sort(np.concatenate([level, level + 1]))),
        _runs(level, 1, np.sort(np.concatenate([upright, upright + width]))),
    )


def _runs(sides: IntArray, step: int, stops: IntArray) -> IntArray:
    """Join sides, each ``step`` long and sorted along their direction, unless they meet at one of the ``stops``."""
    stop = stops[np.minimum(np.searchsorted(stops, sides), len(stops) - 1)] == sides
    is_start = np.append(True, sides[1:] != sides[:-1] + step) | stop
    starts = np.flatnonzero(is_start)
    ends = np.append(starts[1:], len(sides)) - 1
    return np.column_stack([sides[starts], sides[ends] + step])


def _owner_at(wanted: IntArray, cells: IntArray, owners: IntArray) -> IntArray:
    """Owner of each wanted cell, -1 where there is no cell."""
    position = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
    return np.where(cells[position] == wanted, owners[position], -1)


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
