"""The parameters of one clustering, their defaults and their rules."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import TYPE_CHECKING, NamedTuple, overload

from kmeans.errors import InvalidParameter

if TYPE_CHECKING:
    from kmeans.arrays import BoolArray, FloatArray

# The share of the target by which a cluster may be lighter or heavier when no range is given.
DEFAULT_TOLERANCE = 0.25
# Sums of the same weights in another order differ by their rounding; a cluster is not out of the range because of it.
_ROUNDING = 1e-9


class WeightRange(NamedTuple):
    """Lightest and heaviest allowed cluster. Weights are compared with a relative tolerance of 1e-9.

    >>> weight_range = WeightRange(180.0, 300.0)
    >>> weight_range.contains(240.0), weight_range.is_below(179.0), weight_range.is_above(300.00000001)
    (True, True, False)

    Attributes:
        low: the minimum; 0 for none.
        high: the maximum; infinite for none.
    """

    low: float
    high: float

    @property
    def widened(self) -> "WeightRange":
        """The range that weights are really compared with: wider by the tolerance at both ends."""
        return WeightRange(self.low * (1 - _ROUNDING), self.high * (1 + _ROUNDING))

    @overload
    def is_below(self, weight: float) -> bool: ...
    @overload
    def is_below(self, weight: "FloatArray") -> "BoolArray": ...
    def is_below(self, weight: "float | FloatArray") -> "bool | BoolArray":
        """Whether a weight, or each of an array, is below the minimum."""
        return weight < self.widened.low

    @overload
    def is_above(self, weight: float) -> bool: ...
    @overload
    def is_above(self, weight: "FloatArray") -> "BoolArray": ...
    def is_above(self, weight: "float | FloatArray") -> "bool | BoolArray":
        """Whether a weight, or each of an array, is above the maximum."""
        return weight > self.widened.high

    @overload
    def contains(self, weight: float) -> bool: ...
    @overload
    def contains(self, weight: "FloatArray") -> "BoolArray": ...
    def contains(self, weight: "float | FloatArray") -> "bool | BoolArray":
        """Whether a weight, or each of an array, is inside the range."""
        return (weight >= self.widened.low) & (weight <= self.widened.high)


@dataclass(frozen=True)
class Parameters:
    """What a clustering should look like.

    >>> Parameters(target_weight=240.0).weight_range
    WeightRange(low=180.0, high=300.0)

    Attributes:
        target_weight: desired total weight of a cluster (people, buildings), above 0.
        min_weight: lightest allowed cluster; by default 0.75 of the target; 0 for no minimum.
        max_weight: heaviest allowed cluster; by default 1.25 of the target; infinite for no maximum.
        radius: desired radius in metres of the minimum bounding circle of a cluster; None when it does not matter.
        max_radius: largest allowed radius in metres, honoured before the range; None for no limit.
        weight_importance: what the distance to the target weight counts against the radius when the number of
            clusters is chosen, from 0 (only the radius) to 1 (only the weight).
        n_clusters: fixes the number of clusters instead of choosing it; every island has at least one.
        bridge: join islands lighter than the minimum to the nearest other points.
        random_state: seed of every random choice.

    Raises:
        InvalidParameter: when a value is out of its domain or the range does not contain the target.
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

    def __post_init__(self) -> None:
        self._require_types()
        for name, value in vars(self).items():
            if hasattr(value, "item"):  # Kernels would be compiled anew for numbers of numpy.
                object.__setattr__(self, name, value.item())
        _require_positive("target_weight", self.target_weight)
        if self.min_weight is not None and not 0 <= self.min_weight <= self.target_weight:
            raise InvalidParameter("min_weight", self.min_weight, "has to lie between 0 and the target weight")
        if self.max_weight is not None and not self.max_weight >= self.target_weight:
            raise InvalidParameter("max_weight", self.max_weight, "has to be at least the target weight")
        if self.max_weight not in (None, math.inf):
            _require_positive("max_weight", self.max_weight)
        if self.radius is not None:
            _require_positive("radius", self.radius)
        if self.max_radius is not None:
            _require_positive("max_radius", self.max_radius)
        if not 0 <= self.weight_importance <= 1:
            raise InvalidParameter("weight_importance", self.weight_importance, "has to lie between 0 and 1")
        if self.n_clusters is not None and not (isinstance(self.n_clusters, Integral) and self.n_clusters >= 1):
            raise InvalidParameter("n_clusters", self.n_clusters, "has to be a whole number of at least 1")
        if not 0 <= self.random_state < 2**63:
            raise InvalidParameter("random_state", self.random_state, "has to lie between 0 and 2**63 - 1")

    def _require_types(self) -> None:
        """Numbers of numpy will do, and so will its booleans."""
        for name in ("target_weight", "min_weight", "max_weight", "radius", "max_radius", "weight_importance"):
            value = getattr(self, name)
            is_left_out = value is None and name not in ("target_weight", "weight_importance")
            if not (is_left_out or isinstance(value, Real)):
                raise InvalidParameter(name, value, "has to be a number")
        if not isinstance(self.random_state, Integral):
            raise InvalidParameter("random_state", self.random_state, "has to be a whole number")
        if not (isinstance(self.bridge, bool) or str(getattr(self.bridge, "dtype", "")) == "bool"):
            raise InvalidParameter("bridge", self.bridge, "has to be True or False")

    @property
    def wanted_radius(self) -> float | None:
        """Radius that the number of clusters is chosen for: the desired one, or else the largest allowed."""
        return self.max_radius if self.radius is None else self.radius

    @property
    def weight_range(self) -> WeightRange:
        """Lightest and heaviest allowed cluster, defaults filled in."""
        low = self.target_weight * (1 - DEFAULT_TOLERANCE) if self.min_weight is None else self.min_weight
        high = self.target_weight * (1 + DEFAULT_TOLERANCE) if self.max_weight is None else self.max_weight
        return WeightRange(low, high)


def parameters_of(params: Parameters | Sequence[Parameters], group: int) -> Parameters:
    """Those of one group, where ``params`` are the same for all groups or one for each."""
    return params if isinstance(params, Parameters) else params[group]


def _require_positive(name: str, value: float) -> None:
    # Numbers of numpy would be compared in their own precision; a whole number may be one that no float can hold.
    number = value if isinstance(value, int) else float(value)
    if not 0 < number <= sys.float_info.max:
        raise InvalidParameter(name, value, "has to be a finite number above 0")
