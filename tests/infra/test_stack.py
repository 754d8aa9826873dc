import json
import re

import pytest

from infra.config import Config
from infra.workflow import MAP_STATE
from lambdas.contract import keys
from tests.infra.conftest import reference, synthesise

ASSET_HASH = re.compile(r"\b[0-9a-f]{64}\b")


@pytest.mark.parametrize(
    "config",
    [Config(), Config(stage="own", input_bucket="my-inputs", output_bucket="my-outputs", architecture="x86_64")],
    ids=["own-buckets", "existing-buckets"],
)
def test_template_is_the_one_that_was_reviewed(config, snapshot):
    text = ASSET_HASH.sub("<asset hash>", json.dumps(synthesise(config).to_json(), indent=1, sort_keys=True))
    assert text == snapshot


def test_buckets_are_private_encrypted_and_survive_the_stack(template):
    buckets = template.find_resources("AWS::S3::Bucket")
    assert len(buckets) == 2
    for bucket in buckets.values():
        properties = bucket["Properties"]
        assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
        assert properties["BucketEncryption"]
        assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    for policy in template.find_resources("AWS::S3::BucketPolicy").values():
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        assert any(s["Effect"] == "Deny" and "aws:SecureTransport" in str(s["Condition"]) for s in statements)


def test_existing_buckets_are_used_and_none_is_made():
    template = synthesise(Config(input_bucket="my-inputs", output_bucket="my-outputs"))
    template.resource_count_is("AWS::S3::Bucket", 0)
    for function in template.find_resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables == {"INPUT_BUCKET": "my-inputs", "OUTPUT_BUCKET": "my-outputs"}


def test_the_three_functions_share_one_image(template):
    functions = template.find_resources("AWS::Lambda::Function").values()
    commands = sorted(function["Properties"]["ImageConfig"]["Command"][0] for function in functions)
    assert commands == [f"lambdas.{name}.handler.handle" for name in ("clustering", "kickoff", "summary")]
    assert len({json.dumps(function["Properties"]["Code"]) for function in functions}) == 1
    assert {tuple(function["Properties"]["Architectures"]) for function in functions} == {("arm64",)}


def test_the_map_takes_its_batches_from_the_manifest(state_machine):
    assert state_machine["States"][MAP_STATE]["ItemReader"] == {
        "Resource": "arn:AWS::Partition:states:::s3:getObject",
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
    tasks = [states["Kick off"], states["Summarise"], states[MAP_STATE]["ItemProcessor"]["States"]["Cluster batch"]]
    for task in tasks:
        throttled, transient = task["Retry"]
        assert throttled["ErrorEquals"] == ["Lambda.TooManyRequestsException"]
        # Half of the longest delay on average: patient enough for a thousand batches on a new account.
        assert throttled["MaxAttempts"] * throttled["MaxDelaySeconds"] / 2 >= 3600
        assert "States.ALL" not in transient["ErrorEquals"]
        assert throttled["JitterStrategy"] == transient["JitterStrategy"] == "FULL"


def test_a_map_that_gave_up_is_still_summarised(state_machine):
    (catch,) = state_machine["States"][MAP_STATE]["Catch"]
    assert (catch["ErrorEquals"], catch["Next"], catch["ResultPath"]) == (["States.ALL"], "Summarise", "$.map_error")


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (
            "FunctionsKickoffRole",
            {
                "s3:ListBucket": {"BucketsInput", "BucketsOutput"},
                "s3:GetObject": {"BucketsOutput/*"},
                "s3:PutObject": {"BucketsOutput/runs/*"},
            },
        ),
        (
            "FunctionsClusteringRole",
            {
                "s3:ListBucket": {"BucketsInput"},
                "s3:GetObject": {"BucketsInput/*"},
                "s3:PutObject": {"BucketsOutput/*"},
            },
        ),
        (
            "FunctionsSummaryRole",
            {
                "s3:ListBucket": {"BucketsOutput"},
                "s3:GetObject": {"BucketsOutput/runs/*"},
                "s3:PutObject": {"BucketsOutput/runs/*"},
            },
        ),
    ],
)
def test_functions_reach_no_more_of_the_buckets_than_they_need(template, role, expected):
    allowed = {}
    for policy in template.find_resources("AWS::IAM::Policy").values():
        if [reference(attached) for attached in policy["Properties"]["Roles"]] != [role]:
            continue
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            for action in as_list(statement["Action"]):
                if action.startswith("s3:"):
                    allowed.setdefault(action, set()).update(map(resource, as_list(statement["Resource"])))
    assert allowed == expected


def as_list(value):
    return value if isinstance(value, list) else [value]


def resource(value):
    parts = value["Fn::Join"][1] if "Fn::Join" in value else [value]
    return "".join(part if isinstance(part, str) else reference(part) for part in parts)
