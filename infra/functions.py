"""The three functions. They share one container image and differ in the handler it starts and in what they may do."""

from pathlib import Path

from aws_cdk import Duration, IgnoreMode, RemovalPolicy, Size, Stack
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.buckets import Buckets
from infra.config import Config
from lambdas.contract.keys import RUNS_PREFIX
from lambdas.settings import INPUT_BUCKET_VARIABLE, OUTPUT_BUCKET_VARIABLE

_PROJECT = Path(__file__).parent.parent


class Functions(Construct):
    """Kickoff, clustering and summary function, each with its own role and log group."""

    def __init__(self, scope: Construct, construct_id: str, config: Config, buckets: Buckets) -> None:
        super().__init__(scope, construct_id)
        self._config, self._buckets = config, buckets
        self.kickoff = self._function("Kickoff", "lambdas.kickoff.handler.handle", memory_mb=1024, minutes=15)
        self.clustering = self._function(
            "Clustering", "lambdas.clustering.handler.handle", memory_mb=config.memory_mb, minutes=5
        )
        self.summary = self._function("Summary", "lambdas.summary.handler.handle", memory_mb=1769, minutes=15)

        inputs, outputs = buckets.input, buckets.output
        records = [outputs.arn_for_objects(f"{RUNS_PREFIX}*")]
        # Listing tells what to do; without it a missing object cannot be told from a forbidden one either.
        self._allow(self.kickoff, ["s3:ListBucket"], [inputs.bucket_arn, outputs.bucket_arn])
        self._allow(self.kickoff, ["s3:GetObject"], [outputs.arn_for_objects("*")])
        self._allow(self.kickoff, ["s3:PutObject"], records)
        self._allow(self.clustering, ["s3:ListBucket"], [inputs.bucket_arn])
        self._allow(self.clustering, ["s3:GetObject"], [inputs.arn_for_objects("*")])
        self._allow(self.clustering, ["s3:PutObject"], [outputs.arn_for_objects("*")])
        self._allow(self.summary, ["s3:ListBucket"], [outputs.bucket_arn])
        self._allow(self.summary, ["s3:GetObject", "s3:PutObject"], records)

    def _function(self, name: str, handler: str, *, memory_mb: int, minutes: int) -> lambda_.DockerImageFunction:
        is_arm = self._config.architecture == "arm64"
        log_group = logs.LogGroup(
            self, f"{name}Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        role = iam.Role(self, f"{name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        return lambda_.DockerImageFunction(
            self,
            name,
            # What of the project goes into the image says .dockerignore.
            code=lambda_.DockerImageCode.from_image_asset(
                str(_PROJECT),
                file="lambdas/clustering/Dockerfile",
                ignore_mode=IgnoreMode.DOCKER,
                platform=ecr_assets.Platform.LINUX_ARM64 if is_arm else ecr_assets.Platform.LINUX_AMD64,
                cmd=[handler],
            ),
            architecture=lambda_.Architecture.ARM_64 if is_arm else lambda_.Architecture.X86_64,
            memory_size=memory_mb,
            ephemeral_storage_size=Size.mebibytes(512),
            timeout=Duration.minutes(minutes),
            role=role,
            log_group=log_group,
            # The text format drops the fields that say which file a line is about.
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                INPUT_BUCKET_VARIABLE: self._buckets.input.bucket_name,
                OUTPUT_BUCKET_VARIABLE: self._buckets.output.bucket_name,
            },
            description=f"{name} of {Stack.of(self).stack_name}",
        )

    @staticmethod
    def _allow(function: lambda_.Function, actions: list[str], resources: list[str]) -> None:
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))
