"""The synthesised template, made once: importing the CDK alone takes seconds."""

import json
import re

import aws_cdk
import pytest
from aws_cdk.assertions import Template

from infra.config import Config
from infra.stack import SamplingUnitsStack
from tests.support.project import PROJECT

CONTEXT = json.loads((PROJECT / "cdk.json").read_text())["context"]


def synthesise(config):
    app = aws_cdk.App(context=CONTEXT)
    return Template.from_stack(SamplingUnitsStack(app, f"SamplingUnits-{config.stage}", config))


@pytest.fixture(scope="session")
def template():
    return synthesise(Config())


@pytest.fixture(scope="session")
def state_machine(template):
    """The definition of the state machine with every reference replaced by its logical name."""
    machine = next(iter(template.find_resources("AWS::StepFunctions::StateMachine").values()))
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else reference(part) for part in parts))


def reference(part):
    value = part.get("Ref") or part["Fn::GetAtt"][0]
    return re.sub(r"[0-9A-F]{8}$", "", value)
