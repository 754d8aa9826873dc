"""Synthesises the CDK app and deploys its template, unchanged, through the emulator's CloudFormation."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import WaiterError

from demo.embedded.emulator import PROJECT, Emulator

# The parameter in which the template looks for the version of the CDK's bootstrap stack.
_BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"


class DeploymentError(RuntimeError):
    """Synthesis or deployment failed; the message carries the output of the tool that did."""


@dataclass(frozen=True)
class Deployment:
    """Outputs of a deployed stack."""

    input_bucket: str
    output_bucket: str
    state_machine_arn: str


def synthesise(out: Path, context: dict[str, str]) -> Path:
    """Run the pinned ``cdk synth`` and return the template's path."""
    command = [str(PROJECT / "node_modules" / ".bin" / "cdk"), "synth", "--quiet", "--output", str(out)]
    for name, value in context.items():
        command += ["-c", f"{name}={value}"]
    environment = os.environ | {"JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20", "CDK_DISABLE_CLI_TELEMETRY": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeploymentError(f"cdk synth failed:\n{done.stdout}{done.stderr}")
    stage = context.get("stage", "dev")
    return out / f"SamplingUnits-{stage}.template.json"


def deploy(emulator: Emulator, template: Path) -> Deployment:
    """Create the stack of ``template`` and return its outputs."""
    emulator.client("ssm").put_parameter(Name=_BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    cloudformation = emulator.client("cloudformation")
    stack_name = template.name.removesuffix(".template.json")
    # Without indentation, to stay below the size limit of a request.
    body = json.dumps(json.loads(template.read_text()), separators=(",", ":"))
    cloudformation.create_stack(StackName=stack_name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
    try:
        cloudformation.get_waiter("stack_create_complete").wait(
            StackName=stack_name, WaiterConfig={"Delay": 1, "MaxAttempts": 120}
        )
    except WaiterError as error:
        events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        raise DeploymentError(f"the stack was not created: {json.dumps(failed, default=str, indent=1)}") from error
    stack = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    return Deployment(outputs["InputBucketName"], outputs["OutputBucketName"], outputs["StateMachineArn"])
