"""The options of a deployment, typed and checked: from the context in ``cdk.json`` and from ``-c name=value``."""

import difflib
import re
from typing import Annotated, Any, Literal

import constructs
import msgspec

from sampling_units.errors import RunError
from sampling_units.runs.batch_size import DEFAULT_TIMEOUT_MINUTES
from sampling_units.runs.events import (
    DEFAULT_MAX_CONCURRENCY,
    DEFAULT_TOLERATED_FAILURE_PERCENTAGE,
    RunRequest,
    parse_event,
)
from sampling_units.runs.settings import DeploymentSettings

# Days for which CloudWatch can keep log entries.
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
# Entry of the context that holds the options of each stage.
STAGES = "stages"
# The CDK's own entries in the context: feature flags, settings of its command line, results of look-ups.
_CDK_ENTRY = re.compile("@|aws:|.*:account=|(cli-telemetry|acknowledged-issue-numbers)$")
_BUCKET_NAME = r"\A[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\Z"
_ERROR_PLACE = re.compile(r" - at `\$\.?(.*)`$")


class ConfigError(ValueError):
    """An option is unknown or wrong; the message is one line for the person who deploys."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of one deployment.

    Attributes:
        stage: name of the deployment, since one account may have several; part of the stack's name.
        account, region: where to deploy; None: the account and region of the credentials.
        input_bucket: existing bucket with the files to cluster; None: the stack makes one.
        output_bucket: existing bucket for outputs and run records; None: the stack makes one.
        kms_key_arn: existing KMS key that encrypts the buckets; None: keys that S3 manages (SSE-S3).
        architecture: of the functions; Lambda's seconds cost 20 % less on arm64, but the image has to be built on an
            ARM machine or with emulation.
        base_image: of the functions' image; None: the one that the Dockerfile names.
        memory_mb: memory of the clustering function; 1,769 MB come with one whole vCPU.
        timeout_minutes: of the clustering function, for one invocation.
        ephemeral_storage_mb: size of /tmp, of all three functions; the summary writes the joined frame there.
        reserved_concurrency: of the clustering function; None: it uses the account's unreserved concurrency.
        max_concurrency, tolerated_failure_percentage, params: defaults of runs; see docs/parameters.md.
        log_retention_days: of all log groups.
        removal_policy: "retain": the buckets and their objects stay when the stack is deleted; "destroy": the buckets
            are deleted with the stack, which fails unless they are empty.
        alarm_email: address that gets the alarms; None: they are only shown on the dashboard.
        tags: of all resources.
    """

    stage: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z][A-Za-z0-9-]{0,39}\Z")] = "dev"
    account: Annotated[str, msgspec.Meta(pattern=r"\A\d{12}\Z")] | None = None
    region: Annotated[str, msgspec.Meta(pattern=r"\A[a-z]{2,4}(-[a-z]+)+-\d\Z")] | None = None
    input_bucket: Annotated[str, msgspec.Meta(pattern=_BUCKET_NAME)] | None = None
    output_bucket: Annotated[str, msgspec.Meta(pattern=_BUCKET_NAME)] | None = None
    kms_key_arn: Annotated[str, msgspec.Meta(pattern=r"\Aarn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/\S+\Z")] | None = None
    architecture: Literal["arm64", "x86_64"] = "arm64"
    base_image: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    memory_mb: Annotated[int, msgspec.Meta(ge=512, le=10_240)] = 1769
    timeout_minutes: Annotated[int, msgspec.Meta(ge=1, le=15)] = DEFAULT_TIMEOUT_MINUTES
    ephemeral_storage_mb: Annotated[int, msgspec.Meta(ge=512, le=10_240)] = 512
    reserved_concurrency: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_concurrency: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = DEFAULT_MAX_CONCURRENCY
    tolerated_failure_percentage: Annotated[float, msgspec.Meta(ge=0, le=100)] = DEFAULT_TOLERATED_FAILURE_PERCENTAGE
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    # For a context without stages; cdk.json sets these two for each of its stages.
    log_retention_days: RetentionDays = 30
    removal_policy: Literal["retain", "destroy"] = "retain"
    alarm_email: Annotated[str, msgspec.Meta(pattern=r"\A[^@\s]+@[^@\s]+\Z")] | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.input_bucket is not None and self.input_bucket == self.output_bucket:
            raise ValueError("`input_bucket` and `output_bucket` have to differ: outputs would become inputs")
        if self.kms_key_arn and self.region and self.kms_key_arn.split(":")[3] != self.region:
            raise ValueError(f"`kms_key_arn` is a key of another region than {self.region}")
        # Defaults that every run would refuse are refused at deployment.
        try:
            parse_event({"run_id": "defaults", **self.run_defaults}, RunRequest)
        except RunError as error:
            raise ValueError(error.message) from error

    @property
    def run_defaults(self) -> dict[str, Any]:
        """Values for what a run request leaves out; names as in ``RunRequest``."""
        return {
            "max_concurrency": self.max_concurrency,
            "tolerated_failure_percentage": self.tolerated_failure_percentage,
            "params": self.params,
        }

    @property
    def settings_json(self) -> str:
        """``DeploymentSettings`` for the functions and for the command line."""
        settings = DeploymentSettings(self.run_defaults, self.architecture, self.memory_mb, self.timeout_minutes)
        return msgspec.json.encode(settings, order="sorted").decode()

    @classmethod
    def from_context(cls, node: constructs.Node) -> "Config":
        """Read the context of the app: the stage's entry under ``stages``, overridden by ``-c name=value``.

        Raises:
            ConfigError: a name is unknown or a value wrong.
        """
        context = {name: value for name, value in node.get_all_context().items() if not _CDK_ENTRY.match(name)}
        of_stage = _stage_options(context.pop(STAGES, {}), str(context.get("stage", cls().stage)))
        for name in [*context, *of_stage]:
            if name not in cls.__struct_fields__:
                raise ConfigError(f"there is no option {name!r}{_suggestion(name, cls.__struct_fields__)}")
        values = of_stage | {name: _decoded(name, value) for name, value in context.items()}
        try:
            # Not strict: `-c` gives every value as text, and msgspec then converts it.
            return msgspec.convert(values, cls, strict=False)
        except msgspec.ValidationError as error:
            place = _ERROR_PLACE.search(str(error))
            option = f"{place.group(1)} = {_shown(values, place.group(1))}: " if place and place.group(1) else ""
            raise ConfigError(f"{option}{_ERROR_PLACE.sub('', str(error))}") from error


def _stage_options(stages: Any, stage: str) -> dict[str, Any]:
    """The options of a stage; none if the context has no stages at all."""
    if not isinstance(stages, dict) or not all(isinstance(options, dict) for options in stages.values()):
        raise ConfigError(f"{STAGES} has to hold an object with options for each stage")
    if stages and stage not in stages:
        raise ConfigError(f"there is no stage {stage!r}{_suggestion(stage, tuple(stages))}")
    options: dict[str, Any] = stages.get(stage, {})
    if "stage" in options:
        raise ConfigError(f"{STAGES} must not name another stage inside {stage!r}")
    return options


def _decoded(name: str, value: Any) -> Any:
    """The value of an option; with ``-c`` objects are written as JSON: ``-c 'tags={"owner": "survey"}'``."""
    if name not in ("tags", "params") or not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError as error:
        raise ConfigError(f"{name} = {value}: is not JSON ({error})") from error


def _shown(values: dict[str, Any], path: str) -> str:
    """The value of the option that contains ``path``, the place of an error."""
    value = values.get(re.split(r"[.\[]", path, maxsplit=1)[0])
    return msgspec.json.encode(value).decode() if not isinstance(value, str) else value


def _suggestion(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"
