"""What the template lets nobody do, and whether the table in docs/security.md says what it lets each role do."""

import json
import re

import pytest

from tests.infra.conftest import KEY, reference, statements, synthesise
from tests.infra.test_permissions import EXECUTION
from tests.infra.test_stack import STAGES
from tests.support.project import PROJECT

ROLES = {
    "kickoff": "FunctionsKickoffRole",
    "clustering": "FunctionsClusteringRole",
    "summary": "FunctionsSummaryRole",
    "state machine": "WorkflowPermissionsRole",
}
# What every role may do besides, in one sentence of the page.
OBSERVATION = ("logs:", "xray:")
# On objects and buckets; none of it deletes, opens to others, or changes how long something is kept.
HARMLESS = {
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
}
NAMES = {"BucketsInput": "input", "BucketsOutput": "output", EXECUTION: "execution", "WorkflowStateMachine": "machine"}
PAGE = (PROJECT / "docs" / "security.md").read_text()


@pytest.fixture(params=STAGES.values(), ids=STAGES)
def deployed(request):
    return synthesise(**request.param)


def granted(template, role):
    """Each action with each resource that it is granted on, as the page writes them."""
    return {
        f"{action} {shown(resource)}"
        for _, actions, resources in statements(template, role)
        for action in actions
        for resource in resources
        if not action.startswith(OBSERVATION)
    }


def shown(resource):
    for name, short in NAMES.items():
        if resource.startswith(name):
            return short + resource.removeprefix(name)
    return resource.removeprefix("Functions").lower()


@pytest.mark.parametrize("role", ROLES)
def test_the_page_says_what_a_role_may_do(template, role):
    (row,) = re.findall(rf"^\| {role} \|(.*?)\|", PAGE, re.MULTILINE)
    assert set(re.findall(r"`([^`]+)`", row)) == granted(template, ROLES[role])


@pytest.mark.parametrize("role", ROLES)
def test_no_role_deletes_objects_or_changes_a_bucket(deployed, role):
    actions = {action for _, actions, _ in statements(deployed, ROLES[role]) for action in actions}
    assert {action for action in actions if action.startswith("s3:")} <= HARMLESS
    assert {action.partition(":")[0] for action in actions} <= {"kms", "lambda", "logs", "s3", "states", "xray"}
    # The log deliveries of the state machine are its own; it holds no object.
    assert [action for action in actions if "Delete" in action] == (
        ["logs:DeleteLogDelivery"] if role == "state machine" else []
    )


def test_only_the_clustering_function_reads_inputs_and_nobody_writes_them(deployed):
    inputs = re.compile(r"(BucketsInput|arn:aws:s3:::my-inputs)/")
    touching = {
        (role, action)
        for role in ROLES.values()
        for _, actions, resources in statements(deployed, role)
        for action in actions
        for resource in resources
        if inputs.match(resource)
    }
    assert touching == {("FunctionsClusteringRole", "s3:GetObject")}


def test_a_key_of_the_customer_is_used_and_not_managed():
    template = synthesise(kms_key_arn=KEY)
    actions = {action for role in ROLES.values() for _, actions, _ in statements(template, role) for action in actions}
    assert {action for action in actions if action.startswith("kms:")} == {"kms:Decrypt", "kms:GenerateDataKey"}


def test_functions_are_told_names_and_settings_and_no_secret(deployed):
    for function in deployed.find_resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        assert set(variables) == {"INPUT_BUCKET", "OUTPUT_BUCKET", "DEPLOYMENT"}
        told = {"run_defaults", "architecture", "memory_mb", "timeout_minutes"}
        assert set(json.loads(variables["DEPLOYMENT"])) == told
    for kind in ("AWS::SecretsManager::Secret", "AWS::SSM::Parameter"):
        deployed.resource_count_is(kind, 0)


def test_nothing_starts_a_function_or_a_run_by_itself(deployed):
    """Only a call with credentials of the account does: there is no address, schedule, or notification."""
    kinds = {resource["Type"] for resource in deployed.to_json()["Resources"].values()}
    starting = ("Url", "Permission", "EventSourceMapping", "Rule", "Schedule", "ApiGateway", "Pipe")
    assert [kind for kind in kinds if any(word in kind for word in starting)] == []
    for bucket in deployed.find_resources("AWS::S3::Bucket").values():
        assert "NotificationConfiguration" not in bucket["Properties"]


def test_every_bucket_of_the_stack_refuses_everybody_who_does_not_speak_tls_1_2(template):
    policies = template.find_resources("AWS::S3::BucketPolicy").values()
    assert len(policies) == 3
    for policy in policies:
        denied = [s for s in policy["Properties"]["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        assert {json.dumps(s["Condition"], sort_keys=True) for s in denied} == {
            '{"Bool": {"aws:SecureTransport": "false"}}',
            '{"NumericLessThan": {"s3:TlsVersion": 1.2}}',
        }
        for statement in denied:
            assert (statement["Action"], statement["Principal"]) == ("s3:*", {"AWS": "*"})
            (bucket, objects) = statement["Resource"]
            assert reference(bucket) == reference(policy["Properties"]["Bucket"])
            assert objects["Fn::Join"][1][1] == "/*"


def test_buckets_know_owners_by_policies_only(template):
    for bucket in template.find_resources("AWS::S3::Bucket").values():
        (rule,) = bucket["Properties"]["OwnershipControls"]["Rules"]
        assert rule == {"ObjectOwnership": "BucketOwnerEnforced"}
        assert "AccessControl" not in bucket["Properties"]


def test_a_run_ends_after_a_day_and_a_function_after_a_quarter_of_an_hour(deployed, state_machine):
    assert state_machine["TimeoutSeconds"] == 24 * 60 * 60
    functions = deployed.find_resources("AWS::Lambda::Function").values()
    assert all(function["Properties"]["Timeout"] <= 900 for function in functions)


def test_the_roles_of_continuous_delivery_read_the_template_or_deploy():
    """The commands in docs/delivery.md: no role of a pull request gets at data or credentials."""
    text = " ".join((PROJECT / "docs" / "delivery.md").read_text().replace("\\\n", " ").split())
    roles = dict(re.findall(r"role (sampling-units-\w+) (.*?:\$ACCOUNT:\S+\")", text))
    assert roles == {
        "sampling-units-diff": (
            'pull_request \'["cloudformation:DescribeStacks", "cloudformation:GetTemplate"]\' '
            '"arn:aws:cloudformation:*:$ACCOUNT:stack/SamplingUnits-*"'
        ),
        "sampling-units-deploy": (
            'environment:production \'["sts:AssumeRole"]\' "arn:aws:iam::$ACCOUNT:role/cdk-hnb659fds-*"'
        ),
    }
