"""Weighted k-means for primary sampling units: arrays in, labels out.

``cluster`` divides one set of points, ``cluster_groups`` many groups of rows at once; ``BalancedKMeans`` is the same as
an estimator with scikit-learn's conventions. ``lloyd`` is plain k-means without a weight range. This package works on
arrays only: it does not know files, coordinate systems or AWS.

>>> import kmeans
>>> points, weights = [[0.0, 0.0], [100.0, 0.0], [0.0, 100.0], [9000.0, 0.0]], [60.0, 80.0, 100.0, 50.0]
>>> params = kmeans.Parameters(target_weight=240.0)
>>> found = kmeans.cluster(points, weights, params)
>>> found.labels.tolist(), found.weight.tolist()
([0, 0, 0, 1], [240.0, 50.0])

The second cluster is an island that is lighter than the minimum. Its status says so; ``diagnose`` explains it:

>>> [kmeans.Status(status).name for status in found.status.tolist()]
['OK', 'COMPONENT_BELOW_MIN']
>>> [finding] = kmeans.diagnose(found, params)
>>> isinstance(finding, kmeans.Finding), finding.n_clusters, finding.weight
(True, 1, 50.0)
>>> finding.text.startswith(kmeans.Status.COMPONENT_BELOW_MIN.explanation)
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from kmeans.errors import InvalidArray, InvalidParameter, InvalidPoint, InvalidWeight, KMeansError, NotFitted
from kmeans.parameters import Parameters, WeightRange
from kmeans.status import Finding, Status, Verdict

if TYPE_CHECKING:
    from kmeans.clustering import Clustering, cluster, warm_up
    from kmeans.diagnosis import diagnose
    from kmeans.estimator import BalancedKMeans
    from kmeans.groups import cluster_groups
    from kmeans.search.lloyd import LloydResult, lloyd
    from kmeans.search.seeding import initial_centroids
    from kmeans.spatial.footprints import Footprints
    from kmeans.spatial.kdtree import build_kdtree

__all__ = [
    "BalancedKMeans",
    "Clustering",
    "Finding",
    "Footprints",
    "InvalidArray",
    "InvalidParameter",
    "InvalidPoint",
    "InvalidWeight",
    "KMeansError",
    "LloydResult",
    "NotFitted",
    "Parameters",
    "Status",
    "Verdict",
    "WeightRange",
    "build_kdtree",
    "cluster",
    "cluster_groups",
    "diagnose",
    "initial_centroids",
    "lloyd",
    "warm_up",
]

__version__ = "0.3.0"

# These need numba, whose import takes most of a second. They are imported at first use, so that `kmeans --help` and
# the check of parameters start fast.
_COMPILED = {
    "BalancedKMeans": "kmeans.estimator",
    "Clustering": "kmeans.clustering",
    "cluster": "kmeans.clustering",
    "diagnose": "kmeans.diagnosis",
    "cluster_groups": "kmeans.groups",
    "build_kdtree": "kmeans.spatial.kdtree",
    "LloydResult": "kmeans.search.lloyd",
    "initial_centroids": "kmeans.search.seeding",
    "lloyd": "kmeans.search.lloyd",
    "Footprints": "kmeans.spatial.footprints",
    "warm_up": "kmeans.clustering",
}


def __getattr__(name: str) -> Any:
    if name in _COMPILED:
        return getattr(import_module(_COMPILED[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
