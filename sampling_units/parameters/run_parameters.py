"""Clustering parameters of a run, for Lambda, command line and output files alike: the table itself, and its rules."""

import hashlib
import math
import re
from typing import Annotated, Any, Literal

import msgspec

import kmeans
from sampling_units.errors import InvalidParameters
from sampling_units.parameters.entry import AUTOMATIC_CRS, BySettlement, Entry, Rule
from sampling_units.versions import OUTPUT_VERSION

# Names of the columns that are added, "cluster_id" ...: plain ones, which every tool can write without quotes.
_COLUMN_PREFIX = r"[A-Za-z][A-Za-z0-9_]{0,40}"


class RunParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the files of one run are clustered.

    What each field means says its entry, and docs/parameters.md.

    Raises:
        ValueError: a value breaks a rule.

    >>> params = RunParameters(target_weight=300, weight_column=None)
    >>> params.for_settlement(is_urban=True).weight_range
    WeightRange(low=225.0, high=375.0)
    """

    target_weight: Annotated[
        float | BySettlement,
        Entry(
            help="Desired total weight of a cluster.",
            details="The weight is what `weight_column` counts: people, buildings.",
            label="Target weight",
            bounds={"exclusiveMinimum": 0},
            is_required=True,
        ),
    ] = 240.0
    min_weight: Annotated[
        float | None,
        Entry(
            help="Smallest allowed weight of a cluster; 0 for no minimum.",
            label="Lightest allowed cluster",
            default="0.75 of the target",
            bounds={"minimum": 0},
        ),
    ] = None
    max_weight: Annotated[
        float | Literal["unlimited"] | None,
        Entry(
            help="Largest allowed weight of a cluster, or the word unlimited.",
            details='The word is a text in JSON: `"unlimited"`.',
            label="Heaviest allowed cluster",
            default="1.25 of the target",
            bounds={"exclusiveMinimum": 0},
        ),
    ] = None
    radius: Annotated[
        float | BySettlement | None,
        Entry(
            help="Desired radius of a cluster in metres.",
            details="It is the radius of the cluster's minimum bounding circle.",
            label="Target radius",
            unit="m",
            bounds={"exclusiveMinimum": 0},
        ),
    ] = None
    max_radius: Annotated[
        float | None,
        Entry(
            help="Largest allowed radius in metres; it takes precedence over the weight range.",
            details="Clusters that it makes too light say `radius_limited`.",
            label="Largest allowed radius",
            unit="m",
            bounds={"exclusiveMinimum": 0},
        ),
    ] = None
    weight_column: Annotated[
        str | None,
        Entry(
            help="Numeric column with the weight of each row, such as population.",
            details="With `null` every row weighs 1.",
            label="Column with the weights",
            default="every row weighs 1",
            metavar="COLUMN",
            command_line_default=None,
        ),
    ] = "population"
    urban_column: Annotated[
        str,
        Entry(
            help="Column that says which rows are urban.",
            details="It is boolean, 1 and 0, or text such as `urban`, `U`, `yes`, and only read when the target or the "
            "radius has two values. A group (without `group_by` the file) is urban when at least half of its weight is "
            "in urban rows; an empty value counts as rural.",
            label="Column that tells urban from rural",
            metavar="COLUMN",
        ),
    ] = "urban"
    urban_values: Annotated[
        tuple[str, ...],
        Entry(
            help="Value in the urban column that means urban.",
            details="All others then mean rural.",
            label="Values that mean urban",
            default="true, 1, urban ...",
            option="urban-value",
            metavar="VALUE",
        ),
    ] = ()
    group_by: Annotated[
        tuple[str, ...],
        Entry(
            help="Column whose values a cluster never mixes, such as a district code.",
            details="For strata, administrative codes, an urban flag; an empty value is a group too.",
            label="Clusters never mix values of",
            bounds={"uniqueItems": True},
            metavar="COLUMN",
        ),
    ] = ()
    longitude_column: Annotated[
        str | None,
        Entry(
            help="Column with the longitude, or x, to use instead of a geometry column.",
            details="Without it, and without a geometry column, these names are found, in upper or lower case: "
            "`longitude` and `latitude`; `lon`, `lng` or `long` and `lat`; `x` and `y`. Has to be given together with "
            "`latitude_column`.",
            label="Column with the longitude",
            default="found by its name",
            metavar="COLUMN",
        ),
    ] = None
    latitude_column: Annotated[
        str | None,
        Entry(
            help="Column with the latitude, or y, to use instead of a geometry column.",
            details="Has to be given together with `longitude_column`.",
            label="Column with the latitude",
            default="found by its name",
            metavar="COLUMN",
        ),
    ] = None
    input_crs: Annotated[
        str | None,
        Entry(
            help="Coordinate system of files that do not name theirs, such as EPSG:32651.",
            label="Coordinate system of files that name none",
            default="degrees (WGS 84)",
            rule=Rule.CRS,
            metavar="CRS",
        ),
    ] = None
    crs: Annotated[
        str,
        Entry(
            help="Projected coordinate system in metres to work in, such as EPSG:3121.",
            details="`auto` is the UTM zone in the middle of the file, or for wide files and "
            "near the poles a Lambert azimuthal equal-area system around it.",
            label="Coordinate system worked in",
            rule=Rule.PROJECTED_CRS,
            metavar="CRS",
        ),
    ] = AUTOMATIC_CRS
    drop_invalid: Annotated[
        bool,
        Entry(
            help="Leave out rows without a valid place or weight, instead of refusing the file.",
            details="Such rows (place or weight missing, not finite, negative, no longitude and latitude) stay in the "
            "output with the status `invalid`; otherwise the file is refused and its first ten such rows are named.",
            label="Leave out rows without place or weight",
        ),
    ] = False
    column_prefix: Annotated[
        str,
        Entry(
            help="Beginning of the names of the added columns, such as psu_.",
            label="Names of the added columns begin with",
            bounds={"pattern": f"^{_COLUMN_PREFIX}$"},
            metavar="TEXT",
        ),
    ] = "cluster_"
    weight_importance: Annotated[
        float,
        Entry(
            help="Importance of the weight against the radius when the number of clusters is chosen, 0 to 1.",
            label="Importance of weight against radius",
            bounds={"minimum": 0, "maximum": 1},
        ),
    ] = 0.5
    n_clusters: Annotated[
        int | None,
        Entry(
            help="Number of clusters, instead of one chosen by weight and radius.",
            details="Islands share it by weight, and clusters outside the range say so.",
            label="Number of clusters",
            default="chosen by the program",
            bounds={"minimum": 1},
        ),
    ] = None
    bridge: Annotated[
        bool,
        Entry(
            help="Join islands that are lighter than the minimum to their nearest neighbour.",
            details="They are joined by the shortest way.",
            label="Join islands that are too light",
        ),
    ] = False
    random_state: Annotated[
        int,
        Entry(
            help="Seed of the random numbers.",
            details="The same input, parameters and output version give the same bytes.",
            label="Seed",
            bounds={"minimum": 0, "maximum": 2**63 - 1},
        ),
    ] = 0

    def __post_init__(self) -> None:
        # Both kinds of settlement are tried so that a wrong parameter is refused before any file is read.
        for is_urban in (True, False):
            self.for_settlement(is_urban)
        if (self.longitude_column is None) != (self.latitude_column is None):
            raise ValueError("longitude_column has to be given together with latitude_column")
        if not re.fullmatch(_COLUMN_PREFIX, self.column_prefix):
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

    def changed(self) -> dict[str, Any]:
        """The parameters that differ from their defaults, by name.

        >>> RunParameters(target_weight=240, bridge=True).changed()
        {'bridge': True}
        """
        default = type(self)()
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in values.items() if value != getattr(default, name)}

    def fingerprint(self) -> str:
        """Hash of everything but the input that decides an output: the output version and what is not by default.

        A parameter that is new leaves the fingerprints of before as they are, as long as nobody uses it.
        """
        decisive = {"output_version": OUTPUT_VERSION, "parameters": self.changed()}
        return hashlib.sha256(msgspec.json.encode(decisive, order="sorted")).hexdigest()[:32]


def parse_parameters(values: Any) -> RunParameters:
    """Validate the ``params`` of a request.

    Raises:
        InvalidParameters: naming the parameter and the rule it breaks.

    >>> parse_parameters({"target_weight": {"urban": 300, "rural": 200}}).tells_settlements_apart
    True
    >>> parse_parameters({"target_weight": 0})
    Traceback (most recent call last):
    sampling_units.errors.InvalidParameters: params: target_weight is 0.0, but has to be a finite number above 0
    """
    try:
        params = msgspec.convert(values, RunParameters)
        # Outputs carry them, and half a character cannot be written.
        params.to_json()
        return params
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        raise InvalidParameters(f"params: {error}") from error
