"""The three functions. They share one container image, and differ in their handlers and permissions."""

from pathlib import Path

from aws_cdk import Duration, IgnoreMode, Size, Stack
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.buckets import Buckets
from infra.config import Config
from infra.log_group import log_group
from sampling_units.file_names import FRAME_PREFIX, OUTPUT_PREFIX, RUNS_PREFIX
from sampling_units.runs.cost import COORDINATOR_MINUTES
from sampling_units.runs.settings import DEPLOYMENT_VARIABLE, INPUT_BUCKET_VARIABLE, OUTPUT_BUCKET_VARIABLE

_PROJECT = Path(__file__).parent.parent
# Of kickoff and summary. One whole vCPU: they are limited by the processor time of their requests to S3, and hold a
# record of every file of a run in memory.
_COORDINATOR_MB = 1769
# Records of how far an interrupted batch came, from which it is continued.
_PROGRESS = f"{RUNS_PREFIX}*/progress/*"
# Not the summaries and reports of runs: code that parses other people's files must not be able to forge them.
CLUSTERING_WRITES = (f"*{OUTPUT_PREFIX}*", f"{FRAME_PREFIX}*", f"{RUNS_PREFIX}*/results/*", _PROGRESS)


class Functions(Construct):
    """Kickoff, clustering and summary function, each with its own role and log group.

    Attributes:
        kickoff, clustering, summary: the functions.
        summary_logs: log group of the summary function; one line in it says how each run ended.
    """

    def __init__(self, scope: Construct, construct_id: str, config: Config, buckets: Buckets) -> None:
        super().__init__(scope, construct_id)
        self._config, self._buckets = config, buckets
        self.kickoff, _ = self._new_function("Kickoff", _COORDINATOR_MB, COORDINATOR_MINUTES)
        self.clustering, _ = self._new_function(
            "Clustering", config.memory_mb, config.timeout_minutes, config.reserved_concurrency
        )
        self.summary, self.summary_logs = self._new_function("Summary", _COORDINATOR_MB, COORDINATOR_MINUTES)

        inputs, outputs = buckets.input, buckets.output
        records = [outputs.arn_for_objects(f"{RUNS_PREFIX}*")]
        # Kickoff lists the files. And without s3:ListBucket S3 answers 403, not 404, when a key
        # does not exist.
        self._allow(self.kickoff, ["s3:ListBucket"], [inputs.bucket_arn, outputs.bucket_arn])
        self._allow(self.kickoff, ["s3:GetObject"], [outputs.arn_for_objects("*")])
        self._allow(self.kickoff, ["s3:PutObject"], records)
        self._allow(self.clustering, ["s3:ListBucket"], [inputs.bucket_arn])
        self._allow(self.clustering, ["s3:GetObject"], [inputs.arn_for_objects("*")])
        self._allow(self.clustering, ["s3:PutObject"], [outputs.arn_for_objects(keys) for keys in CLUSTERING_WRITES])
        # In IAM `*` matches slashes too: the first pattern of CLUSTERING_WRITES also matches keys below runs/.
        run_records = outputs.arn_for_objects(f"{RUNS_PREFIX}*{OUTPUT_PREFIX}*")
        self._deny(self.clustering, ["s3:PutObject"], [run_records])
        self._allow(self.clustering, ["s3:ListBucket"], [outputs.bucket_arn])
        self._allow(self.clustering, ["s3:GetObject"], [outputs.arn_for_objects(_PROGRESS)])
        self._allow(self.summary, ["s3:ListBucket"], [outputs.bucket_arn])
        self._allow(self.summary, ["s3:GetObject"], [outputs.arn_for_objects(f"{FRAME_PREFIX}*")])
        # boto3 uploads large files in parts; a failed upload is aborted.
        self._allow(self.summary, ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"], records)
        for function in (self.kickoff, self.clustering, self.summary):
            buckets.grant_key(function)

    def _new_function(
        self, name: str, memory_mb: int, timeout_minutes: int, reserved_concurrency: int | None = None
    ) -> tuple[lambda_.DockerImageFunction, logs.LogGroup]:
        is_arm = self._config.architecture == "arm64"
        base = self._config.base_image
        own_logs = log_group(self, f"{name}Logs", self._config)
        role = iam.Role(self, f"{name}Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        own_logs.grant_write(role)
        function = lambda_.DockerImageFunction(
            self,
            name,
            # .dockerignore says which files of the project go into the image.
            code=lambda_.DockerImageCode.from_image_asset(
                str(_PROJECT),
                file="lambdas/clustering/Dockerfile",
                ignore_mode=IgnoreMode.DOCKER,
                platform=ecr_assets.Platform.LINUX_ARM64 if is_arm else ecr_assets.Platform.LINUX_AMD64,
                build_args={"BASE": base} if base else None,
                cmd=[f"lambdas.{name.lower()}.handler.handle"],
            ),
            architecture=lambda_.Architecture.ARM_64 if is_arm else lambda_.Architecture.X86_64,
            memory_size=memory_mb,
            ephemeral_storage_size=Size.mebibytes(self._config.ephemeral_storage_mb),
            timeout=Duration.minutes(timeout_minutes),
            reserved_concurrent_executions=reserved_concurrency,
            role=role,
            log_group=own_logs,
            # Not TEXT, which drops the extra fields of a log line, such as the name of the file.
            logging_format=lambda_.LoggingFormat.JSON,
            tracing=lambda_.Tracing.ACTIVE,
            environment={
                INPUT_BUCKET_VARIABLE: self._buckets.input.bucket_name,
                OUTPUT_BUCKET_VARIABLE: self._buckets.output.bucket_name,
                DEPLOYMENT_VARIABLE: self._config.settings_json,
            },
            description=f"{name} of {Stack.of(self).stack_name}",
        )
        return function, own_logs

    @staticmethod
    def _allow(function: lambda_.Function, actions: list[str], resources: list[str]) -> None:
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=resources))

    @staticmethod
    def _deny(function: lambda_.Function, actions: list[str], resources: list[str]) -> None:
        function.add_to_role_policy(iam.PolicyStatement(effect=iam.Effect.DENY, actions=actions, resources=resources))
