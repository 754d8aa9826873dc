"""What S3 answers, in the errors of the contract: the same whichever client asked."""

from sampling_units.errors import AccessDenied, BucketMissing, FileMissing, RunError, StorageUnavailable

_FORBIDDEN = ("AccessDenied", "403", "ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled")


def storage_error(code: str, text: str, bucket: str, key: str | None) -> RunError:
    """The error for an answer of S3.

    Args:
        code: of the answer, such as ``SlowDown``, or the HTTP status where there is no body.
        text: what the client says about it.
        bucket, key: what was asked for.
    """
    if code == "NoSuchBucket":
        return BucketMissing("there is no such bucket", bucket=bucket)
    if code in ("NoSuchKey", "404"):
        return FileMissing("there is no such object", bucket=bucket, filename=key)
    if code in _FORBIDDEN:
        return AccessDenied("the role may not do this", bucket=bucket, filename=key)
    return StorageUnavailable(text, bucket=bucket, filename=key)
