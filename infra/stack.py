"""The stack of a deployment: connects the constructs and declares the outputs."""

from aws_cdk import CfnOutput, Environment, Stack
from constructs import Construct

from infra.acknowledgements import acknowledge
from infra.buckets import Buckets
from infra.config import Config
from infra.functions import Functions
from infra.monitoring import Monitoring
from infra.workflow import Workflow


class SamplingUnitsStack(Stack):
    """Buckets, functions, workflow and monitoring of one deployment; usable in any account and region."""

    def __init__(self, scope: Construct, construct_id: str, config: Config) -> None:
        super().__init__(
            scope,
            construct_id,
            description="Builds primary sampling units from population files",
            env=Environment(account=config.account, region=config.region),
            tags=config.tags,
            # Retained buckets hold years of data: the stack around them must not be deleted by mistake.
            termination_protection=config.removal_policy == "retain",
        )
        buckets = Buckets(self, "Buckets", config)
        functions = Functions(self, "Functions", config, buckets)
        workflow = Workflow(self, "Workflow", config, buckets, functions)
        monitoring = Monitoring(self, "Monitoring", config, functions, workflow)
        acknowledge(buckets, functions, workflow)
        outputs = {
            "InputBucketName": buckets.input.bucket_name,
            "OutputBucketName": buckets.output.bucket_name,
            "StateMachineArn": workflow.state_machine.state_machine_arn,
            "KickoffFunctionName": functions.kickoff.function_name,
            "ClusteringFunctionName": functions.clustering.function_name,
            "DashboardName": monitoring.dashboard.dashboard_name,
            # With these settings `kmeans aws plan` plans a run as the deployment would.
            "Settings": config.settings_json,
        }
        if buckets.access_logs is not None:
            outputs["AccessLogBucketName"] = buckets.access_logs.bucket_name
        for name, value in outputs.items():
            CfnOutput(self, name, value=value)
