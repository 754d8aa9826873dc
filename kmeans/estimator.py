"""The clustering as an estimator with scikit-learn's conventions; scikit-learn itself is not needed."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy.typing as npt

from kmeans.arrays import IntArray, checked_points
from kmeans.clustering import cluster
from kmeans.errors import InvalidArray, InvalidParameter, NotFitted
from kmeans.parameters import Parameters
from kmeans.search.lloyd import lloyd


@dataclass(eq=False)
class BalancedKMeans:
    """Connected, compact clusters of points in the plane, with weights inside a range.

    ``cluster`` with scikit-learn's conventions: it can be cloned, and used in a pipeline. Parameters are those of
    ``Parameters`` and are checked by ``fit``.

    >>> import numpy as np
    >>> X = np.column_stack([np.repeat(np.arange(8), 4), np.tile(np.arange(4), 8)]) * 100.0
    >>> model = BalancedKMeans(target_weight=160.0).fit(X, sample_weight=np.full(32, 20.0))
    >>> model.cluster_weights_.tolist()
    [160.0, 160.0, 160.0, 160.0]
    >>> bool((model.predict(model.cluster_centers_) == [0, 1, 2, 3]).all())
    True

    Attributes:
        labels_: int64 (n,), cluster of each sample, 0 to k - 1.
        cluster_centers_: float64 (k, 2), weighted mean of the coordinates, in metres.
        cluster_weights_: float64 (k,), total weight.
        cluster_statuses_: str (k,), values of ``Status``: why a cluster is as it is.
        inertia_: sum over the samples of weight times squared distance to the centre of the cluster.
        n_features_in_: 2.
    """

    target_weight: float
    min_weight: float | None = None
    max_weight: float | None = None
    radius: float | None = None
    max_radius: float | None = None
    weight_importance: float = 0.5
    n_clusters: int | None = None
    bridge: bool = False
    random_state: int = 0

    def fit(self, X: npt.ArrayLike, y: object = None, sample_weight: npt.ArrayLike | None = None) -> Self:  # noqa: N803
        """Cluster the samples.

        Args:
            X: float64 (n, 2), coordinates in metres; n is at least 1.
            y: ignored.
            sample_weight: float64 (n,), at least 0; None gives every sample the weight 1.

        Raises:
            InvalidParameter: a parameter is out of its domain.
            InvalidArray, InvalidPoint, InvalidWeight: as in ``cluster``; there is no sample.
        """
        points = checked_points(X)
        if len(points) == 0:
            raise InvalidArray("X", "at least one sample is needed, but there are 0 samples")
        found = cluster(points, sample_weight, Parameters(**self.get_params()))
        self.labels_ = found.labels
        self.cluster_centers_ = found.centroid
        self.cluster_weights_ = found.weight
        self.cluster_statuses_ = found.status
        self.inertia_ = found.inertia
        self.n_features_in_ = 2
        return self

    def fit_predict(
        self,
        X: npt.ArrayLike,  # noqa: N803
        y: object = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> IntArray:
        """``fit``, and the labels."""
        return self.fit(X, y, sample_weight).labels_

    def predict(self, X: npt.ArrayLike) -> IntArray:  # noqa: N803
        """The nearest centre of each new sample, int64 (n,), for X float64 (n, 2).

        For the samples of ``fit`` this may differ from ``labels_``: where the weight range or connectedness demand it,
        some samples do not belong to the nearest centre.

        Raises:
            NotFitted: ``fit`` was not called.
            InvalidArray, InvalidPoint: as in ``fit``.
        """
        if not self.__sklearn_is_fitted__():
            raise NotFitted("call fit first")
        points = checked_points(X)
        if len(points) == 0:
            raise InvalidArray("X", "at least one sample is needed, but there are 0 samples")
        return lloyd(points, self.cluster_centers_, max_iterations=0).labels

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; ``deep`` is there for scikit-learn, no parameter is an estimator."""
        return {parameter.name: getattr(self, parameter.name) for parameter in fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Change parameters.

        Raises:
            InvalidParameter: there is no parameter of this name.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise InvalidParameter(name, value, f"the parameters are {', '.join(known)}")
            setattr(self, name, value)
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "labels_")

    def __sklearn_tags__(self) -> Any:
        # Only scikit-learn calls this, so that it is there to be imported.
        from sklearn.utils import InputTags, Tags, TargetTags  # type: ignore[import-untyped, unused-ignore]

        return Tags(
            estimator_type="clusterer",
            target_tags=TargetTags(required=False),
            input_tags=InputTags(),
            non_deterministic=False,
        )
