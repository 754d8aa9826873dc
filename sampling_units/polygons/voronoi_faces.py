"""Divides the settled area among clusters of scattered sites: each part of it goes to the nearest site.

The borders between clusters in the Voronoi diagram of the sites and the outline of the area are put on a grid of a
millimetre together: faces then share their corners exactly, and still do after a map to other coordinates.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray

ObjectArray = npt.NDArray[np.object_]

# Spacing of the grid, in metres; a power of two, so that points on it are exact.
GRID = 2.0**-10
# Of the diameters of the clusters: the few largest may reach over water.
_LARGE = 0.9
# Gaps of up to so many large diameters are filled in the outline; seen in pictures, half as much leaves many holes in
# the country, twice as much joins islands.
_FILLED = 2.0
# On the longest edge of the outline, for thinning.
_SQUARES = 32
# Margin around one building that stands alone, in metres.
_LONE_MARGIN = 10.0
# What is straight in metres is bent in degrees: by two centimetres over this length.
_LONGEST_SEGMENT = 1000.0
# GEOS needs about two kilobytes for each site of a diagram.
_MAX_SITES = 100_000
# Samples along each axis of a window, to find the largest distance to the nearest site.
_N_SAMPLES = 64


def settled_area(sites: FloatArray, labels: IntArray, corners: FloatArray) -> Any:
    """Polygon or MultiPolygon that covers all sites and corners with a small margin.

    It is the union of the convex hulls of the clusters and of a concave hull around them, which leaves out gaps longer
    than twice the diameter of a large cluster. Sites that are further apart than about three such diameters, with
    nothing in between, are not joined, even if they belong to one cluster. The scale is that of the clusters, not of
    the sites: buildings are dense in towns and sparse in the country, and clusters are made to be of one size.

    Args:
        sites: float64 (n, 2), metres, n > 0.
        labels: int64 (n,), from 0.
        corners: float64 (m, 2), metres.
    """
    import shapely

    lower = np.full((int(labels.max()) + 1, 2), np.inf)
    upper = -lower
    for axis in (0, 1):
        np.minimum.at(lower[:, axis], labels, sites[:, axis])
        np.maximum.at(upper[:, axis], labels, sites[:, axis])
    is_used = upper[:, 0] >= lower[:, 0]
    lower, upper = lower[is_used], upper[is_used]
    centres = shapely.points((lower + upper) / 2)
    _, apart = shapely.STRtree(centres).query_nearest(centres, exclusive=True, return_distance=True, all_matches=False)
    between = float(np.median(apart)) if len(apart) else 0.0
    scale = max(float(np.quantile(np.hypot(*(upper - lower).T), _LARGE)), 2 * between)

    regions = _regions(sites, scale)
    order = np.lexsort((labels, regions))
    labels, regions = labels[order], regions[order]
    starts = np.flatnonzero((np.diff(labels, prepend=-1) != 0) | (np.diff(regions, prepend=-1) != 0))
    hulls = _convex_hulls(sites, order, starts)
    counts = np.diff(starts, append=len(order))
    # The latter for hulls that are lines, or nearly.
    spacings = np.maximum(np.sqrt(shapely.area(hulls) / counts), shapely.length(hulls) / counts)
    spacing = float(np.median(spacings))
    margin = max((spacing or between) / 2 or _LONE_MARGIN, 4 * GRID)

    vertices, hull = shapely.get_coordinates(hulls, return_index=True)
    regional = np.split(vertices, np.flatnonzero(np.diff(regions[starts][hull])) + 1)
    del order, labels, regions
    outlines = [_concave_hull(part, _FILLED * scale) for part in regional]
    parts = shapely.get_parts(shapely.buffer(shapely.union_all(np.append(hulls, outlines)), margin, quad_segs=4))
    # A hull can close a gap that the outline left open.
    parts = [
        shapely.Polygon(part.exterior, [hole for hole in part.interiors if hole.length > 3 * _FILLED * scale])
        for part in parts
    ]
    area = shapely.union_all(parts)
    shapely.prepare(area)
    outside = shapely.points(corners[~shapely.contains_xy(area, corners)])
    if len(outside) == 0:
        return area
    nearest = shapely.STRtree(hulls).nearest(outside)
    reached = np.unique(nearest)
    order = np.argsort(nearest, kind="stable")
    around = shapely.multipoints(outside[order], indices=np.searchsorted(reached, nearest[order]))
    grown = shapely.convex_hull(shapely.geometrycollections(np.column_stack([hulls[reached], around])))
    return shapely.union_all(np.append(shapely.buffer(grown, margin, quad_segs=4), area))


def _regions(sites: FloatArray, side: float) -> IntArray:
    """Number the regions of sites, int64 (n,): sites in squares of this side that touch are in one."""
    lower = sites.min(axis=0)
    side = max(side, float((sites.max(axis=0) - lower).max()) * 1e-6, GRID)
    column, row = (((sites[:, axis] - lower[axis]) // side).astype(np.int64) for axis in (0, 1))
    width = int(column.max()) + 3
    numbers, square = np.unique(row * width + column, return_inverse=True)
    edges = []
    for step in (1, width - 1, width, width + 1):
        other = np.minimum(np.searchsorted(numbers, numbers + step), len(numbers) - 1)
        touching = np.flatnonzero(numbers[other] == numbers + step)
        edges.append(np.column_stack([touching, other[touching]]))
    from kmeans.graph.neighbours import connected_components, from_edges  # Compiled: most files do without.

    graph = from_edges(len(numbers), np.concatenate(edges))
    region: IntArray = connected_components(graph, np.zeros(len(numbers), np.int64))[0][square]
    return region


def _convex_hulls(sites: FloatArray, order: IntArray, starts: IntArray) -> ObjectArray:
    """Convex hulls of groups of sites; ``order[starts[i]:starts[i + 1]]`` are the rows of the group i."""
    import shapely

    hulls = np.empty(len(starts), dtype=object)
    ends = np.append(starts[1:], len(order))
    # GEOS gets copies of about so many sites at a time.
    for first in range(0, len(starts), step := max(1, _MAX_SITES * len(starts) // len(order))):
        groups = np.arange(first, min(first + step, len(starts)))
        rows = order[starts[first] : ends[groups[-1]]]
        # Lines take less memory than points by themselves, but need two, even if they are the same.
        twice = np.repeat(np.arange(len(rows)), 1 + np.isin(np.arange(len(rows)), starts[groups] - starts[first]))
        group = np.repeat(groups - first, ends[groups] - starts[groups] + 1)
        hulls[groups] = shapely.convex_hull(shapely.linestrings(sites[rows[twice]], indices=group))
    return hulls


def _concave_hull(vertices: FloatArray, longest: float) -> Any:
    """Hull with edges, also of holes, of up to about ``longest`` where the vertices allow it."""
    import shapely

    # One vertex in each small square will do: what is left out is covered by the hulls of the clusters.
    squares = np.floor(vertices / max(longest / _SQUARES, GRID))
    points = shapely.multipoints(vertices[np.unique(squares.view(np.complex128), return_index=True)[1]])
    edges = shapely.get_coordinates(shapely.delaunay_triangles(points, only_edges=True)).reshape(-1, 2, 2)
    lengths = np.hypot(*(edges[:, 1] - edges[:, 0]).T)
    # None are there if all are on one line.
    extent = float(np.ptp(lengths)) if len(lengths) else 0.0
    if extent == 0:
        return shapely.convex_hull(points)
    ratio = min(max((longest - float(lengths.min())) / extent, 0.0), 1.0)
    return shapely.concave_hull(points, ratio=ratio, allow_holes=True)


def voronoi_faces(sites: FloatArray, labels: IntArray, area: Any) -> tuple[ObjectArray, IntArray]:
    """Cut ``area`` into faces, and give each the label of the site that is nearest to all of it.

    The union of the faces is the area, to half a millimetre; faces share corners and never overlap. Faces of one label
    may share a side.

    Args:
        sites: float64 (n, 2), different points on the grid, sorted by their first coordinate.
        labels: int64 (n,).
        area: what ``settled_area`` returns for them.
    """
    import shapely

    windows = _windows(sites, area)
    lines = [_cluster_borders(sites[rows], labels[rows], box) for box, rows in windows]
    lines.append(shapely.get_rings(shapely.get_parts(area)))
    if len(windows) > 1:
        # Windows are faces of their own, so that nothing depends on how borders continue in the next one.
        lines.append(shapely.boundary(shapely.box(*np.array([box for box, _ in windows]).T)))
    lines = shapely.segmentize(np.concatenate(lines), _LONGEST_SEGMENT)
    noded = shapely.unary_union(lines, grid_size=GRID)
    del lines
    faces = shapely.get_parts(shapely.polygonize([noded]))
    inside = shapely.point_on_surface(faces)
    shapely.prepare(area)
    is_settled = shapely.contains(area, inside)
    faces, inside = faces[is_settled], inside[is_settled]
    nearest = np.zeros(len(faces), np.int64)
    for box, rows in windows:
        here = _is_within(shapely.get_coordinates(inside), box)
        nearest[here] = rows[shapely.STRtree(shapely.points(sites[rows])).nearest(inside[here])]
    return faces, labels[nearest]


def _windows(sites: FloatArray, area: Any) -> list[tuple[FloatArray, IntArray]]:
    """Boxes that cover ``area`` without overlaps, and the rows of the sites that can be nearest to a point in each.

    GEOS would need gigabytes for the diagram of all sites. A box is x_min, y_min, x_max, y_max, on the grid.
    """
    lower, upper = np.floor(np.divide(area.bounds[:2], GRID)), np.ceil(np.divide(area.bounds[2:], GRID)) + 1
    pending = [(np.concatenate([lower, upper]) * GRID, np.arange(len(sites)))]
    windows = []
    while pending:
        box, rows = pending.pop()
        if len(rows) > _MAX_SITES:
            reach = _reach(sites[rows], box, area)
            rows = rows[_is_within(sites[rows], box + np.array([-reach, -reach, reach, reach]))]
        own = sites[rows][_is_within(sites[rows], box)]
        if len(rows) <= _MAX_SITES or len(own) <= _MAX_SITES // 32:
            windows.append((box, rows))
            continue
        axis = int(np.argmax(np.ptp(own, axis=0)))
        values = np.sort(own[:, axis])
        first, second = box.copy(), box.copy()
        # Some sites on both sides, also if coordinates repeat.
        first[axis + 2] = second[axis] = max(values[len(values) // 2], values[0] + GRID)
        pending += [(first, rows), (second, rows)]
    return windows


def _reach(sites: FloatArray, box: FloatArray, area: Any) -> float:
    """Largest distance from any point of ``area`` in the box to the nearest of the sites, in metres.

    Measured from the middles of small rectangles that fill the box; it is no further from elsewhere in one than half
    its diagonal more.
    """
    import shapely

    side = (box[2:] - box[:2]) / _N_SAMPLES
    slack = float(np.hypot(*side)) / 2
    x, y = (box[:2] + side * (np.arange(_N_SAMPLES)[:, None] + 0.5)).T
    middles = shapely.points(np.repeat(x, _N_SAMPLES), np.tile(y, _N_SAMPLES))
    shapely.prepare(area)
    middles = middles[shapely.dwithin(area, middles, slack)]
    # A part of the sites never makes the reach too short.
    tree = shapely.STRtree(shapely.points(sites[:: max(1, len(sites) // _MAX_SITES * 8)]))
    _, distance = tree.query_nearest(middles, return_distance=True, all_matches=False)
    return float(distance.max(initial=0.0)) + slack


def _is_within(points: FloatArray, box: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether each point (n, 2) lies in the box, which is open at its upper edges."""
    x, y = points.T
    is_within: npt.NDArray[np.bool_] = (x >= box[0]) & (y >= box[1]) & (x < box[2]) & (y < box[3])
    return is_within


