"""Every statement of every policy in the template, against a written list."""

import re

import pytest

from tests.infra.conftest import KEY, flat, reference, statements, synthesise
from tests.infra.test_stack import STAGES

EXECUTION = "arn:aws:states:eu-west-1:111122223333:execution:WorkflowStateMachine"
TRACING = "xray:PutTelemetryRecords xray:PutTraceSegments"
LOG_DELIVERY = (
    "logs:CreateLogDelivery logs:DeleteLogDelivery logs:DescribeLogGroups logs:DescribeResourcePolicies "
    "logs:GetLogDelivery logs:ListLogDeliveries logs:PutResourcePolicy logs:UpdateLogDelivery "
    "xray:GetSamplingRules xray:GetSamplingTargets"
)
ALLOWED = {
    "FunctionsKickoffRole": {
        "logs:CreateLogStream logs:PutLogEvents": {"FunctionsKickoffLogs"},
        TRACING: {"*"},  # X-Ray has no resources.
        "s3:ListBucket": {"BucketsInput", "BucketsOutput"},
        "s3:GetObject": {"BucketsOutput/*"},  # Metadata of outputs tell what is done.
        "s3:PutObject": {"BucketsOutput/runs/*"},
    },
    "FunctionsClusteringRole": {
        "logs:CreateLogStream logs:PutLogEvents": {"FunctionsClusteringLogs"},
        TRACING: {"*"},
        "s3:ListBucket": {"BucketsInput", "BucketsOutput"},
        "s3:GetObject": {"BucketsInput/*", "BucketsOutput/runs/*/progress/*"},
        # Summaries, plans and reports are not for whoever parses the files of others.
        "s3:PutObject": {
            "BucketsOutput/*clustered_*",
            "BucketsOutput/frame/*",
            "BucketsOutput/runs/*/progress/*",
            "BucketsOutput/runs/*/results/*",
        },
    },
    "FunctionsSummaryRole": {
        "logs:CreateLogStream logs:PutLogEvents": {"FunctionsSummaryLogs"},
        TRACING: {"*"},
        "s3:ListBucket": {"BucketsOutput"},
        "s3:GetObject": {"BucketsOutput/frame/*"},  # What it joins.
        "s3:AbortMultipartUpload s3:GetObject s3:PutObject": {"BucketsOutput/runs/*"},
    },
    "WorkflowPermissionsRole": {
        "lambda:InvokeFunction": {"FunctionsKickoff", "FunctionsClustering", "FunctionsSummary"},
        "s3:AbortMultipartUpload s3:GetObject s3:ListMultipartUploadParts s3:PutObject": {"BucketsOutput/runs/*"},
        f"{LOG_DELIVERY} {TRACING}": {"*"},  # Neither has log delivery.
        "states:StartExecution": {"WorkflowStateMachine"},
        "states:DescribeExecution states:StopExecution": {f"{EXECUTION}:*", f"{EXECUTION}/*:*"},
        "states:RedriveExecution": {f"{EXECUTION}/*:*"},
    },
}
# The clustering function writes `*clustered_*`, which a run may be called too.
DENIED = {"FunctionsClusteringRole": {"s3:PutObject": {"BucketsOutput/runs/*clustered_*"}}}
TRUSTED = {
    "FunctionsKickoffRole": "lambda.amazonaws.com",
    "FunctionsClusteringRole": "lambda.amazonaws.com",
    "FunctionsSummaryRole": "lambda.amazonaws.com",
    "WorkflowPermissionsRole": "states.amazonaws.com",
}


def granted(template, role, wanted="Allow"):
    found = {}
    for effect, actions, resources in statements(template, role):
        if effect == wanted:
            found.setdefault(" ".join(sorted(actions)), set()).update(resources)
    return found


@pytest.mark.parametrize("role", ALLOWED)
def test_each_role_may_do_what_is_written_here_and_nothing_else(template, role):
    assert granted(template, role) == ALLOWED[role]
    assert granted(template, role, "Deny") == DENIED.get(role, {})


@pytest.mark.parametrize("role", ALLOWED)
def test_a_key_adds_its_own_use_and_nothing_else(role):
    assert granted(synthesise(kms_key_arn=KEY), role) == ALLOWED[role] | {"kms:Decrypt kms:GenerateDataKey": {KEY}}


@pytest.mark.parametrize("choices", STAGES.values(), ids=STAGES)
def test_nobody_else_is_let_in(choices):
    """Of all kinds of policies there are, besides those of the roles, only these, for services and not for people."""
    template = synthesise(**choices)
    kinds = {resource["Type"] for resource in template.to_json()["Resources"].values()}
    guards = {kind for kind in kinds if "Polic" in kind or "Permission" in kind or "Url" in kind}
    assert guards <= {"AWS::IAM::Policy", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"}
    allowed = {
        "AWS::S3::BucketPolicy": {"Service": "logging.s3.amazonaws.com"},
        "AWS::SNS::TopicPolicy": {"Service": "cloudwatch.amazonaws.com"},
    }
    for kind, principal in allowed.items():
        for policy in template.find_resources(kind).values():
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    assert statement["Principal"] == principal
                    assert "aws:SourceAccount" in str(statement["Condition"])


def test_there_are_no_other_roles_and_no_managed_policies(template):
    roles = template.find_resources("AWS::IAM::Role")
    assert {reference({"Ref": name}) for name in roles} == set(ALLOWED)
    for name, role in roles.items():
        assert set(role["Properties"]) <= {"AssumeRolePolicyDocument", "Tags"}
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": TRUSTED[reference({"Ref": name})]}
    for policy in template.find_resources("AWS::IAM::Policy").values():
        assert {reference(role) for role in policy["Properties"]["Roles"]} <= set(ALLOWED)
    template.resource_count_is("AWS::IAM::ManagedPolicy", 0)


def test_only_this_account_can_make_step_functions_use_its_role(template):
    roles = template.find_resources("AWS::IAM::Role")
    (role,) = (role for name, role in roles.items() if "Permissions" in name)
    (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert flat(trust["Condition"]["StringEquals"]["aws:SourceAccount"]) == "111122223333"


def test_no_action_is_a_wildcard(template):
    """Only denials, and what S3 itself is told, may name all actions."""
    for role in ALLOWED:
        for _, actions, _ in statements(template, role):
            assert not [action for action in actions if "*" in action]


def test_the_state_machine_waits_for_its_permissions(template):
    (machine,) = template.find_resources("AWS::StepFunctions::StateMachine").values()
    assert "WorkflowPermissionsRoleDefaultPolicy" in {re.sub(r"[0-9A-F]{8}$", "", n) for n in machine["DependsOn"]}
