"""S3 as the clustering function uses it: read an object whole, write one whole.

Built on obstore, which is imported in 20 ms where boto3 takes half a second; see docs/decisions.
"""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from sampling_units.aws.storage_errors import storage_error
from sampling_units.aws.storage_policy import (
    CLIENT_RETRIES,
    CONNECT_SECONDS,
    PATIENCE_SECONDS,
    READ_SECONDS,
    TOTAL_SECONDS,
    TRIES,
)
from sampling_units.errors import InputChanged, InvalidInput, RunError, StorageUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

Answer = TypeVar("Answer")

_ERROR_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
# Waits between tries double on average: half a minute in all, as S3 asks for when it says `SlowDown`.
_RETRIES: "RetryConfig" = {
    "max_retries": CLIENT_RETRIES,
    "backoff": {"init_backoff": timedelta(seconds=0.1), "base": 4, "max_backoff": timedelta(seconds=10)},
    "retry_timeout": timedelta(seconds=PATIENCE_SECONDS),
}
_TIMEOUTS: "ClientConfig" = {
    "connect_timeout": f"{CONNECT_SECONDS}s",
    "read_timeout": f"{READ_SECONDS}s",
    "timeout": f"{TOTAL_SECONDS}s",
}
# What obstore raises; a want of memory is none of these.
_OF_STORAGE = (BaseError, OSError, ValueError)


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
        InvalidInput: the key is not one that a file can have (``..``, empty segments).
        StorageUnavailable: anything else, after the retries of the client.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        # Emulators speak plain HTTP; with AWS there is no endpoint variable and this changes nothing.
        plain_http = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        self._store = S3Store(name, client_options={"allow_http": plain_http, **_TIMEOUTS}, retry_config=_RETRIES)

    def read(self, key: str, check_size: Callable[[int], None] | None = None) -> StoredObject:
        """The object as it is at one moment.

        Args:
            key: of the object.
            check_size: called with the number of bytes before they are read; may raise, so that they are not read.

        Raises:
            InputChanged: it was replaced while it was read, at every try.
        """
        etags = set()

        def ask() -> StoredObject:
            found = obstore.get(self._store, key)
            etag = _bare(found.meta["e_tag"])
            etags.add(etag)
            if check_size is not None:
                check_size(found.meta["size"])
            return StoredObject(bytes(found.bytes()), etag)

        try:
            return self._patiently(ask, key)
        except StorageUnavailable as error:
            if len(etags) < TRIES:
                raise
            raise InputChanged("was replaced each time it was read", bucket=self.name, filename=key) from error

    def write(self, key: str, content: bytes, metadata: dict[str, str] | None = None) -> str:
        """Create or replace an object, which appears whole or not at all; returns its ETag."""
        attributes: Any = metadata or {}

        def ask() -> str:
            # In one part: it is there whole or not at all, and a failed one leaves nothing behind.
            return _bare(obstore.put(self._store, key, content, attributes=attributes, use_multipart=False)["e_tag"])

        return self._patiently(ask, key)

    def _patiently(self, ask: Callable[[], Answer], key: str) -> Answer:
        """The answer, asked for again where the client's own retries end: an answer that breaks off, a slow upload."""
        began, n_tries = time.monotonic(), 0
        while True:
            try:
                return ask()
            except _OF_STORAGE as error:
                failure, n_tries = self._translated(error, key), n_tries + 1
                is_lasting = not isinstance(failure, StorageUnavailable) or time.monotonic() - began > PATIENCE_SECONDS
                if is_lasting or n_tries == TRIES:
                    raise failure from error

    def _translated(self, error: Exception, key: str) -> RunError:
        text = str(error)
        code, status = _ERROR_CODE.search(text), _STATUS.search(text)
        if isinstance(error, FileNotFoundError) and code is None:
            return storage_error("404", text, self.name, key)
        if isinstance(error, ValueError):
            return InvalidInput("is not a possible file name", bucket=self.name, filename=key)
        found = code or status
        return storage_error(found.group(1) if found else "", text.partition("\n")[0], self.name, key)


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')
