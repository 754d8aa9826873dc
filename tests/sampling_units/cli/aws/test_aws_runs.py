"""What the embedded AWS cannot show: a lost network, and Step Functions' redrive."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.kickoff.handler import handle as kick_off
from lambdas.summary.handler import handle as summarise
from sampling_units.aws import s3
from sampling_units.cli.aws import run_progress
from sampling_units.cli.aws.deployment import Deployment
from sampling_units.cli.aws.list import list_runs
from sampling_units.cli.aws.options import AfterStart
from sampling_units.cli.aws.plan import look_ahead
from sampling_units.cli.aws.retry import retry_run
from sampling_units.cli.aws.run_outcome import failures_by_error, outcome_of
from sampling_units.cli.aws.run_progress import RunProgress
from sampling_units.cli.aws.start import report_start
from sampling_units.errors import InvalidInput, InvalidParameters, NoResult, StorageUnavailable
from sampling_units.results import FileResult
from sampling_units.runs.settings import NO_DEPLOYMENT
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file
from tests.support.runs import run_batches

ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:Machine"
DEPLOYMENT = Deployment("SamplingUnits-prod", INPUTS, OUTPUTS, ARN, NO_DEPLOYMENT)
START = datetime.now(UTC)
REQUEST = {"run_id": "run-1", "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": {"target_weight": 20}}


@pytest.fixture
def answers(monkeypatch):
    """What Step Functions says, one answer after the other; an exception is raised."""
    said = []

    def describe(deployment, run):
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"executionArn": deployment.execution_arn(run), "name": run, "startDate": START} | answer

    monkeypatch.setattr(run_progress, "describe", describe)
    monkeypatch.setattr(run_progress, "_SECONDS_BETWEEN_LOOKS", 0.0)
    return said


def test_the_progress_counts_files_and_survives_a_lost_network(buckets, answers, monkeypatch):
    monkeypatch.setattr("sampling_units.runs.batch_size.MIN_BYTES_PER_BATCH", 1)
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    buckets.put_object(Bucket=INPUTS, Key="bad.parquet", Body=b"bad")
    running = {"status": "RUNNING"}
    answers += [running, running, StorageUnavailable("no route"), running, {"status": "SUCCEEDED"}]
    looks = RunProgress(DEPLOYMENT, "run-1").follow()
    assert next(looks).plan is None
    plan = kick_off(REQUEST, None)
    assert plan["n_batches"] == 4
    listed = next(looks)
    assert (listed.plan.n_files, listed.n_finished) == (4, 0)
    run_batches(buckets, plan, only=[0, 3])
    lost = next(looks)
    assert (lost.trouble, lost.n_finished) == ("no route", 0)
    back = next(looks)
    assert (back.trouble, back.n_finished, back.n_failed) == (None, 2, 1)
    run_batches(buckets, plan, only=[1])
    last = next(looks)
    assert (last.status, last.n_finished) == ("SUCCEEDED", 3)
    assert last.dollars > back.dollars > 0
    assert list(looks) == []


def test_the_network_is_not_waited_for_for_ever(answers, monkeypatch):
    monkeypatch.setattr(run_progress, "_SECONDS_OF_PATIENCE", 0.05)
    answers += [StorageUnavailable("no route")] * 100_000
    with pytest.raises(StorageUnavailable, match="no route"):
        list(RunProgress(DEPLOYMENT, "run-1").follow())
    assert 0 < len(answers) < 100_000


def test_a_network_that_is_lost_between_two_results_loses_no_count(buckets, answers, monkeypatch):
    monkeypatch.setattr("sampling_units.runs.batch_size.MIN_BYTES_PER_BATCH", 1)
    for number in range(3):
        buckets.put_object(Bucket=INPUTS, Key=f"{number}.parquet", Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    answers += [{"status": "RUNNING"}, {"status": "SUCCEEDED"}]
    read, asked = s3.read, []

    def fail_once(bucket, key):
        asked.append(key)
        if "/results/" in key and sum("/results/" in known for known in asked) == 2:
            raise StorageUnavailable("no route")
        return read(bucket, key)

    monkeypatch.setattr(s3, "read", fail_once)
    lost, last = RunProgress(DEPLOYMENT, "run-1").follow()
    assert (lost.trouble, lost.n_finished) == ("no route", 0)
    assert (last.n_finished, last.n_failed) == (3, 0)


def test_a_new_run_is_given_a_moment_to_appear(buckets, answers, monkeypatch):
    answers += [InvalidParameters("unknown"), {"status": "SUCCEEDED"}]
    assert [progress.status for progress in RunProgress(DEPLOYMENT, "run-1", is_new=True).follow()][-1] == "SUCCEEDED"
    answers += [InvalidParameters("unknown")]
    with pytest.raises(InvalidParameters):
        next(RunProgress(DEPLOYMENT, "run-1").follow())


def test_the_plan_of_an_older_run_of_that_name_is_none_of_this_one(buckets, answers):
    kick_off(REQUEST, None)
    answers += [{"status": "RUNNING", "startDate": START + timedelta(days=91)}]
    assert next(RunProgress(DEPLOYMENT, "run-1").follow()).plan is None


def test_a_run_whose_summary_broke_off_is_redriven(buckets, answers, monkeypatch):
    client = boto3.client("stepfunctions", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    kick_off(REQUEST, None)
    monkeypatch.setattr(boto3, "client", lambda service: client)
    broken_off = {"status": "FAILED", "error": "Lambda.ServiceException", "redriveStatus": "REDRIVABLE"}
    answers.append(broken_off | {"redriveCount": 0})
    with Stubber(client) as stubber:
        expected = {"executionArn": ARN.replace("stateMachine", "execution") + ":run-1"}
        stubber.add_response("redrive_execution", {"redriveDate": 0}, expected)
        assert retry_run(DEPLOYMENT, "run-1", None, None) == ("run-1", True, "run-1 is taken up where it broke off.")
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    "described",
    [
        {"status": "FAILED", "error": "ToleratedFailuresExceeded", "redriveStatus": "REDRIVABLE"},
        {"status": "FAILED", "error": "Lambda.ServiceException", "redriveStatus": "NOT_REDRIVABLE"},
        {"status": "FAILED", "error": "Lambda.ServiceException", "redriveStatus": "REDRIVABLE", "redriveCount": 1},
        {"status": "ABORTED", "redriveStatus": "REDRIVABLE"},
        {"status": "SUCCEEDED"},
        InvalidParameters("forgotten after 90 days"),
    ],
)
def test_every_other_run_is_retried_by_a_new_one(buckets, answers, monkeypatch, described):
    started = []
    monkeypatch.setattr(
        "sampling_units.cli.aws.retry.start_run", lambda *request: started.append(request) or ("run-2", True)
    )
    kick_off(REQUEST | {"max_concurrency": 7}, None)
    answers.append(described)
    assert retry_run(DEPLOYMENT, "run-1", "run-2", None)[0] == "run-2"
    ((_, request, name),) = started
    assert (request["retry_of"], request["max_concurrency"], name) == ("run-1", 7, "run-2")
    assert request["params"]["target_weight"] == 20


REFUSED = {"status": "FAILED", "error": "InvalidParameters", "cause": "no", "redriveStatus": "REDRIVABLE"}


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"status": "RUNNING"}, "still going on"),
        (
            REFUSED,
            "sent no files .InvalidParameters: no.",
        ),
        (InvalidParameters("unknown"), "there is no run run-1 of SamplingUnits-prod"),
    ],
)
def test_what_cannot_be_retried_says_why(buckets, answers, described, message):
    answers.append(described)
    with pytest.raises(InvalidParameters, match=message):
        retry_run(DEPLOYMENT, "run-1", None, None)


def test_failures_are_grouped_by_their_error_with_the_first_of_each():
    failures = [
        FileResult.failed(f"{n}.parquet", InvalidInput("bad\x1b[1m", filename=f"{n}.parquet")) for n in range(5)
    ]
    failures.append(FileResult.failed("lost.parquet", NoResult("stopped", filename="lost.parquet")))
    lines = list(failures_by_error(failures))
    assert lines[0] == "InvalidInput: 5 files"
    assert lines[1] == "  0.parquet: bad\\x1b[1m"
    assert lines[4] == "  and 2 more, all in summary.json and in the report"
    assert lines[5:] == ["NoResult: 1 file", "  lost.parquet: stopped"]


def ended(client, *names):
    """A run over these files that came to its end."""
    for number, name in enumerate(names):
        client.put_object(Bucket=INPUTS, Key=name, Body=cell_file(80, seed=number))
    plan = kick_off(REQUEST, None)
    run_batches(client, plan)
    summarise(plan, None)
    return {"name": "run-1", "status": "SUCCEEDED", "startDate": START}


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"started_at": "now"}', b"\xff"])
def test_a_broken_summary_is_named_and_hides_no_other_run(buckets, monkeypatch, content):
    described = ended(buckets, "a.parquet")
    buckets.put_object(Bucket=OUTPUTS, Key="runs/run-1/summary.json", Body=content)
    with pytest.raises(InvalidParameters, match=r"runs/run-1/summary\.json is of another version .* or broken"):
        outcome_of(DEPLOYMENT, "run-1", described)
    client = boto3.client("stepfunctions", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(boto3, "client", lambda service: client)
    with Stubber(client) as stubber:
        arns = {"executionArn": f"{ARN}:run-1", "stateMachineArn": ARN}
        stubber.add_response("list_executions", {"executions": [described | arns]}, {"stateMachineArn": ARN})
        (run,) = list_runs(DEPLOYMENT, 20)
    assert (run["run"], run["n_succeeded"]) == ("run-1", None)


def test_the_outcome_of_a_run_is_its_summary(buckets, capsys):
    outcome = outcome_of(DEPLOYMENT, "run-1", ended(buckets, "a.parquet", "b//c.parquet"))
    assert (outcome.summary.n_succeeded, outcome.n_failed) == (1, 1)
    outcome.print(as_json=True, option="")
    summary = json.loads(s3.read(OUTPUTS, "runs/run-1/summary.json"))
    assert json.loads(capsys.readouterr().out)["summary"] == summary
    outcome.print(as_json=False, option="")
    printed = capsys.readouterr()
    assert "1 file clustered, 0 were up to date, 1 failed" in printed.out
    assert "InvalidInput: 1 file\n  b//c.parquet: is not a possible file name: it has an empty folder" in printed.err


def test_names_that_cannot_be_those_of_files_are_told_before_and_not_retried(buckets, answers, monkeypatch, capsys):
    described = ended(buckets, "a.parquet", "b//c.parquet")
    monkeypatch.setattr("sampling_units.cli.aws.deployment.find_deployment", lambda stack: DEPLOYMENT)
    outlook = look_ahead("SamplingUnits-prod", {"params": {"target_weight": 30}})
    assert (outlook.n_found, outlook.n_refused, outlook.n_files) == (2, 1, 1)
    assert (outlook.estimate.n_files, outlook.estimate.n_batches) == (1, 1)
    answers += [{"status": "RUNNING"}, described]
    report_start(DEPLOYMENT, "run-1", AfterStart(), is_new=True)
    assert "2 files found, 0 up to date, 1 refused for their names, 1 to do in 1 batch." in capsys.readouterr().out
    new_run, _, reason = retry_run(DEPLOYMENT, "run-1", None, None)
    assert new_run is None
    assert "1 failed file of run-1 would only fail again. Repair and upload first: b//c.parquet" in reason


def test_a_run_cannot_be_called_like_an_output():
    with pytest.raises(InvalidParameters, match="must not contain `clustered_`"):
        DEPLOYMENT.complete({}, "my_clustered_run")
