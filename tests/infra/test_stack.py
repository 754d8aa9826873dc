import json
import re

import pytest

from infra.workflow import MAP_STATE
from sampling_units import errors
from sampling_units.runs import keys
from sampling_units.runs.log_messages import RUN_FINISHED
from tests.infra.conftest import KEY, reference, synthesise

ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")
STAGES = {
    "dev": {},
    "prod": {"stage": "prod", "alarm_email": "survey@example.org"},
    "brought-along": {
        "input_bucket": "my-inputs",
        "output_bucket": "my-outputs",
        "kms_key_arn": KEY,
        "architecture": "x86_64",
    },
}


@pytest.mark.parametrize("choices", STAGES.values(), ids=STAGES)
def test_template_is_the_one_that_was_reviewed(choices, snapshot):
    text = json.dumps(synthesise(**choices).to_json(), indent=1, sort_keys=True)
    assert ASSET_HASH.sub("<asset hash>", text) == snapshot


def test_buckets_are_private_encrypted_and_refuse_plain_http(template):
    buckets = template.find_resources("AWS::S3::Bucket")
    assert {reference({"Ref": name}) for name in buckets} == {"BucketsInput", "BucketsOutput", "BucketsAccessLogs"}
    for bucket in buckets.values():
        access = bucket["Properties"]["PublicAccessBlockConfiguration"]
        switches = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
        assert access == dict.fromkeys(switches, True)
        assert bucket["Properties"]["BucketEncryption"]
    guarded = set()
    for policy in template.find_resources("AWS::S3::BucketPolicy").values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert any(s["Effect"] == "Deny" and "aws:SecureTransport" in str(s["Condition"]) for s in statements)
        # Beside S3's own log delivery nobody from outside gets in.
        allowed = [s for s in statements if s["Effect"] == "Allow"]
        assert all(s["Principal"] == {"Service": "logging.s3.amazonaws.com"} for s in allowed)
        guarded.add(reference(policy["Properties"]["Bucket"]))
    assert guarded == {"BucketsInput", "BucketsOutput", "BucketsAccessLogs"}


def test_who_read_what_is_logged(template):
    for name, bucket in template.find_resources("AWS::S3::Bucket").items():
        if "AccessLogs" not in name:
            target = bucket["Properties"]["LoggingConfiguration"]["DestinationBucketName"]
            assert reference(target) == "BucketsAccessLogs"


@pytest.mark.parametrize(("stage", "policy", "versions"), [("prod", "Retain", True), ("dev", "Delete", False)])
def test_whether_data_outlive_the_stack_is_chosen(stage, policy, versions):
    for name, bucket in synthesise(stage=stage).find_resources("AWS::S3::Bucket").items():
        assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == policy
        if "AccessLogs" not in name:
            assert ("VersioningConfiguration" in bucket["Properties"]) == versions
    # Without its policy a bucket that is left would take plain HTTP and log nothing.
    for bucket_policy in synthesise(stage=stage).find_resources("AWS::S3::BucketPolicy").values():
        assert bucket_policy["DeletionPolicy"] == bucket_policy["UpdateReplacePolicy"] == policy


def test_existing_buckets_are_used_and_none_is_made():
    template = synthesise(input_bucket="my-inputs", output_bucket="my-outputs")
    template.resource_count_is("AWS::S3::Bucket", 0)
    for function in template.find_resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert (variables["INPUT_BUCKET"], variables["OUTPUT_BUCKET"]) == ("my-inputs", "my-outputs")


def test_a_key_encrypts_the_buckets_that_are_made():
    for name, bucket in synthesise(kms_key_arn=KEY).find_resources("AWS::S3::Bucket").items():
        (rule,) = bucket["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        own = rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID")
        # S3 cannot deliver logs under a customer's key.
        assert own == (None if "AccessLogs" in name else KEY)
        assert rule.get("BucketKeyEnabled") is (None if "AccessLogs" in name else True)


def test_choices_reach_the_functions():
    template = synthesise(
        memory_mb=3008, timeout_minutes=10, ephemeral_storage_mb=1024, reserved_concurrency=40, max_concurrency=20
    )
    functions = template.find_resources("AWS::Lambda::Function")
    (clustering,) = (f["Properties"] for name, f in functions.items() if "Clustering" in name)
    assert clustering["MemorySize"] == 3008
    assert clustering["Timeout"] == 600
    assert clustering["EphemeralStorage"] == {"Size": 1024}
    assert clustering["ReservedConcurrentExecutions"] == 40
    for function in functions.values():
        told = json.loads(function["Properties"]["Environment"]["Variables"]["DEPLOYMENT"])
        defaults = {"max_concurrency": 20, "params": {}, "tolerated_failure_percentage": 10.0}
        expected = {"run_defaults": defaults, "architecture": "arm64", "memory_mb": 3008, "timeout_minutes": 10}
        assert told == expected


def test_every_log_group_forgets_and_goes_with_the_stack(template):
    groups = template.find_resources("AWS::Logs::LogGroup").values()
    assert len(groups) == 4
    assert {group["Properties"]["RetentionInDays"] for group in groups} == {7}
    assert {group["DeletionPolicy"] for group in groups} == {"Delete"}


