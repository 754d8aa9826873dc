"""A deployed stack as its outputs describe it."""

from dataclasses import dataclass

import boto3
import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from lambdas.contract.errors import AccessDenied, InvalidParameters, StorageUnavailable
from lambdas.settings import DeploymentSettings


@dataclass(frozen=True)
class Deployment:
    """Where the parts of a stack are, and how it is set."""

    stack: str
    input_bucket: str
    output_bucket: str
    state_machine_arn: str
    settings: DeploymentSettings


def find_deployment(stack: str) -> Deployment:
    """Look up a stack by its name.

    Raises:
        InvalidParameters: there is no such stack, or it is none of ours.
        AccessDenied, StorageUnavailable: the account does not tell.
    """
    try:
        described = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code == "ValidationError":
            raise InvalidParameters(f"there is no stack {stack} in this account and region ({message})") from error
        if code in ("AccessDenied", "AccessDeniedException", "ExpiredToken", "InvalidClientTokenId"):
            raise AccessDenied(f"the stack {stack} cannot be looked up ({message})") from error
        raise StorageUnavailable(f"the stack {stack} cannot be looked up ({message})") from error
    except BotoCoreError as error:
        raise StorageUnavailable(f"the stack {stack} cannot be looked up ({error})") from error
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
