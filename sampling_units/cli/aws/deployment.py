"""A deployed stack as its outputs describe it."""

from dataclasses import dataclass
from typing import Any

import boto3
import msgspec

from sampling_units.cli.aws.options import stack_option
from sampling_units.cli.aws.service_errors import translated
from sampling_units.errors import InvalidEvent, InvalidParameters
from sampling_units.runs.events import RunRequest, parse_event
from sampling_units.runs.settings import DeploymentSettings, Settings


@dataclass(frozen=True)
class Deployment:
    """Where the parts of a stack are, and how it is set."""

    stack: str
    input_bucket: str
    output_bucket: str
    state_machine_arn: str
    settings: DeploymentSettings

    def complete(self, request: dict[str, Any], run: str) -> RunRequest:
        """The request with the defaults of the stack, as its functions complete it.

        Raises:
            InvalidParameters: it is wrong.
        """
        settings = Settings(deployment=self.settings)
        try:
            return parse_event(settings.complete_run({"run_id": run, **request}), RunRequest)
        except InvalidEvent as error:
            raise InvalidParameters(error.message) from error

    @property
    def stack_option(self) -> str:
        """What other commands need for this stack, such as ``--stack SamplingUnits-prod``, after a space."""
        return stack_option(self.stack)

    def execution_arn(self, run: str) -> str:
        """ARN of a run of the state machine by its name."""
        return f"{self.state_machine_arn.replace(':stateMachine:', ':execution:', 1)}:{run}"


def find_deployment(stack: str) -> Deployment:
    """Look up a stack by its name.

    Raises:
        InvalidParameters: there is no such stack, or it is not a stack of this program.
        AccessDenied, StorageUnavailable: AWS refuses or does not answer.
    """
    with translated(f"stack {stack}"):
        described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
    try:
        return Deployment(
            stack,
            outputs["InputBucketName"],
            outputs["OutputBucketName"],
            outputs["StateMachineArn"],
            msgspec.json.decode(outputs["Settings"], type=DeploymentSettings),
        )
    except (KeyError, msgspec.MsgspecError) as error:
        raise InvalidParameters(f"the stack {stack} is no deployment of this version ({error})") from error
