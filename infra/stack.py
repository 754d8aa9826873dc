"""The one stack of the system: wires the constructs and says where to find things."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.buckets import Buckets
from infra.config import Config
from infra.functions import Functions
from infra.workflow import Workflow


class SamplingUnitsStack(Stack):
    """Buckets, functions and workflow of one deployment; usable in any account and region."""

    def __init__(self, scope: Construct, construct_id: str, config: Config) -> None:
        super().__init__(scope, construct_id, description="Builds primary sampling units from population files")
        buckets = Buckets(self, "Buckets", config)
        functions = Functions(self, "Functions", config, buckets)
        workflow = Workflow(self, "Workflow", buckets, functions)
        for name, value in {
            "InputBucketName": buckets.input.bucket_name,
            "OutputBucketName": buckets.output.bucket_name,
            "StateMachineArn": workflow.state_machine.state_machine_arn,
            "KickoffFunctionName": functions.kickoff.function_name,
            "ClusteringFunctionName": functions.clustering.function_name,
        }.items():
            CfnOutput(self, name, value=value)
