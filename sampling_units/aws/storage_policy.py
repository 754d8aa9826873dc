"""How long and how often requests to S3 are tried: for both clients, boto3 and, in the clustering function, obstore.

Both clients retry by themselves, and wait longer from try to try, as S3 demands with ``SlowDown``: boto3 about 15
seconds in all, obstore half a minute. ``ask_again`` is for what they give up on too early. boto3 does so when an object
breaks off while it is read; obstore when the object was replaced meanwhile, and when S3 answers that a request was too
slow or the clock wrong. A library for retries (tenacity) would replace its few lines, and would be one more package in
the functions' image.
"""

import time
from collections.abc import Callable
from typing import TypeVar

from sampling_units.errors import StorageUnavailable

Answer = TypeVar("Answer")

# A connection that is not made, or on which nothing moves, is given up long before the function is.
CONNECT_SECONDS, READ_SECONDS = 5, 30
# For a whole answer, however slowly it arrives.
TOTAL_SECONDS = 150
# Retries of each client itself; the waits between them differ.
BOTO3_RETRIES, OBSTORE_RETRIES = 5, 10
# Calls of a client for one request, and the seconds after which there is no further one.
TRIES, PATIENCE_SECONDS = 3, 60


def ask_again(ask: Callable[[], Answer]) -> Answer:
    """The answer of ``ask``, which is called up to ``TRIES`` times as long as storage is unavailable.

    Raises:
        StorageUnavailable: at the last try, or after ``PATIENCE_SECONDS``. Other errors come through at once.

    >>> answers = iter([StorageUnavailable("broken off"), b"content"])
    >>> def ask():
    ...     answer = next(answers)
    ...     if isinstance(answer, Exception):
    ...         raise answer
    ...     return answer
    >>> ask_again(ask)
    b'content'
    """
    began = time.monotonic()
    for _ in range(TRIES - 1):
        try:
            return ask()
        except StorageUnavailable:
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise
    return ask()
