"""Clustering parameters of a run: their names, defaults and rules, for Lambda, command line and output files alike."""

import hashlib
import math
from typing import Any, Literal

import msgspec

import kmeans
from lambdas.contract.errors import InvalidParameters

AUTOMATIC_CRS = "auto"


class Radius(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Desired radius in metres, by kind of settlement."""

    urban: float
    rural: float


class RunParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the files of one run are clustered.

    Attributes:
        target_weight: desired weight of a cluster.
        min_weight, max_weight: allowed range; by default 0.75 and 1.25 of the target; 0 and "unlimited" for none.
        radius: desired radius in metres: one number, or one for urban and one for rural files; None: not wanted.
        weight_column: numeric column with the weight of each row; None gives every row the weight 1.
        urban_column: boolean column that tells urban rows; only read when ``radius`` has two values. A file counts as
            urban when at least half of its weight is.
        group_by: columns whose values clusters never mix (strata, administrative codes).
        crs: projected coordinate system in metres to work in, or "auto" for the UTM zone of the file.
        max_radius, weight_importance, n_clusters, bridge, random_state: see ``kmeans.Parameters``.
    """

    target_weight: float = 240.0
    min_weight: float | None = None
    max_weight: float | Literal["unlimited"] | None = None
    radius: float | Radius | None = None
    max_radius: float | None = None
    weight_column: str | None = "population"
    urban_column: str = "urban"
    group_by: tuple[str, ...] = ()
    crs: str = AUTOMATIC_CRS
    weight_importance: float = 0.5
    n_clusters: int | None = None
    bridge: bool = False
    random_state: int = 0

    def __post_init__(self) -> None:
        # Both kinds of settlement are tried so that a wrong parameter is refused before any file is read.
        for is_urban in (True, False):
            self.for_settlement(is_urban)

    def for_settlement(self, is_urban: bool) -> kmeans.Parameters:
        """The algorithm's parameters for an urban or a rural file."""
        radius = self.radius
        if isinstance(radius, Radius):
            radius = radius.urban if is_urban else radius.rural
        return kmeans.Parameters(
            target_weight=self.target_weight,
            min_weight=self.min_weight,
            max_weight=math.inf if self.max_weight == "unlimited" else self.max_weight,
            radius=radius,
            max_radius=self.max_radius,
            weight_importance=self.weight_importance,
            n_clusters=self.n_clusters,
            bridge=self.bridge,
            random_state=self.random_state,
        )

    def to_json(self) -> bytes:
        """The parameters as canonical JSON: the same bytes for the same values."""
        return msgspec.json.encode(self, order="sorted")

    def fingerprint(self) -> str:
        """Hash of everything but the input that decides an output: parameters and version of the algorithm."""
        return hashlib.sha256(kmeans.__version__.encode() + b"\n" + self.to_json()).hexdigest()[:32]


def parse_parameters(values: Any) -> RunParameters:
    """Validate the ``params`` of a request.

    Raises:
        InvalidParameters: naming the parameter and the rule it breaks.
    """
    try:
        return msgspec.convert(values, RunParameters)
    except msgspec.ValidationError as error:
        raise InvalidParameters(f"params: {error}") from error
