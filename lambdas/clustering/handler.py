"""Entry point of the clustering function: validates the event, hands it to the batch, returns one result a file."""

import logging
from typing import Any

from lambdas.clustering import compiled_cache

compiled_cache.prepare()

import msgspec  # noqa: E402

from lambdas.clustering.batch import run_batch  # noqa: E402
from lambdas.contract.events import ClusteringRequest, parse_event  # noqa: E402
from lambdas.settings import Settings  # noqa: E402

logging.getLogger().setLevel(logging.INFO)


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer ``{"filename", "input_bucket", "output_bucket"}`` or a batch of ``files``; see docs/parameters.md.

    Raises:
        InvalidEvent, InvalidParameters, AccessDenied: nothing was started.
    """
    settings = Settings.from_environment()
    request = parse_event(settings.complete_params(event), ClusteringRequest)
    settings.buckets(request.input_bucket, request.output_bucket)
    results = run_batch(request)
    n_failed = sum(result.failure is not None for result in results)
    answer = {"n_files": len(results), "n_failed": n_failed}
    # A run finds the results in its folder; the state machine could not carry all of them.
    return answer if request.run_id is not None else answer | {"results": msgspec.to_builtins(results)}
