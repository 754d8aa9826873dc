"""Anneals a partition: boundary points are exchanged at a rising price of weights out of the range.

The price works like the inverse of the temperature in simulated annealing: while it is low, clusters take the
shape that lowers the inertia most; later the weights have to be in the range. Clusters still outside are recut
with a neighbour.
"""

from kmeans.arrays import FloatArray, IntArray
from kmeans.graph.neighbours import NeighbourGraph
from kmeans.jit import kernel
from kmeans.search.ejection_chains import apply_chains
from kmeans.search.exchange import exchange
from kmeans.search.moments import compute_moments, total_inertia
from kmeans.search.recombination import recombine
from kmeans.search.seeding import StateArray
from kmeans.spatial.kdtree import KdTree

# Growth of the price of a unit of weight out of the range, and the last one, in mean squared radii.
_PRICE_GROWTH, _LAST_PRICE = 1.5, 50.0
_RECOMBINATIONS = 6
# At this price, in the same unit, no move leaves the range.
_PROHIBITIVE_PRICE = 1e6
# Bound on the visits of one exchange, per point.
_VISITS = 40


@kernel
def mean_squared_radius(moments: FloatArray) -> float:
    """Mean squared distance of the weight to the centroid of its cluster, never quite zero, square metres."""
    weight = 1e-300
    for j in range(moments.shape[0]):
        weight += moments[j, 0]
    return max(total_inertia(moments) / weight, 1e-12)


@kernel
def local_search(
    tree: KdTree, graph: NeighbourGraph, labels: IntArray, moments: FloatArray, low: float, high: float, max_chains: int
) -> tuple[int, float]:
    """Improve nothing but the compactness: exchange points inside the range, then apply chains; all in place.

    Returns:
        The number of clusters out of the range, and the inertia.
    """
    _exchange(tree, graph, labels, moments, low, high, _PROHIBITIVE_PRICE * mean_squared_radius(moments))
    if count_outside(moments, low, high) == 0:
        apply_chains(tree, graph, labels, moments, low, high, max_chains)
        compute_moments(tree, labels, moments)
    return count_outside(moments, low, high), total_inertia(moments)


@kernel
def _exchange(
    tree: KdTree, graph: NeighbourGraph, labels: IntArray, moments: FloatArray, low: float, high: float, price: float
) -> int:
    """Exchange boundary points at one price, in place; return the number of moves."""
    n_moves = exchange(tree, graph, labels, moments, low, high, price, _VISITS * labels.shape[0])
    if n_moves > 0:
        # Sums that are only ever updated drift by their rounding.
        compute_moments(tree, labels, moments)
    return n_moves


@kernel
def anneal(
    tree: KdTree,
    graph: NeighbourGraph,
    labels: IntArray,
    moments: FloatArray,
    low: float,
    high: float,
    first_price: float,
    margin: float,
    state: StateArray,
) -> None:
    """Exchange boundary points at rising prices, then recombine what is out of the range; all in place.

    Args:
        tree, graph: n points and their neighbours.
        labels: int64 (n,).
        moments: float64 (k, 4), moments of the clusters.
        low, high: range of the weights.
        first_price: of a unit of weight out of the range, in mean squared radii.
        margin: by how much the range is narrower at both ends while the price rises.
        state: of the random numbers.
    """
    unit = mean_squared_radius(moments)
    price = first_price * unit
    is_stable = False
    while price < _LAST_PRICE * unit:
        if not is_stable:
            n_moves = _exchange(tree, graph, labels, moments, low + margin, high - margin, price)
            # Where there is nothing left to pay for, no higher price makes a move worth while.
            is_stable = n_moves == 0 and count_outside(moments, low + margin, high - margin) == 0
        price *= _PRICE_GROWTH
    for _ in range(_RECOMBINATIONS):
        if count_outside(moments, low, high) == 0:
            break
        recombine(tree, graph, labels, moments, low, high, state)
        _exchange(tree, graph, labels, moments, low, high, price)
        price *= _PRICE_GROWTH**2


@kernel
def count_outside(moments: FloatArray, low: float, high: float) -> int:
    """Number of clusters whose weight is out of the range."""
    n_outside = 0
    for j in range(moments.shape[0]):
        if moments[j, 0] < low or moments[j, 0] > high:
            n_outside += 1
    return n_outside