def _cluster_borders(sites: FloatArray, labels: IntArray, box: FloatArray) -> ObjectArray:
    """Lines (m,) inside the box that divide sites of different labels, rounded to the grid."""
    import shapely

    # Sites far around bound the cells of all others, also if there are just one or two. They are never the nearest to
    # a point in the box.
    lower, upper = np.minimum(sites.min(axis=0), box[:2]), np.maximum(sites.max(axis=0), box[2:])
    angle = np.arange(8) * np.pi / 4 + 0.1
    far = (lower + upper) / 2 + 4 * np.hypot(*(upper - lower)) * np.column_stack([np.cos(angle), np.sin(angle)])
    diagram = shapely.voronoi_polygons(shapely.multipoints(np.concatenate([sites, far])), ordered=True)
    coordinates, cell = shapely.get_coordinates(shapely.get_parts(diagram), return_index=True)
    # Complex numbers are sorted like pairs.
    vertices, vertex = np.unique((np.rint(coordinates / GRID) * GRID).view(np.complex128).ravel(), return_inverse=True)
    is_side = (cell[1:] == cell[:-1]) & (vertex[1:] != vertex[:-1]) & (cell[1:] < len(sites))
    first, second, cell = vertex[:-1][is_side], vertex[1:][is_side], cell[1:][is_side]
    side = np.minimum(first, second) * len(vertices) + np.maximum(first, second)
    order = np.argsort(side, kind="stable")
    side, label = side[order], labels[cell[order]]
    shared = np.flatnonzero((side[1:] == side[:-1]) & (label[1:] != label[:-1]))
    ends = vertices[np.column_stack([side[shared] // len(vertices), side[shared] % len(vertices)])]
    lines = shapely.line_merge(shapely.multilinestrings(shapely.linestrings(ends.view(np.float64).reshape(-1, 2, 2))))
    return np.asarray(shapely.get_parts(shapely.clip_by_rect(lines, *box)), dtype=object)
