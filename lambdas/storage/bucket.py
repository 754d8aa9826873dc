"""S3 for the clustering function: reads and writes whole objects.

Built on obstore, which is imported in 20 ms; boto3 takes half a second. See docs/decisions/0003-image.md.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from sampling_units.aws.storage_errors import storage_error
from sampling_units.aws.storage_policy import (
    CONNECT_SECONDS,
    OBSTORE_RETRIES,
    PATIENCE_SECONDS,
    READ_SECONDS,
    TOTAL_SECONDS,
    TRIES,
    ask_again,
)
from sampling_units.errors import InputChanged, InvalidInput, RunError, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_ERROR_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_RETRIES: "RetryConfig" = {
    "max_retries": OBSTORE_RETRIES,
    "backoff": {"init_backoff": timedelta(seconds=0.1), "base": 4, "max_backoff": timedelta(seconds=10)},
    "retry_timeout": timedelta(seconds=PATIENCE_SECONDS),
}
_TIMEOUTS: "ClientConfig" = {
    "connect_timeout": f"{CONNECT_SECONDS}s",
    "read_timeout": f"{READ_SECONDS}s",
    "timeout": f"{TOTAL_SECONDS}s",
}
# What obstore raises; running out of memory is none of these.
_OBSTORE_ERRORS = (BaseError, OSError, ValueError)


@dataclass(frozen=True)
class StoredObject:
    """Content and identity of an object; the ETag is without its quotes."""

    content: bytes
    etag: str


class Bucket:
    """One bucket; its methods raise the errors of the contract.

    Raises:
        BucketMissing, FileMissing: there is no such bucket or object.
        AccessDenied: the function's role may not do this.
        InvalidInput: obstore refuses the key (``..``, empty segments).
        StorageUnavailable: anything else, after the retries of the client.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        # Emulators use plain HTTP. On AWS the variable is not set.
        plain_http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self._store = S3Store(name, client_options={"allow_http": plain_http, **_TIMEOUTS}, retry_config=_RETRIES)

    def read(self, key: str, check_size: Callable[[int], None] | None = None) -> StoredObject:
        """The object as it was at one moment, never a mixture of two versions.

        Args:
            key: of the object.
            check_size: called with the number of bytes before they are read; may raise, so that they are not read.

        Raises:
            InputChanged: it was replaced while it was read, at every try.
        """
        etags = set()

        def ask() -> StoredObject:
            with self._translated_errors(key):
                found = obstore.get(self._store, key)
                etag = _unquoted(found.meta["e_tag"])
                etags.add(etag)
                if check_size is not None:
                    check_size(found.meta["size"])
                return StoredObject(bytes(found.bytes()), etag)

        try:
            return ask_again(ask)
        except StorageUnavailable as error:
            if len(etags) < TRIES:
                raise
            raise InputChanged("was replaced each time it was read", bucket=self.name, filename=key) from error

    def write(self, key: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        """Create or replace an object, which appears whole or not at all; returns its ETag."""
        attributes: Any = metadata or {}

        def ask() -> str:
            with self._translated_errors(key):
                # In one part, so that the object appears whole or not at all, and nothing is left of a failed upload.
                put = obstore.put(self._store, key, content, attributes=attributes, use_multipart=False)
                return _unquoted(put["e_tag"])

        return ask_again(ask)

    @contextmanager
    def _translated_errors(self, key: str) -> Iterator[None]:
        """Turn obstore's errors into those of the contract."""
        try:
            yield
        except _OBSTORE_ERRORS as error:
            raise self._translated(error, key) from error

    def _translated(self, error: Exception, key: str) -> RunError:
        text = str(error)
        code, status = _ERROR_CODE.search(text), _STATUS.search(text)
        if isinstance(error, FileNotFoundError) and code is None:
            return storage_error("404", text, self.name, key)
        if isinstance(error, ValueError):
            return InvalidInput("is not a possible file name", bucket=self.name, filename=key)
        found = code or status
        return storage_error(found.group(1) if found else "", text.partition("\n")[0], self.name, key)


def _unquoted(etag: str | None) -> str:
    return (etag or "").strip('"')
