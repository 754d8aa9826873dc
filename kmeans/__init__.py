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
    from kmeans.clustering import Clustering, cluster, warm_up
    from kmeans.diagnosis import diagnose
    from kmeans.groups import cluster_groups
    from kmeans.search.lloyd import LloydResult, lloyd
    from kmeans.spatial.footprints import Footprints
    from kmeans.spatial.kdtree import build_kdtree

__all__ = [
    "EXPLANATIONS",
    "Clustering",
    "Finding",
    "Footprints",
    "InvalidParameter",
    "InvalidPoint",
    "InvalidWeight",
    "KMeansError",
    "LloydResult",
    "Parameters",
    "Status",
    "build_kdtree",
    "cluster",
    "cluster_groups",
    "diagnose",
    "lloyd",
    "warm_up",
]

__version__ = "0.3.0"

# Importing numba takes most of a second, and who only validates parameters never needs it.
_COMPILED = {
    "Clustering": "kmeans.clustering",
    "cluster": "kmeans.clustering",
    "diagnose": "kmeans.diagnosis",
    "cluster_groups": "kmeans.groups",
    "build_kdtree": "kmeans.spatial.kdtree",
    "LloydResult": "kmeans.search.lloyd",
    "lloyd": "kmeans.search.lloyd",
    "Footprints": "kmeans.spatial.footprints",
    "warm_up": "kmeans.clustering",
}


def __getattr__(name: str) -> Any:
    if name in _COMPILED:
        return getattr(import_module(_COMPILED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
