"""Loads the machine code of the kernels, or compiles it, before it is needed."""

import numpy as np

from kmeans.clustering import cluster
from kmeans.parameters import Parameters


def warm_up() -> None:
    """Cluster a few cells, so that the first real call finds most of what it needs.

    A process that reads its data afterwards needs less memory: code that is loaded between arrays keeps theirs from
    being given back.
    """
    side = np.arange(8)
    cells = np.column_stack([np.repeat(side, 8), np.tile(side, 8)])
    cluster(cells.astype(np.float64), None, Parameters(16), cells=cells)
