"""Which points are neighbours: on a lattice the eight cells around a cell, otherwise Delaunay neighbours.

The caller may know column and row of each point. Otherwise a lattice is recognised by its two shortest independent
steps. It may be rotated, stretched along one axis, and have gaps. Each point looks for neighbours around itself, so a
lattice whose direction changes slowly, as a map projection makes it, is recognised too.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.lattice.steps import lattice_steps
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree, build_kdtree

# How far, as a share of a step, a neighbour may be from its exact place: map projections bend lattices a little.
_LATTICE_TOLERANCE = 0.2
# The share of points that have to be on the lattice.
_LATTICE_SHARE = 0.95
# Most neighbours that one point has among the points at one other site: thousands would make the search slow.
_MOST_LINKS = 64
# A cell has the key row * width + column. Keys, and differences of keys, have to fit into an int64.
_LARGEST_KEY = 2**62
# Coordinates relative to the tree's origin, in metres: smaller ones count as 0.
_LEAST_COORDINATE = 1e-100
# On a lattice a point has 8 neighbours. Points off the lattice may have more, but with more than this many on average
# the points do not form a lattice.
_MOST_NEIGHBOURS = 16


class NeighbourGraph(NamedTuple):
    """Neighbours of each of n points, in tree order, as compressed sparse rows (CSR); each edge is stored both ways.

    Attributes:
        indptr: int64 (n + 1,), the neighbours of point i are ``indices[indptr[i]:indptr[i + 1]]``.
        indices: int32 (2 * number of edges,), positions of points; int32 because it is the largest array in memory.
    """

    indptr: IntArray
    indices: npt.NDArray[np.int32]


def build_neighbour_graph(tree: KdTree, cells: IntArray | None = None) -> tuple[NeighbourGraph, bool]:
    """The neighbour graph of the points of ``tree``, and whether they form a lattice.

    A site is a place with at least one point. The points at one site are linked as a chain. If two sites are
    neighbours, each point of one has a neighbour at the other, except where one site has many more points.

    >>> side = np.arange(3.0)
    >>> points = np.column_stack([np.repeat(side, 3), np.tile(side, 3)]) * 100
    >>> graph, is_lattice = build_neighbour_graph(build_kdtree(points, np.ones(9)))
    >>> is_lattice, sorted(np.diff(graph.indptr).tolist())
    (True, [3, 3, 3, 3, 5, 5, 5, 5, 8])

    Args:
        tree: n points.
        cells: int64 (n, 2), column and row of each point on a lattice, in the caller's order. None: a lattice is looked
            for in the coordinates.
    """
    if cells is not None:
        if (int(cells[:, 0].max()) + 2) * (int(cells[:, 1].max()) + 2) > _LARGEST_KEY:
            cells = np.column_stack([_close_gaps(numbers) for numbers in cells.T])
        width = int(cells[:, 0].max()) + 2
        keys = (cells[:, 1] * width + cells[:, 0])[tree.order]
        by_key = np.argsort(keys)
        keys = keys[by_key]
        # Several points in one cell: they are treated as sites, below.
        if (keys[1:] != keys[:-1]).all():
            return _cell_neighbours(keys, by_key, width), True
    order = np.lexsort((tree.y, tree.x))
    is_new = np.ones(len(order), bool)
    is_new[1:] = (np.diff(tree.x[order]) != 0) | (np.diff(tree.y[order]) != 0)
    if is_new.all():
        return _graph_of_sites(tree)
    begin = np.flatnonzero(is_new)
    sites = order[begin]
    site_tree = build_kdtree(np.column_stack([tree.x[sites], tree.y[sites]]), np.ones(len(sites)))
    graph, is_lattice = _graph_of_sites(site_tree)
    links = _links(graph, begin[site_tree.order], np.diff(np.append(begin, len(order)))[site_tree.order])
    repeated = np.flatnonzero(~is_new)
    edges = order[np.concatenate([links, np.column_stack([repeated, repeated - 1])])]
    return from_edges(len(order), edges), is_lattice


def _close_gaps(numbers: IntArray) -> IntArray:
    """Smaller numbers in the same order: differences of 0 and 1 stay, larger ones become 2.

    >>> _close_gaps(np.array([70, 5, 6, 70])).tolist()
    [3, 0, 1, 3]
    """
    values, rank = np.unique(numbers, return_inverse=True)
    return np.append(0, np.cumsum(np.minimum(np.diff(values), 2)))[rank]


def _links(graph: NeighbourGraph, begin: IntArray, count: IntArray) -> IntArray:
    """Links, int64 (m, 2), between the points of neighbouring sites, spread evenly over the points of both.

    Args:
        graph: neighbours of the sites.
        begin, count: int64 (number of sites,), where the points of each site begin, and how many there are.

    Returns:
        Positions in the order that ``begin`` refers to.
    """
    a, b = np.repeat(np.arange(len(count)), np.diff(graph.indptr)), graph.indices
    # Each pair once, from the site of more points.
    is_taken = (count[a] > count[b]) | ((count[a] == count[b]) & (a < b))
    a, b = a[is_taken], b[is_taken]
    n_links = np.minimum(count[a], np.maximum(count[b], _MOST_LINKS))
    pair = np.repeat(np.arange(len(a)), n_links)
    number = np.arange(len(pair)) - np.repeat(np.cumsum(n_links) - n_links, n_links)
    ends = [begin[site] + number * count[site] // n_links[pair] for site in (a[pair], b[pair])]
    return np.column_stack(ends)


def _graph_of_sites(tree: KdTree) -> tuple[NeighbourGraph, bool]:
    """The graph of points of which no two are at one site, and whether they form a lattice."""
    steps = lattice_steps(tree)
    if steps is not None:
        graph, share = _lattice_neighbours(tree, steps)
        if share >= _LATTICE_SHARE:
            return graph, True
    return _delaunay_neighbours(tree), False


@kernel
def _cell_neighbours(keys: IntArray, points: IntArray, width: int) -> NeighbourGraph:
    """The graph of cells that share a side or a corner.

    Args:
        keys: int64 (n,), row * width + column, strictly ascending.
        points: int64 (n,), the point in each cell.
        width: one more than the number of columns: the empty column keeps the end of a row apart from the start of the
            next one.
    """
    n = keys.shape[0]
    # Each pair is found from its smaller key: the next cell in the row, and three cells in the next row.
    key_steps = (1, width - 1, width, width + 1)
    ahead = np.full((n, 4), -1, np.int32)
    indptr = np.zeros(n + 1, np.int64)
    for q in range(4):
        other = 0
        for i in range(n):
            while other < n and keys[other] < keys[i] + key_steps[q]:
                other += 1
            if other < n and keys[other] == keys[i] + key_steps[q]:
                ahead[i, q] = other
                indptr[points[i] + 1] += 1
                indptr[points[other] + 1] += 1
    for i in range(n):
        indptr[i + 1] += indptr[i]
    position = indptr[:-1].copy()
    indices = np.empty(indptr[n], np.int32)
    for i in range(n):
        for q in range(4):
            if ahead[i, q] >= 0:
                a, b = points[i], points[ahead[i, q]]
                indices[position[a]], indices[position[b]] = b, a
                position[a] += 1
                position[b] += 1
    return NeighbourGraph(indptr, indices)


@kernel
def _lattice_neighbours(tree: KdTree, steps: FloatArray) -> tuple[NeighbourGraph, float]:
    """The lattice neighbours of every point, and the share of regular points.

    A point is regular if all points within about one diagonal step of it are on the lattice through it. The share is 0,
    and the graph unfinished, if there are more than ``_MOST_NEIGHBOURS`` neighbours a point.

    Args:
        tree: n points, no two at one site.
        steps: float64 (2, 2), x and y of the two steps of the lattice, in metres.
    """
    n = tree.x.shape[0]
    ax, ay, bx, by = steps[0, 0], steps[0, 1], steps[1, 0], steps[1, 1]
    determinant = ax * by - ay * bx
    squared_diagonal = max((ax + bx) ** 2 + (ay + by) ** 2, (ax - bx) ** 2 + (ay - by) ** 2)
    squared_reach = squared_diagonal * (1 + _LATTICE_TOLERANCE) ** 2
    indptr = np.empty(n + 1, np.int64)
    indptr[0] = 0
    indices = np.empty(_MOST_NEIGHBOURS * n + 64, np.int32)
    squared_near = squared_diagonal * (1 + _LATTICE_TOLERANCE / 2) ** 2
    count, n_regular = 0, 0
    for i in range(n):
        is_regular = True
        node = 0
        while node < tree.first.shape[0]:
            dx = max(tree.bounds[node, 0] - tree.x[i], tree.x[i] - tree.bounds[node, 1], 0.0)
            dy = max(tree.bounds[node, 2] - tree.y[i], tree.y[i] - tree.bounds[node, 3], 0.0)
            if dx * dx + dy * dy > squared_reach:
                node = tree.after[node]
                continue
            if tree.after[node] == node + 1:
                for other in range(tree.first[node], tree.last[node]):
                    dx, dy = tree.x[other] - tree.x[i], tree.y[other] - tree.y[i]
                    if other == i or dx * dx + dy * dy > squared_reach:
                        continue
                    # The way to the other point in steps along the two axes.
                    a, b = (dx * by - dy * bx) / determinant, (dy * ax - dx * ay) / determinant
                    along, across = round(a), round(b)
                    is_on_lattice = abs(a - along) <= _LATTICE_TOLERANCE and abs(b - across) <= _LATTICE_TOLERANCE
                    is_on_lattice = is_on_lattice and not (along == 0 and across == 0)
                    is_regular = is_regular and is_on_lattice
                    # A point off the lattice is a neighbour of all points as near as a diagonal neighbour.
                    if (abs(along) <= 1 and abs(across) <= 1) if is_on_lattice else dx * dx + dy * dy <= squared_near:
                        if count == indices.shape[0]:
                            return NeighbourGraph(indptr, indices), 0.0
                        indices[count] = other
                        count += 1
            node += 1
        indptr[i + 1] = count
        n_regular += is_regular
    return NeighbourGraph(indptr, indices[:count].copy()), n_regular / n


def _delaunay_neighbours(tree: KdTree) -> NeighbourGraph:
    """Delaunay neighbours of points of which no two are at one site; points on a line form a chain.

    By rounding the graph may be disconnected where distances differ by ten orders of magnitude or are close to 0.
    """
    # GEOS fails where products of coordinates underflow to 0.
    x, y = (np.where(np.abs(coordinate) < _LEAST_COORDINATE, 0.0, coordinate) for coordinate in (tree.x, tree.y))
    order = np.lexsort((y, x))
    chain = np.column_stack([order[:-1], order[1:]])
    x_min, x_max, y_min, y_max = tree.bounds[0]
    if x_min == x_max or y_min == y_max:  # GEOS needs quadratic time for points on such a line.
        return from_edges(len(order), chain)
    import shapely  # Imported late: lattices, the usual input, do not need it.

    points = np.column_stack([x[order], y[order]])
    ends = shapely.get_coordinates(shapely.delaunay_triangles(shapely.multipoints(points), only_edges=True))
    if len(ends) == 0:
        return from_edges(len(order), chain)
    # GEOS returns coordinates, not indices. Viewed as complex numbers, points sort like pairs (x, y): a binary search
    # finds them.
    found = np.searchsorted(points.view(np.complex128).ravel(), np.ascontiguousarray(ends).view(np.complex128).ravel())
    return from_edges(len(order), order[found].reshape(-1, 2))


def from_edges(n: int, edges: IntArray, has_both_directions: bool = False) -> NeighbourGraph:
    """The graph of ``edges`` over n points.

    >>> graph = from_edges(3, np.array([[0, 1], [2, 1], [0, 1]]))
    >>> graph.indptr.tolist(), graph.indices.tolist()
    ([0, 1, 3, 4], [1, 0, 2, 1])

    Args:
        n: number of points.
        edges: int64 (m, 2), pairs of points; an edge may be repeated.
        has_both_directions: whether ``edges`` holds (b, a) for each (a, b) already.
    """
    sources, targets = (edges if has_both_directions else np.concatenate([edges, edges[:, ::-1]])).T
    # A pair as one number sorts many times faster than pairs do.
    sources, targets = np.divmod(np.unique(sources * n + targets), n)
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(sources, minlength=n), out=indptr[1:])
    return NeighbourGraph(indptr, targets.astype(np.int32))


@kernel
def connected_components(graph: NeighbourGraph, labels: IntArray) -> tuple[IntArray, int]:
    """Number the connected pieces of every cluster; if all labels are equal, the components of the graph.

    >>> graph = from_edges(4, np.array([[0, 1], [1, 2], [2, 3]]))
    >>> piece, n_pieces = connected_components(graph, np.array([0, 1, 0, 0]))
    >>> piece.tolist(), n_pieces
    ([0, 1, 2, 2], 3)

    Args:
        graph: n points.
        labels: int64 (n,), cluster of each point.

    Returns:
        int64 (n,), the piece of each point, numbered by the first point of a piece; and the number of pieces.
    """
    n = labels.shape[0]
    piece = np.full(n, -1, np.int64)
    stack = np.empty(n, np.int64)
    n_pieces = 0
    for start in range(n):
        if piece[start] >= 0:
            continue
        piece[start] = n_pieces
        stack[0] = start
        depth = 1
        while depth > 0:
            depth -= 1
            i = stack[depth]
            for e in range(graph.indptr[i], graph.indptr[i + 1]):
                j = graph.indices[e]
                if piece[j] < 0 and labels[j] == labels[i]:
                    piece[j] = n_pieces
                    stack[depth] = j
                    depth += 1
        n_pieces += 1
    return piece, n_pieces
