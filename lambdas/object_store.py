"""S3 as the clustering function uses it: read an object whole, write one whole.

Built on obstore, which is imported in 20 ms where boto3 takes half a second; see docs/decisions.
"""

import os
import re
from dataclasses import dataclass
from typing import Any

import obstore
from obstore.store import S3Store

from lambdas.contract.errors import AccessDenied, BucketMissing, FileMissing, InvalidInput, RunError, StorageUnavailable

_ERROR_CODE = re.compile(r"<Code>(\w+)</Code>")


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
        self._store = S3Store(name, client_options={"allow_http": plain_http})

    def read(self, key: str) -> StoredObject:
        try:
            found = obstore.get(self._store, key)
            return StoredObject(bytes(found.bytes()), (found.meta["e_tag"] or "").strip('"'))
        except Exception as error:
            raise self._translated(error, key) from error

    def write(self, key: str, content: bytes, metadata: dict[str, str] | None = None) -> None:
        """Create or replace an object; it appears whole or not at all."""
        attributes: Any = metadata or {}
        try:
            # In one part: it is there whole or not at all, and a failed one leaves nothing behind.
            obstore.put(self._store, key, content, attributes=attributes, use_multipart=False)
        except Exception as error:
            raise self._translated(error, key) from error

    def _translated(self, error: Exception, key: str) -> RunError:
        text = str(error)
        found = _ERROR_CODE.search(text)
        code = found.group(1) if found else ""
        if code == "NoSuchBucket":
            return BucketMissing("there is no such bucket", bucket=self.name)
        if isinstance(error, FileNotFoundError):
            return FileMissing("there is no such object", bucket=self.name, filename=key)
        if isinstance(error, obstore.exceptions.PermissionDeniedError | obstore.exceptions.UnauthenticatedError):
            return AccessDenied("the role may not do this", bucket=self.name, filename=key)
        if isinstance(error, ValueError):
            return InvalidInput("is not a possible file name", bucket=self.name, filename=key)
        return StorageUnavailable(text.splitlines()[0], bucket=self.name, filename=key)
