"""Errors of AWS services other than S3 as errors of the contract."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from sampling_units.errors import AccessDenied, InvalidParameters, StorageUnavailable

_DENIED = ("AccessDenied", "AccessDeniedException", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId")
# There are no credentials, or no region, to ask with.
_NO_IDENTITY = (
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)
_MISSING = ("ValidationError", "ExecutionDoesNotExist")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Within the block, errors of AWS become those of the contract; ``what`` was asked for.

    Raises:
        InvalidParameters: there is no such thing.
        AccessDenied: these credentials may not ask for it.
        StorageUnavailable: AWS does not answer as it should.
    """
    try:
        yield
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code in _MISSING:
            raise InvalidParameters(f"there is no {what} in this account and region") from error
        if code in _DENIED:
            raise AccessDenied(f"{what}: no access ({message})") from error
        raise StorageUnavailable(f"{what}: {message}") from error
    except _NO_IDENTITY as error:
        message = f"{error}. Set up credentials and region (`aws configure sso`), or choose --profile and --region"
        raise AccessDenied(f"{what}: {message}") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"{what}: {error}") from error
