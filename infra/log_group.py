"""Log groups that are deleted with the stack, and keep entries for the configured number of days."""

from typing import cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Config


def log_group(scope: Construct, construct_id: str, config: Config, name: str | None = None) -> logs.LogGroup:
    """A log group; without ``name`` CloudFormation gives it one."""
    group = logs.LogGroup(scope, construct_id, log_group_name=name, removal_policy=RemovalPolicy.DESTROY)
    # The CDK's class takes members of an enumeration, the configuration has a number.
    cast(logs.CfnLogGroup, group.node.default_child).retention_in_days = config.log_retention_days
    return group
