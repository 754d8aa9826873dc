"""One connected component of the points: its tree, graph and footprints, as the search needs them."""

from dataclasses import dataclass

import numpy as np

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph, from_edges
from kmeans.spatial import csr
from kmeans.spatial.bounding_circle import cluster_radii
from kmeans.spatial.footprints import Footprints
from kmeans.spatial.kdtree import KdTree, build_kdtree


@dataclass(frozen=True)
class Component:
    """A connected component, or a connected part of one.

    Attributes:
        points: int64 (m,), positions of its points in the tree of the whole input.
        tree: over these points alone.
        graph: their neighbours, in the order of ``tree``.
        footprints: of their geometries, in the order and the coordinates of ``tree``; None if they are only points.
    """

    points: IntArray
    tree: KdTree
    graph: NeighbourGraph
    footprints: Footprints | None

    @classmethod
    def of(cls, points: IntArray, tree: KdTree, graph: NeighbourGraph, footprints: Footprints | None) -> "Component":
        """The part of a larger tree, its graph and its footprints; ``points`` in ascending order."""
        if len(points) == len(tree.x):
            return cls(points, tree, graph, footprints)
        part = build_kdtree(np.column_stack([tree.x[points], tree.y[points]]), tree.weight[points])
        position = np.empty(len(points), np.int64)
        position[part.order] = np.arange(len(points))
        indptr, positions = csr.take(graph.indptr, points)
        targets = graph.indices[positions]
        found = np.minimum(np.searchsorted(points, targets), len(points) - 1)
        is_inside = points[found] == targets
        sources = np.repeat(np.arange(len(points)), np.diff(indptr))
        edges = position[np.column_stack([sources[is_inside], found[is_inside]])]
        part_graph = from_edges(len(points), edges, has_both_directions=True)
        if footprints is not None:
            footprints = footprints.of_rows(points[part.order]).relative_to(part.origin)
        return cls(points[part.order], part, part_graph, footprints)

    def radii(self, labels: IntArray, n_clusters: int) -> FloatArray:
        """Radius in metres of the minimum bounding circle of each cluster, float64 (n_clusters,)."""
        if self.footprints is None:
            return cluster_radii(self.tree.x, self.tree.y, labels, n_clusters)
        return self.footprints.radii(labels, n_clusters)
