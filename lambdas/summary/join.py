"""Joins the results of a run with its manifest, so that every file sent is accounted for."""

from concurrent.futures import ThreadPoolExecutor

import msgspec

from lambdas import s3
from lambdas.contract import keys
from lambdas.contract.errors import NoResult
from lambdas.contract.events import Batch, MapError, RunPlan
from lambdas.contract.parameters import RunParameters
from lambdas.contract.results import BatchResult, FileResult, Totals, add_up


class RunSummary(Totals, frozen=True, kw_only=True):
    """What a run did.

    Attributes:
        n_found, n_done: input files, and those among them that were finished before the run.
        within_tolerance: whether the share of failed files is one that the request tolerates.
        map_error: why the map over the batches gave up, if it did.
    """

    run_id: str
    input_bucket: str
    output_bucket: str
    params: RunParameters
    n_found: int
    n_done: int
    within_tolerance: bool
    map_error: MapError | None


def summarise(plan: RunPlan) -> RunSummary:
    """Read the manifest and all results of a run and add them up."""
    manifest = msgspec.json.decode(s3.read(plan.output_bucket, plan.manifest_key), type=list[Batch])
    written = {found.key for found in s3.list_objects(plan.output_bucket, keys.results_prefix(plan.run_id))}
    with ThreadPoolExecutor(s3.CONCURRENT_REQUESTS) as pool:
        by_batch = pool.map(lambda batch: _results(plan, batch, written), manifest)
        totals = add_up(result for results in by_batch for result in results)
    return RunSummary(
        run_id=plan.run_id,
        input_bucket=plan.input_bucket,
        output_bucket=plan.output_bucket,
        params=plan.params,
        n_found=plan.n_found,
        n_done=plan.n_done,
        within_tolerance=100 * totals["n_failed"] <= plan.tolerated_failure_percentage * totals["n_files"],
        map_error=plan.map_error,
        **totals,
    )


def _results(plan: RunPlan, batch: Batch, written: set[str]) -> list[FileResult]:
    """Results of the files of a batch, as the function wrote them, or that there are none."""
    key = keys.result_key(plan.run_id, batch.batch)
    filenames = [file.filename for file in batch.files]
    if key in written:
        try:
            record = msgspec.json.decode(s3.read(plan.output_bucket, key), type=BatchResult)
        except msgspec.MsgspecError:
            record = None
        # A record of other files or parameters was left by an earlier run of the same name.
        if (
            record is not None
            and record.fingerprint == plan.params.fingerprint()
            and [result.filename for result in record.results] == filenames
        ):
            return record.results
    message = (
        "the function that had this file left no result: out of time or memory, stopped, or not allowed to write it; "
        f"see {keys.executions_prefix(plan.run_id)}"
    )
    return [FileResult.failed(name, NoResult(message, filename=name)) for name in filenames]
