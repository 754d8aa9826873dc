"""What the field's own tools say of the template and of the state machine."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks

from tests.infra.conftest import stack, synthesise
from tests.infra.test_stack import STAGES
from tests.support.project import PROJECT


@pytest.mark.parametrize("choices", STAGES.values(), ids=STAGES)
def test_cdk_nag_finds_nothing_that_is_not_acknowledged(choices):
    deployed = stack(**choices)
    report = AwsSolutionsChecks(deployed.node.root).validate_scope(deployed)
    found = [(violation.rule_name, violation.violating_resources) for violation in report.violations]
    assert found == []


def test_cdk_nag_would_find_a_wildcard():
    """The acknowledgements are single ones: another wildcard in the same policy is found."""
    deployed = stack()
    clustering = deployed.node.find_child("Functions").clustering
    clustering.add_to_role_policy(iam_statement("s3:*"))
    report = AwsSolutionsChecks(deployed.node.root).validate_scope(deployed)
    assert [violation.rule_name for violation in report.violations] == ["AwsSolutions-IAM5[Action::s3:*]"]


def iam_statement(action):
    from aws_cdk import aws_iam as iam

    return iam.PolicyStatement(actions=[action], resources=["arn:aws:s3:::bucket"])


@pytest.mark.parametrize("choices", STAGES.values(), ids=STAGES)
def test_cfn_lint_finds_nothing(choices, tmp_path):
    path = tmp_path / "template.json"
    path.write_text(json.dumps(synthesise(**choices).to_json()))
    linter = Path(sys.executable).with_name("cfn-lint")
    # W3005: the CDK names dependencies that follow from references as well.
    done = subprocess.run([linter, "-i", "W3005", "--", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_state_machine_is_valid(state_machine, tmp_path):
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(state_machine))
    done = run_asl_validator(path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_invalid_state_machine_would_be_found(state_machine, tmp_path):
    path = tmp_path / "definition.json"
    path.write_text(json.dumps(state_machine | {"StartAt": "Nowhere"}))
    assert run_asl_validator(path).returncode != 0


def run_asl_validator(path):
    command = [PROJECT / "node_modules" / ".bin" / "asl-validator", "--json-path", path]
    return subprocess.run(command, capture_output=True, text=True, check=False)
