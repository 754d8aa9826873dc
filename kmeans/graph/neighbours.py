"""Which points are neighbours: the eight around a cell of a lattice, Delaunay neighbours otherwise.

The caller may know the cells of the points. Otherwise a lattice is recognised by its two shortest independent steps: it
may be rotated, have different spacing along its two axes, and have gaps: each point looks for its own neighbours, so
the slow turning of a projected lattice does no harm.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.lattice.steps import lattice_steps
from kmeans.jit import kernel
from kmeans.spatial.kdtree import KdTree, build_kdtree

# How far, in steps, a neighbour may be from its lattice site: projected lattices are bent a little.
_LATTICE_TOLERANCE = 0.2
# The share of points that have to sit on the lattice.
_LATTICE_SHARE = 0.95
# Most neighbours of one point at one other site: links to each of thousands of points there would make the search slow.
_MOST_LINKS = 64
# Keys of cells, row * width + column, and the steps between them have to fit into 64 bits.
_LARGEST_KEY = 2**62
# In metres, relative to the middle of the points: smaller values count as 0.
_LEAST_COORDINATE = 1e-100
# A lattice has 8 neighbours a point; points off it may have many more, but this many on average are no lattice.
_MOST_NEIGHBOURS = 16


class NeighbourGraph(NamedTuple):
    """Neighbours of each point, in the tree's order.

    Attributes:
        indptr: int64 (n + 1,), the neighbours of point i are ``indices[indptr[i]:indptr[i + 1]]``.
        indices: int32 (2 * edges,), positions of points; int32 because this is the largest array of a clustering.
    """

    indptr: IntArray
    indices: npt.NDArray[np.int32]


def build_neighbour_graph(tree: KdTree, cells: IntArray | None = None) -> tuple[NeighbourGraph, bool]:
    """The graph over the points of ``tree``, and whether they form a lattice.

    A site is a position that at least one point has. Points at the same site are neighbours in a chain. Between two
    neighbouring sites each point has a neighbour, except where one site has many more points than the other.

    >>> side = np.arange(3.0)
    >>> points = np.column_stack([np.repeat(side, 3), np.tile(side, 3)]) * 100
    >>> graph, is_lattice = build_neighbour_graph(build_kdtree(points, np.ones(9)))
    >>> is_lattice, sorted(np.diff(graph.indptr).tolist())
    (True, [3, 3, 3, 3, 5, 5, 5, 5, 8])

    Args:
        tree: n points.
        cells: int64 (n, 2), column and row of each point on a lattice, in the caller's order; None to look for one.
    """
    if cells is not None:
        if (int(cells[:, 0].max()) + 2) * (int(cells[:, 1].max()) + 2) > _LARGEST_KEY:
            cells = np.column_stack([_close_together(numbers) for numbers in cells.T])
        width = int(cells[:, 0].max()) + 2
        keys = (cells[:, 1] * width + cells[:, 0])[tree.order]
        by_key = np.argsort(keys)
        keys = keys[by_key]
        # Several points in one cell are left to the general way.
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


def _close_together(numbers: IntArray) -> IntArray:
    """Smaller numbers in the same order, of which the same ones differ by 1."""
    values, rank = np.unique(numbers, return_inverse=True)
    return np.append(0, np.cumsum(np.minimum(np.diff(values), 2)))[rank]


def _links(graph: NeighbourGraph, begin: IntArray, count: IntArray) -> IntArray:
    """Links (m, 2) between the points of neighbouring sites, spread evenly over the points of both.

    Args:
        graph: neighbours of the sites.
        begin, count: int64 (number of sites,), where the points of each site begin, and how many there are.
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
    """The graph over points that are all at different sites."""
    steps = lattice_steps(tree)
    if steps is not None:
        graph, share = _lattice_neighbours(tree, steps)
        if share >= _LATTICE_SHARE:
            return graph, True
    return _delaunay_neighbours(tree), False


