"""What the state machine may do: no more than its states need.

The CDK would grant the whole output bucket and every version of the functions, and could not be told otherwise; so it
gets a role that it cannot change, with statements of our own.
"""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.buckets import Buckets
from infra.functions import Functions
from sampling_units.file_names import RUNS_PREFIX

# Neither log delivery nor X-Ray has resources that a policy could name.
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
    """The role, with all that it may do before the state machine exists.

    Attributes:
        role: to be given to the state machine, which has to depend on this construct.
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
        # Where the manifest is read and the results of the map are written, in several parts if they are long.
        runs = buckets.output.arn_for_objects(f"{RUNS_PREFIX}*")
        writing = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        self._allow(["lambda:InvokeFunction"], [function.function_arn for function in invoked])
        self._allow(writing, [runs])
        self._allow([*_LOG_DELIVERY, *_TRACING], ["*"])
        buckets.allow_encryption(self._role)

    def _allow(self, actions: list[str], resources: list[str]) -> None:
        self._role.add_to_policy(iam.PolicyStatement(actions=actions, resources=resources))

    def allow_children(self, scope: Construct, state_machine: sfn.StateMachine) -> None:
        """Let the machine start, stop and redrive the executions of its own map: a policy that comes after it."""
        own, children = executions(state_machine)
        policy = iam.Policy(scope, "Children", roles=[self._role])
        for actions, resources in (
            (["states:StartExecution"], [state_machine.state_machine_arn]),
            (["states:DescribeExecution", "states:StopExecution"], [own, children]),
            (["states:RedriveExecution"], [children]),
        ):
            policy.add_statements(iam.PolicyStatement(actions=actions, resources=resources))


def executions(state_machine: sfn.StateMachine) -> tuple[str, str]:
    """ARNs of all executions of the machine itself, and of all that its map starts."""
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
