"""The role of the state machine, with no more permissions than its states need.

The CDK would grant the whole output bucket and every version of the functions, and no option prevents that. So the
state machine gets a role that the CDK cannot change, with the statements below.
"""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.buckets import Buckets
from infra.functions import Functions
from sampling_units.file_names import RUNS_PREFIX

# Log delivery and X-Ray have no resources that a policy could name: these actions need `*`.
_LOG_DELIVERY = [
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
]
_TRACING = [
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
]


class WorkflowRole(Construct):
    """The role, with every permission that does not depend on the state machine's own ARN.

    Attributes:
        role: for the state machine, which has to depend on this construct.
    """

    def __init__(self, scope: Construct, construct_id: str, buckets: Buckets, functions: Functions) -> None:
        super().__init__(scope, construct_id)
        self._role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            ),
        )
        self.role = self._role.without_policy_updates()
        invoked = (functions.kickoff, functions.clustering, functions.summary)
        # The map reads its manifest there and writes its results, as multipart uploads if they are large.
        runs = buckets.output.arn_for_objects(f"{RUNS_PREFIX}*")
        object_actions = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        self._allow(["lambda:InvokeFunction"], [function.function_arn for function in invoked])
        self._allow(object_actions, [runs])
        self._allow([*_LOG_DELIVERY, *_TRACING], ["*"])
        buckets.grant_key(self._role)

    def _allow(self, actions: list[str], resources: list[str]) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))

    def allow_children(self, scope: Construct, state_machine: sfn.StateMachine) -> None:
        """Let the state machine start, stop and redrive its child executions: a policy apart, as it needs the ARN."""
        own, children = execution_arns(state_machine)
        policy = iam.Policy(scope, "Children", roles=[self._role])
        for actions, resources in (
            (["states:StartExecution"], [state_machine.state_machine_arn]),
            (["states:DescribeExecution", "states:StopExecution"], [own, children]),
            (["states:RedriveExecution"], [children]),
        ):
            policy.add_statements(iam.PolicyStatement(actions=actions, resources=resources))


def execution_arns(state_machine: sfn.StateMachine) -> tuple[str, str]:
    """ARN patterns: executions of the state machine itself, and child executions that its map starts."""
    name = state_machine.state_machine_name
    own, children = (
        Stack.of(state_machine).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{name}{suffix}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        for suffix in ("", "/*")
    )
    return own, children