def test_somebody_is_told_of_alarms():
    template = synthesise(**STAGES["prod"])
    (policy,) = template.find_resources("AWS::SNS::TopicPolicy").values()
    allowed = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Allow"]
    assert [(s["Action"], s["Principal"]) for s in allowed] == [
        ("sns:Publish", {"Service": "cloudwatch.amazonaws.com"})
    ]
    template.has_resource_properties("AWS::SNS::Subscription", {"Protocol": "email", "Endpoint": "survey@example.org"})
    alarms = template.find_resources("AWS::CloudWatch::Alarm")
    assert len(alarms) == 5
    for alarm in alarms.values():
        assert [reference(action) for action in alarm["Properties"]["AlarmActions"]] == ["MonitoringAlarms"]
        assert alarm["Properties"]["TreatMissingData"] == "notBreaching"
    (slow,) = (alarm["Properties"] for name, alarm in alarms.items() if "SlowBatches" in name)
    # 80 % of five minutes.
    assert (slow["Threshold"], slow["MetricName"], slow["Statistic"]) == (240_000, "Duration", "Maximum")


def test_without_an_address_alarms_only_show(template):
    template.resource_count_is("AWS::SNS::Topic", 0)
    template.resource_count_is("AWS::CloudWatch::Alarm", 5)


def test_failed_files_are_counted_from_what_the_summary_logs(template):
    filters = [f["Properties"] for f in template.find_resources("AWS::Logs::MetricFilter").values()]
    assert {f["FilterPattern"] for f in filters} == {f'{{ $.message = "{RUN_FINISHED}" }}'}
    transformations = [t for f in filters for t in f["MetricTransformations"]]
    assert {t["MetricName"]: t["MetricValue"] for t in transformations} == {
        "ClusteredFiles": "$.n_succeeded",
        "FailedFiles": "$.n_failed",
    }
    assert {reference(f["LogGroupName"]) for f in filters} == {"FunctionsSummaryLogs"}


def test_the_state_machine_logs_no_data(template):
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine").values()
    assert machine["Properties"]["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}


def test_the_three_functions_share_one_image(template):
    functions = template.find_resources("AWS::Lambda::Function").values()
    commands = sorted(function["Properties"]["ImageConfig"]["Command"][0] for function in functions)
    assert commands == [f"lambdas.{name}.handler.handle" for name in ("clustering", "kickoff", "summary")]
    assert len({json.dumps(function["Properties"]["Code"]) for function in functions}) == 1
    assert {tuple(function["Properties"]["Architectures"]) for function in functions} == {("arm64",)}


def test_the_map_takes_its_batches_from_the_manifest(state_machine):
    assert state_machine["States"][MAP_STATE]["ItemReader"] == {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "BucketsOutput", "Key.$": "$.manifest_key"},
    }


def test_the_map_is_distributed_and_steered_by_the_run(state_machine):
    batches = state_machine["States"][MAP_STATE]
    assert batches["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert batches["MaxConcurrencyPath"] == "$.max_concurrency"
    assert batches["ToleratedFailurePercentagePath"] == "$.tolerated_batch_percentage"
    assert batches["ItemSelector"]["params.$"] == "$.params"
    assert "Retry" not in batches


def test_the_map_writes_its_results_to_the_run_folder(state_machine):
    writer = state_machine["States"][MAP_STATE]["ResultWriter"]["Parameters"]
    assert writer["Bucket"] == "BucketsOutput"
    folder = re.fullmatch(r"States\.Format\('(.*)', \$\.run_id\)", writer["Prefix.$"]).group(1)
    assert folder.format("r") == keys.executions_prefix("r").rstrip("/")


def test_invocations_are_tried_again_after_throttling_with_jitter(state_machine):
    states = state_machine["States"]
    batch = states[MAP_STATE]["ItemProcessor"]["States"]
    for task in (states["Kick off"], states["Summarise"], batch["Cluster batch"], batch["Finish batch"]):
        throttled, transient, *_ = task["Retry"]
        assert throttled["ErrorEquals"][0] == "Lambda.TooManyRequestsException"
        # What Lambda says while it brings back an image that was put away for weeks.
        assert "Lambda.CodeArtifactUserPendingException" in throttled["ErrorEquals"]
        # Half of the longest delay on average: whoever queues for the few places of a new account does so to the end.
        assert throttled["MaxAttempts"] * throttled["MaxDelaySeconds"] / 2 >= state_machine["TimeoutSeconds"]
        assert "States.ALL" not in transient["ErrorEquals"]
        assert throttled["JitterStrategy"] == transient["JitterStrategy"] == "FULL"


def test_what_is_wrong_with_a_request_is_never_tried_again(state_machine):
    states = state_machine["States"]
    batch = states[MAP_STATE]["ItemProcessor"]["States"]
    retried = set()
    for task in (states["Kick off"], states["Summarise"], *batch.values()):
        retried |= {error for retry in task["Retry"] for error in retry["ErrorEquals"]}
    ours = {name for name in retried if hasattr(errors, name)}
    assert ours == {"StorageUnavailable", "BatchUnfinished"}
    assert not [name for name in retried if name.startswith("States.")]


def test_a_batch_at_which_the_function_died_is_finished_by_another_invocation(state_machine):
    batch = state_machine["States"][MAP_STATE]["ItemProcessor"]["States"]
    (catch,) = batch["Cluster batch"]["Catch"]
    deaths = {"Lambda.Unknown", "Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout"}
    assert deaths | {"BatchUnfinished"} <= set(catch["ErrorEquals"])
    assert (catch["Next"], catch["ResultPath"]) == ("Finish batch", "$.interruption")
    assert "Retry" in batch["Finish batch"]
    attempts = {error: r["MaxAttempts"] for r in batch["Finish batch"]["Retry"] for error in r["ErrorEquals"]}
    # Each of them is done with one file at least; a deadly one takes two.
    assert attempts["BatchUnfinished"] == 200
    assert attempts["Sandbox.Timedout"] == 40


def test_a_map_that_gave_up_is_still_summarised(state_machine):
    (catch,) = state_machine["States"][MAP_STATE]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"], catch["ResultPath"]) == (["States.ALL"], "Summarise", "$.map_error")
