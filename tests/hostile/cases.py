"""What a case is: content that has to be refused, or that looks hostile and is fine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """A file for the clustering function.

    Attributes:
        name: what is wrong with it; unique within its kind.
        content: its bytes, or what makes them: some are large.
        params: parameters it is clustered with.
        key: its name in the input bucket; None: a plain one. Content of None is not put there.
    """

    name: str
    content: bytes | Callable[[], bytes] | None
    params: Mapping[str, Any] = field(default_factory=dict)
    key: str | None = None

    def to_bytes(self) -> bytes | None:
        return self.content() if callable(self.content) else self.content


@dataclass(frozen=True)
class EventCase:
    """An event that the function has to refuse as a whole."""

    name: str
    event: Any
