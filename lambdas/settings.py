"""What a deployment tells its functions through the environment: which buckets they work on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.contract.errors import AccessDenied, InvalidEvent

INPUT_BUCKET_VARIABLE = "INPUT_BUCKET"
OUTPUT_BUCKET_VARIABLE = "OUTPUT_BUCKET"


@dataclass(frozen=True)
class Settings:
    """Buckets of this deployment; None where it has none of its own, as when the image runs locally."""

    input_bucket: str | None = None
    output_bucket: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        return cls(environment.get(INPUT_BUCKET_VARIABLE), environment.get(OUTPUT_BUCKET_VARIABLE))

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
