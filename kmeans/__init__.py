"""Weighted k-means for primary sampling units: arrays in, labels out.

``cluster`` does the whole job; ``lloyd`` is the plain algorithm from given centroids. Nothing here knows of files,
coordinate systems or AWS.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kmeans.errors import InvalidParameter, InvalidPoint, InvalidWeight, KMeansError
from kmeans.parameters import Parameters
from kmeans.status import EXPLANATIONS, Finding, Status

if TYPE_CHECKING:
    from kmeans.clustering import Clustering, cluster
    from kmeans.diagnosis import diagnose
    from kmeans.group_clustering import cluster_groups
    from kmeans.kdtree import build_kdtree
    from kmeans.kernel_loading import warm_up
    from kmeans.lloyd_algorithm import LloydResult, lloyd
    from kmeans.outlines import Outlines

__all__ = [
    "EXPLANATIONS",
    "Clustering",
    "Finding",
    "InvalidParameter",
    "InvalidPoint",
    "InvalidWeight",
    "KMeansError",
    "LloydResult",
    "Outlines",
    "Parameters",
    "Status",
    "build_kdtree",
    "cluster",
    "cluster_groups",
    "diagnose",
    "lloyd",
    "warm_up",
]

# Also the version of the algorithm: outputs of another version count as out of date.
__version__ = "0.3.0"

# Importing numba takes most of a second, and who only validates parameters never needs it.
_COMPILED = {
    "Clustering": "kmeans.clustering",
    "cluster": "kmeans.clustering",
    "diagnose": "kmeans.diagnosis",
    "cluster_groups": "kmeans.group_clustering",
    "build_kdtree": "kmeans.kdtree",
    "LloydResult": "kmeans.lloyd_algorithm",
    "lloyd": "kmeans.lloyd_algorithm",
    "Outlines": "kmeans.outlines",
    "warm_up": "kmeans.kernel_loading",
}


def __getattr__(name: str) -> Any:
    if name in _COMPILED:
        return getattr(import_module(_COMPILED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