@kernel
def _cell_neighbours(keys: IntArray, points: IntArray, width: int) -> NeighbourGraph:
    """The cells around each cell.

    Args:
        keys: int64 (n,), row * width + column, strictly ascending; no column is ``width - 1``.
        points: int64 (n,), the point in each cell.
        width: columns and one more.
    """
    n = keys.shape[0]
    # Each pair is found by the one that comes first: the next in the row, and three in the row above.
    steps = (1, width - 1, width, width + 1)
    ahead = np.full((n, 4), -1, np.int32)
    indptr = np.zeros(n + 1, np.int64)
    for q in range(4):
        other = 0
        for i in range(n):
            while other < n and keys[other] < keys[i] + steps[q]:
                other += 1
            if other < n and keys[other] == keys[i] + steps[q]:
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
    """The lattice neighbours of every point, and the share of points that have nothing off the lattice around.

    A crowd of points between those of a lattice would all be neighbours of each other: then the share is 0.
    """
    n = tree.x.shape[0]
    ax, ay, bx, by = steps[0, 0], steps[0, 1], steps[1, 0], steps[1, 1]
    determinant = ax * by - ay * bx
    longest = max((ax + bx) ** 2 + (ay + by) ** 2, (ax - bx) ** 2 + (ay - by) ** 2)
    reach = longest * (1 + _LATTICE_TOLERANCE) ** 2
    indptr = np.empty(n + 1, np.int64)
    indptr[0] = 0
    indices = np.empty(_MOST_NEIGHBOURS * n + 64, np.int32)
    near = longest * (1 + _LATTICE_TOLERANCE / 2) ** 2
    count, n_regular = 0, 0
    for i in range(n):
        is_regular = True
        node = 0
        while node < tree.first.shape[0]:
            dx = max(tree.bounds[node, 0] - tree.x[i], tree.x[i] - tree.bounds[node, 1], 0.0)
            dy = max(tree.bounds[node, 2] - tree.y[i], tree.y[i] - tree.bounds[node, 3], 0.0)
            if dx * dx + dy * dy > reach:
                node = tree.after[node]
                continue
            if tree.after[node] == node + 1:
                for other in range(tree.first[node], tree.last[node]):
                    dx, dy = tree.x[other] - tree.x[i], tree.y[other] - tree.y[i]
                    if other == i or dx * dx + dy * dy > reach:
                        continue
                    a, b = (dx * by - dy * bx) / determinant, (dy * ax - dx * ay) / determinant
                    along, across = round(a), round(b)
                    is_on_lattice = abs(a - along) <= _LATTICE_TOLERANCE and abs(b - across) <= _LATTICE_TOLERANCE
                    is_on_lattice = is_on_lattice and not (along == 0 and across == 0)
                    is_regular = is_regular and is_on_lattice
                    # A point off the lattice is a neighbour of all that is as near as a diagonal neighbour.
                    if (abs(along) <= 1 and abs(across) <= 1) if is_on_lattice else dx * dx + dy * dy <= near:
                        if count == indices.shape[0]:
                            return NeighbourGraph(indptr, indices), 0.0
                        indices[count] = other
                        count += 1
            node += 1
        indptr[i + 1] = count
        n_regular += is_regular
    return NeighbourGraph(indptr, indices[:count].copy()), n_regular / n


def _delaunay_neighbours(tree: KdTree) -> NeighbourGraph:
    """Delaunay neighbours of points at different sites; collinear points form a chain.

    The graph may be disconnected where distances differ by ten orders of magnitude or are next to nothing.
    """
    # GEOS fails where squares are nothing.
    x, y = (np.where(np.abs(along) < _LEAST_COORDINATE, 0.0, along) for along in (tree.x, tree.y))
    order = np.lexsort((y, x))
    chain = np.column_stack([order[:-1], order[1:]])
    x_min, x_max, y_min, y_max = tree.bounds[0]
    if x_min == x_max or y_min == y_max:  # For these GEOS takes time with the square of their number.
        return from_edges(len(order), chain)
    import shapely  # Lattices, the usual input, do without.

    points = np.column_stack([x[order], y[order]])
    ends = shapely.get_coordinates(shapely.delaunay_triangles(shapely.multipoints(points), only_edges=True))
    if len(ends) == 0:
        return from_edges(len(order), chain)
    # Complex numbers are sorted like pairs.
    found = np.searchsorted(points.view(np.complex128).ravel(), np.ascontiguousarray(ends).view(np.complex128).ravel())
    return from_edges(len(order), order[found].reshape(-1, 2))


def from_edges(n: int, edges: IntArray, is_directed: bool = False) -> NeighbourGraph:
    """The graph of ``edges`` (m, 2) over n points, where an edge may be repeated.

    ``is_directed`` says that both directions are there already.
    """
    sources, targets = (edges if is_directed else np.concatenate([edges, edges[:, ::-1]])).T
    # One number for a pair sorts many times faster than pairs do.
    sources, targets = np.divmod(np.unique(sources * n + targets), n)
    indptr = np.zeros(n + 1, np.int64)
    np.cumsum(np.bincount(sources, minlength=n), out=indptr[1:])
    return NeighbourGraph(indptr, targets.astype(np.int32))


@kernel
def connected_components(graph: NeighbourGraph, labels: IntArray) -> tuple[IntArray, int]:
    """Number the connected pieces of each cluster, int64 (n,), and count them; with one label, those of the graph."""
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
