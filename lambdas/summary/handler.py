"""Entry point of the summary function: ``summary.json``, and the joined frame and report of a run."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from lambdas.summary.join import Summarised, join_frames, summarise
from sampling_units.aws import s3
from sampling_units.runs import keys
from sampling_units.runs.events import RunPlan, parse_event
from sampling_units.runs.log_messages import RUN_FINISHED
from sampling_units.runs.settings import Settings
from sampling_units.runs.summary import RunSummary

logger = logging.getLogger(__name__)
logging.getLogger().setLevel(logging.INFO)

# The answer goes through the state machine, at most 256 KiB: the full list is in summary.json.
_FAILURES_IN_ANSWER = 20


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a ``RunPlan`` with the figures of the run; every failed file is in ``summary.json``.

    Raises:
        InvalidEvent: the event is not a run plan.
        AccessDenied: it is one for other buckets.
        FileMissing, StorageUnavailable: the manifest or a result cannot be read.
    """
    settings, plan = Settings.from_environment(), parse_event(event, RunPlan)
    settings.buckets(plan.input_bucket, plan.output_bucket)
    key = keys.summary_key(plan.run_id)
    with tempfile.TemporaryDirectory() as folder:
        summarised = summarise(plan, settings.deployment, Path(folder))
        # Written first: the outcome of the run does not depend on whether its frames can be joined.
        s3.write_json(plan.output_bucket, key, msgspec.json.encode(summarised.summary))
        summary = _with_joined_frames(plan, summarised, Path(folder))
    s3.write_json(plan.output_bucket, key, msgspec.json.encode(summary))
    counts = {"run": plan.run_id, "n_succeeded": summary.n_succeeded, "n_failed": summary.n_failed}
    logger.info(RUN_FINISHED, extra=counts)
    return _answer(summary, key)


def _with_joined_frames(plan: RunPlan, summarised: Summarised, folder: Path) -> RunSummary:
    """The summary with joined frame and report, or with the reason why they are missing."""
    try:
        return join_frames(plan, summarised, folder)
    except Exception as error:
        logger.exception("no joined frame or report")
        message = f"{type(error).__name__}: {error}"
        return msgspec.structs.replace(summarised.summary, report_error=message)


def _answer(summary: RunSummary, key: str) -> dict[str, Any]:
    # Shortened before it is converted: there may be a million failures.
    short = msgspec.structs.replace(summary, failures=summary.failures[:_FAILURES_IN_ANSWER])
    return msgspec.to_builtins(short) | {"summary_key": key}  # type: ignore[no-any-return]
