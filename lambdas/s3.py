"""S3 as the kickoff and summary functions use it: long listings, many look-ups, JSON objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.contract.errors import AccessDenied, BucketMissing, FileMissing, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# Look-ups that run at the same time; also the size of the connection pool.
CONCURRENT_REQUESTS = 32


@dataclass(frozen=True)
class Listed:
    """An object in a listing; the ETag is without its quotes."""

    key: str
    size: int
    etag: str


@cache
def client() -> "S3Client":
    retries: Any = {"mode": "standard", "max_attempts": 5}
    return boto3.client("s3", config=Config(retries=retries, max_pool_connections=CONCURRENT_REQUESTS))


def list_objects(bucket: str, prefix: str) -> Iterator[Listed]:
    """Every object whose key begins with ``prefix``, page after page, in the order of the keys."""
    with _translated_errors(bucket):
        for page in client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                yield Listed(found["Key"], found["Size"], found["ETag"].strip('"'))


def user_metadata(bucket: str, key: str) -> dict[str, str]:
    with _translated_errors(bucket, key):
        return client().head_object(Bucket=bucket, Key=key)["Metadata"]


def read(bucket: str, key: str) -> bytes:
    with _translated_errors(bucket, key):
        return client().get_object(Bucket=bucket, Key=key)["Body"].read()


def write_json(bucket: str, key: str, content: bytes) -> None:
    with _translated_errors(bucket, key):
        client().put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")


@contextmanager
def _translated_errors(bucket: str, key: str | None = None) -> Iterator[None]:
    """Turn the client's errors into those of the contract."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "NoSuchBucket":
            raise BucketMissing("there is no such bucket", bucket=bucket) from error
        if code in ("NoSuchKey", "404"):
            raise FileMissing("there is no such object", bucket=bucket, filename=key) from error
        if code in ("AccessDenied", "403"):
            raise AccessDenied("the role may not do this", bucket=bucket, filename=key) from error
        raise StorageUnavailable(str(error), bucket=bucket, filename=key) from error
    except BotoCoreError as error:
        raise StorageUnavailable(str(error), bucket=bucket, filename=key) from error
