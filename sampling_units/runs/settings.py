"""What a deployment tells its functions by environment variables: its buckets, and defaults of requests."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal

import msgspec

from sampling_units.errors import AccessDenied, InvalidEvent
from sampling_units.runs.batch_size import DEFAULT_TIMEOUT_MINUTES
from sampling_units.runs.work_time import MEGABYTES_PER_VCPU

INPUT_BUCKET_VARIABLE = "INPUT_BUCKET"
OUTPUT_BUCKET_VARIABLE = "OUTPUT_BUCKET"
DEPLOYMENT_VARIABLE = "DEPLOYMENT"


class DeploymentSettings(msgspec.Struct, frozen=True):
    """What a deployment tells of itself to its functions, and to whoever plans a run on it.

    Attributes:
        run_defaults: values of a ``RunRequest`` for what a request leaves out, each entry of ``params`` by itself.
        architecture, memory_mb, timeout_minutes: of the clustering function.
    """

    run_defaults: dict[str, Any]
    architecture: Literal["arm64", "x86_64"]
    memory_mb: int
    timeout_minutes: int


# Of a function that belongs to no deployment, as when the image runs locally.
NO_DEPLOYMENT = DeploymentSettings({}, "x86_64", MEGABYTES_PER_VCPU, DEFAULT_TIMEOUT_MINUTES)


@dataclass(frozen=True)
class Settings:
    """The choices of this deployment.

    Attributes:
        input_bucket, output_bucket: None where it has none of its own, as when the image runs locally.
        deployment: all else.
    """

    input_bucket: str | None = None
    output_bucket: str | None = None
    deployment: DeploymentSettings = NO_DEPLOYMENT

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        described = environment.get(DEPLOYMENT_VARIABLE)
        return cls(
            environment.get(INPUT_BUCKET_VARIABLE),
            environment.get(OUTPUT_BUCKET_VARIABLE),
            NO_DEPLOYMENT if described is None else msgspec.json.decode(described, type=DeploymentSettings),
        )

    def complete_run(self, event: Any) -> Any:
        """A run request with the deployment's defaults where it says nothing."""
        return self.complete_params(self.deployment.run_defaults | event) if isinstance(event, dict) else event

    def complete_params(self, event: Any) -> Any:
        """An event with the deployment's parameters where its own ``params`` say nothing."""
        defaults = self.deployment.run_defaults.get("params", {})
        params = event.get("params") if isinstance(event, dict) else None
        if not isinstance(event, dict) or not isinstance(params, dict | NoneType):
            return event  # `parse_event` says what is wrong.
        return event | {"params": defaults | (params or {})}

    def buckets(self, input_bucket: str | None, output_bucket: str | None) -> tuple[str, str]:
        """The buckets to use for a request that names these, or leaves them to the deployment.

        Raises:
            AccessDenied: the request names a bucket that is not this deployment's.
            InvalidEvent: neither the request nor the deployment names one.
        """
        source = self._choose("input_bucket", input_bucket, self.input_bucket)
        target = self._choose("output_bucket", output_bucket, self.output_bucket)
        if source == target:
            raise InvalidEvent("`input_bucket` and `output_bucket` have to differ: outputs would become inputs")
        return source, target

    @staticmethod
    def _choose(field: str, wanted: str | None, own: str | None) -> str:
        if wanted is not None and own is not None and wanted != own:
            raise AccessDenied(f"`{field}` is not the bucket that this deployment works on ({own})", bucket=wanted)
        chosen = wanted if wanted is not None else own
        if not chosen:
            raise InvalidEvent(f"`{field}` is missing")
        return chosen
