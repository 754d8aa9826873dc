"""Entry point of the summary function: joins the results of a run and writes ``summary.json`` and the joined frame."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.events import RunPlan, parse_event
from lambdas.contract.log_messages import RUN_FINISHED
from lambdas.settings import Settings
from lambdas.summary.join import RunSummary, summarise

logger = logging.getLogger(__name__)
logging.getLogger().setLevel(logging.INFO)

# The answer travels through the state machine, which carries 256 KiB: the full list is in summary.json.
_FAILURES_IN_ANSWER = 20


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a ``RunPlan`` with the figures of the run; every failed file is in ``summary.json``.

    Raises:
        InvalidEvent: the event is not a run plan.
        FileMissing, StorageUnavailable: the manifest or a result cannot be read.
    """
    plan = parse_event(event, RunPlan)
    with tempfile.TemporaryDirectory() as folder:
        summary = summarise(plan, Settings.from_environment().deployment, Path(folder))
    key = keys.summary_key(plan.run_id)
    s3.write_json(plan.output_bucket, key, msgspec.json.encode(summary))
    counts = {"run": plan.run_id, "n_succeeded": summary.n_succeeded, "n_failed": summary.n_failed}
    logger.info(RUN_FINISHED, extra=counts)
    return _answer(summary, key)


def _answer(summary: RunSummary, key: str) -> dict[str, Any]:
    answer: dict[str, Any] = msgspec.to_builtins(summary)
    return answer | {"failures": answer["failures"][:_FAILURES_IN_ANSWER], "summary_key": key}
