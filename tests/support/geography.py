"""Connectivity checked without the package: breadth-first search over neighbours found by brute force."""

import numpy as np
from scipy.spatial import Delaunay, cKDTree


def lattice_edges(points, spacing=1.0):
    """Pairs of cells that touch, also at a corner; the spacing may differ by axis."""
    return cKDTree(points / spacing).query_pairs(1.5, output_type="ndarray")


def delaunay_edges(points):
    simplices = Delaunay(points).simplices
    return np.unique(
        np.sort(np.vstack([simplices[:, [0, 1]], simplices[:, [1, 2]], simplices[:, [0, 2]]]), axis=1), axis=0
    )


def count_pieces(n, edges, labels):
    """Connected pieces of each label."""
    neighbours = [[] for _ in range(n)]
    for a, b in edges:
        if labels[a] == labels[b]:
            neighbours[a].append(b)
            neighbours[b].append(a)
    seen = np.zeros(n, bool)
    pieces = np.zeros(int(labels.max()) + 1, int)
    for start in range(n):
        if seen[start]:
            continue
        pieces[labels[start]] += 1
        stack = [start]
        seen[start] = True
        while stack:
            for other in neighbours[stack.pop()]:
                if not seen[other]:
                    seen[other] = True
                    stack.append(other)
    return pieces
