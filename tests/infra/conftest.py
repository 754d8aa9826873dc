"""The synthesised templates, made once: importing the CDK alone takes seconds."""

import functools
import json
import re

import aws_cdk
import pytest
from aws_cdk.assertions import Template

from infra.config import Config
from infra.stack import SamplingUnitsStack
from tests.support.project import PROJECT

CONTEXT = json.loads((PROJECT / "cdk.json").read_text())["context"]
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333"}


def stack(**choices):
    """The stack of a stage in cdk.json with some choices of its own, not yet synthesised."""
    app = aws_cdk.App(context=CONTEXT | choices)
    config = Config.from_context(app.node)
    return SamplingUnitsStack(app, f"SamplingUnits-{config.stage}", config)


@functools.cache
def synthesise(**choices):
    """The template of ``stack``; not to be changed."""
    return Template.from_stack(stack(**choices))


@pytest.fixture(scope="session")
def template():
    return synthesise()


@pytest.fixture(scope="session")
def state_machine(template):
    """The definition of the state machine with every reference replaced by its logical name."""
    machine = next(iter(template.find_resources("AWS::StepFunctions::StateMachine").values()))
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else reference(part) for part in parts))


def reference(part):
    """Logical name that a reference points to, without the hash of its path; or what a deployment would fill in."""
    value = part.get("Ref") or part["Fn::GetAtt"][0]
    if value in PSEUDO_PARAMETERS:
        return PSEUDO_PARAMETERS[value]
    return re.sub(r"[0-9A-F]{8}$", "", value)


def flat(value):
    """Text of a value with its references replaced by logical names."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(map(flat, parts))
    return reference(value)


def statements(template, role):
    """What the policies of a role say: effect, actions and resources of each statement, as text."""
    found = []
    for policy in template.find_resources("AWS::IAM::Policy").values():
        if role not in map(reference, policy["Properties"]["Roles"]):
            continue
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            found.append((statement["Effect"], frozenset(actions), frozenset(map(flat, resources))))
    return found
