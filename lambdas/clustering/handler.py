"""Entry point of the clustering function: validates the event, runs the batch, returns one result per file."""

import logging
import math
from typing import Any

from lambdas.clustering import compiled_cache
from sampling_units import memory

# Both must run before numba and Arrow are imported below.
compiled_cache.prepare()
memory.prepare()

import msgspec  # noqa: E402

from lambdas.clustering.batch import run_batch  # noqa: E402
from sampling_units.runs.events import ClusteringRequest, parse_event  # noqa: E402
from sampling_units.runs.settings import Settings  # noqa: E402

logging.getLogger().setLevel(logging.INFO)


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer ``{"filename", "input_bucket", "output_bucket"}`` or a batch of ``files``; see docs/parameters.md.

    Raises:
        InvalidEvent, InvalidParameters, AccessDenied: nothing was started.
        BatchUnfinished: the invocation had no time for all files of a run's batch.
        StorageUnavailable: the results of a batch could not be written.
    """
    settings = Settings.from_environment()
    request = parse_event(settings.complete_params(event), ClusteringRequest)
    settings.buckets(request.input_bucket, request.output_bucket)

    def remaining_seconds() -> float:
        return context.get_remaining_time_in_millis() / 1000 if context is not None else math.inf

    outcome = run_batch(request, remaining_seconds, settings.deployment.memory_mb)
    n_failed = sum(result.failure is not None for result in outcome.results)
    answer = {"n_files": len(outcome.results), "n_failed": n_failed}
    if request.run_id is not None:
        # The results are in the run's folder; they may be too large for the state machine.
        return answer
    return answer | {"results": msgspec.to_builtins(outcome.results), "not_started": outcome.not_started}
