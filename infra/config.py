"""What a deployment may choose; read from the context in ``cdk.json`` and from ``-c name=value``."""

from typing import Literal

import constructs
import msgspec


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Choices of one deployment.

    Attributes:
        stage: distinguishes deployments in one account; part of the stack's name.
        input_bucket: existing bucket with the files to cluster; None: the stack makes one.
        output_bucket: existing bucket for outputs and run records; None: the stack makes one.
        architecture: of the functions; arm64 costs about 20 % less, but has to be built on or emulated for ARM.
        memory_mb: memory of the clustering function; 1,769 MB come with one whole vCPU.
    """

    stage: str = "dev"
    input_bucket: str | None = None
    output_bucket: str | None = None
    architecture: Literal["arm64", "x86_64"] = "arm64"
    memory_mb: int = 1769

    def __post_init__(self) -> None:
        if self.input_bucket is not None and self.input_bucket == self.output_bucket:
            raise ValueError("`input_bucket` and `output_bucket` have to differ: outputs would become inputs")

    @classmethod
    def from_context(cls, node: constructs.Node) -> "Config":
        """Read the context of the app.

        Raises:
            msgspec.ValidationError: a value has the wrong type.
        """
        values = {name: node.try_get_context(name) for name in cls.__struct_fields__}
        # On the command line every value is a string, hence not strict.
        return msgspec.convert({name: v for name, v in values.items() if v is not None}, cls, strict=False)
