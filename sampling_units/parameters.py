"""Clustering parameters of a run: their names, defaults and rules, for Lambda, command line and output files alike."""

import hashlib
import math
import re
from typing import Any, Literal

import msgspec

import kmeans
from sampling_units.errors import InvalidParameters

AUTOMATIC_CRS = "auto"


# Names of the columns that are added, "cluster_id" ...: plain ones, which every tool can write without quotes.
_COLUMN_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,40}")


class BySettlement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number for urban and another one for rural groups."""

    urban: float
    rural: float


class RunParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the files of one run are clustered.

    Attributes:
        target_weight: desired weight of a cluster: one number, or one for urban and one for rural groups.
        min_weight, max_weight: allowed range; by default 0.75 and 1.25 of the target; 0 and "unlimited" for none.
        radius: desired radius in metres, given like the target; None: not wanted.
        weight_column: numeric column with the weight of each row; None gives every row the weight 1.
        urban_column: tells urban rows: boolean, 0 and 1, or text; only read when the target or the radius has two
            values. A group (without ``group_by`` the file) counts as urban when at least half of its weight is.
        urban_values: values of ``urban_column`` that mean urban, all others rural; empty: the usual words.
        group_by: columns whose values clusters never mix (strata, administrative codes).
        longitude_column, latitude_column: where a file without geometries has its coordinates; None: found by name.
        input_crs: coordinate system of files that do not name theirs.
        crs: projected coordinate system in metres to work in, or "auto": chosen by the place and extent of the file.
        drop_invalid: leave rows without place or weight out of the clustering instead of refusing the file.
        column_prefix: beginning of the names of the columns that outputs add.
        max_radius, weight_importance, n_clusters, bridge, random_state: see ``kmeans.Parameters``.
    """

    target_weight: float | BySettlement = 240.0
    min_weight: float | None = None
    max_weight: float | Literal["unlimited"] | None = None
    radius: float | BySettlement | None = None
    max_radius: float | None = None
    weight_column: str | None = "population"
    urban_column: str = "urban"
    urban_values: tuple[str, ...] = ()
    group_by: tuple[str, ...] = ()
    longitude_column: str | None = None
    latitude_column: str | None = None
    input_crs: str | None = None
    crs: str = AUTOMATIC_CRS
    drop_invalid: bool = False
    column_prefix: str = "cluster_"
    weight_importance: float = 0.5
    n_clusters: int | None = None
    bridge: bool = False
    random_state: int = 0

    def __post_init__(self) -> None:
        # Both kinds of settlement are tried so that a wrong parameter is refused before any file is read.
        for is_urban in (True, False):
            self.for_settlement(is_urban)
        if (self.longitude_column is None) != (self.latitude_column is None):
            raise ValueError("longitude_column has to be given together with latitude_column")
        if not _COLUMN_PREFIX.fullmatch(self.column_prefix):
            raise ValueError(f"column_prefix has to be letters, digits and underscores, not {self.column_prefix!r}")
        if len(set(self.group_by)) < len(self.group_by):
            raise ValueError("group_by names a column twice")

    @property
    def tells_settlements_apart(self) -> bool:
        """Whether urban and rural groups are clustered differently."""
        return isinstance(self.radius, BySettlement) or isinstance(self.target_weight, BySettlement)

    def for_settlement(self, is_urban: bool) -> kmeans.Parameters:
        """The algorithm's parameters for an urban or a rural group."""
        target, radius = self.target_weight, self.radius
        if isinstance(target, BySettlement):
            target = target.urban if is_urban else target.rural
        if isinstance(radius, BySettlement):
            radius = radius.urban if is_urban else radius.rural
        return kmeans.Parameters(
            target_weight=target,
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
        params = msgspec.convert(values, RunParameters)
        # Outputs carry them, and half a character cannot be written.
        params.to_json()
        return params
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise InvalidParameters(f"params: {error}") from error
