"""S3 for kickoff, summary and the command line: long listings, many requests at a time, large files."""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import boto3
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sampling_units.aws.storage_errors import storage_error
from sampling_units.aws.storage_policy import BOTO3_RETRIES, CONNECT_SECONDS, READ_SECONDS, ask_again
from sampling_units.errors import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

Item = TypeVar("Item")
Answer = TypeVar("Answer")

# Requests that run at the same time; also the size of the connection pool.
CONCURRENT_REQUESTS = 32
# Keys are listed in the order of their UTF-8 bytes: no key below a folder comes after this character.
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True)
class Listed:
    """An object in a listing; the ETag is without its quotes."""

    key: str
    size: int
    etag: str


@cache
def client() -> "S3Client":
    retries: Any = {"mode": "standard", "max_attempts": BOTO3_RETRIES}
    config = Config(
        retries=retries,
        max_pool_connections=CONCURRENT_REQUESTS,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
    return boto3.client("s3", config=config)


def list_objects(bucket: str, prefix: str, skip: Sequence[str] = ()) -> Iterator[Listed]:
    """Every object whose key begins with ``prefix``, page after page, in the order of the keys.

    Folders in ``skip`` are jumped over; what they hold is not even listed.
    """
    start_after: str | None = ""
    while start_after is not None:
        start_after = yield from _listed_until(bucket, prefix, start_after, skip)


def _listed_until(
    bucket: str, prefix: str, start_after: str, skip: Sequence[str]
) -> Generator[Listed, None, str | None]:
    """Objects from one key up to the next folder to be skipped; returns where to go on after it, None at the end."""
    pages = client().get_paginator("list_objects_v2")
    with _translated_errors(bucket):
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, StartAfter=start_after):
            for found in page.get("Contents", []):
                for folder in skip:
                    if found["Key"].startswith(folder):
                        return folder + _LAST_CHARACTER
                yield Listed(found["Key"], found["Size"], found["ETag"].strip('"'))
    return None


def read(bucket: str, key: str) -> bytes:
    def ask() -> bytes:
        with _translated_errors(bucket, key):
            return client().get_object(Bucket=bucket, Key=key)["Body"].read()

    return ask_again(ask)


def write_json(bucket: str, key: str, content: bytes) -> None:
    write(bucket, key, content, "application/json")


def write(bucket: str, key: str, content: bytes, content_type: str) -> None:
    with _translated_errors(bucket, key):
        client().put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)


def head(bucket: str, key: str) -> "HeadObjectOutputTypeDef":
    """The metadata of an object, with its size and ETag."""
    with _translated_errors(bucket, key):
        return client().head_object(Bucket=bucket, Key=key)


def download(bucket: str, key: str, path: Path) -> None:
    """Write an object to a local file, which appears whole or not at all."""
    with _translated_errors(bucket, key):
        client().download_file(bucket, key, str(path))


def upload(bucket: str, key: str, path: Path, content_type: str) -> None:
    """Write a local file, however large, to an object, which appears whole or not at all."""
    with _translated_errors(bucket, key):
        client().upload_file(str(path), bucket, key, ExtraArgs={"ContentType": content_type})


def concurrently(
    ask: Callable[[Item], Answer], items: Iterable[Item], n_at_a_time: int = CONCURRENT_REQUESTS
) -> Iterator[Answer]:
    """The answers for all items in their order, ``n_at_a_time`` asked for at once; at most twice as many are held."""
    pool = ThreadPoolExecutor(n_at_a_time)
    pending: deque[Future[Answer]] = deque()
    try:
        for item in items:
            pending.append(pool.submit(ask, item))
            if len(pending) >= 2 * n_at_a_time:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _translated_errors(bucket: str, key: str | None = None) -> Iterator[None]:
    """Turn boto3's errors into those of ``sampling_units.errors``."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise storage_error(code, str(error), bucket, key) from error
    except (BotoCoreError, Boto3Error) as error:
        raise StorageUnavailable(str(error), bucket=bucket, filename=key) from error
