"""Which version of an input an output was made from."""

import hashlib
from pathlib import Path

_BLOCK_BYTES = 1_000_000


def content_digest(path: Path) -> str:
    """MD5 of a file: the ETag of an S3 object uploaded in one part, so that outputs are the same as on AWS.

    Raises:
        OSError: the file cannot be read.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile() as file:
    ...     content_digest(Path(file.name))
    'd41d8cd98f00b204e9800998ecf8427e'
    """
    md5 = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        # hashlib.file_digest fills its buffer with zeros first, which takes longer than reading a small file.
        while block := file.read(_BLOCK_BYTES):
            md5.update(block)
    return md5.hexdigest()
