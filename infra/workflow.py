"""The state machine: kickoff, one Distributed Map over the manifest of batches, summary, success or failure."""

from typing import Any

from aws_cdk import Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.buckets import Buckets
from infra.config import Config
from infra.functions import Functions
from infra.log_group import log_group
from infra.workflow_role import WorkflowRole
from sampling_units.errors import BatchUnfinished, StorageUnavailable
from sampling_units.runs.events import MAX_FILES_PER_BATCH

# Worth a retry: errors of Lambda, of the network, of storage; wrong input is not. An error that a function raises has
# the name of its Python class here.
_TRANSIENT_ERRORS = [
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.SdkClientException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    StorageUnavailable.__name__,
]
# Lambda makes a function inactive after weeks without a call. It then refuses calls until the image is loaded again.
_INACTIVE = [
    "Lambda.CodeArtifactUserPendingException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
]
# The function crashed: it ran out of memory or time, or has a defect. Lambda has several names for it.
_CRASHES = [
    "Lambda.Unknown",
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Sandbox.Timedout",
    "Sandbox.ExitError",
]
# Of kickoff and summary, which start again from the beginning.
_CRASH_RETRIES = 2
# How many files of one batch may crash the function. Each of them takes two invocations, see `BatchRecords`.
_MAX_CRASHING_FILES = 20
# Throttling is not a failure, the batch waits for its turn: a new account runs 10 invocations at a time, and each may
# take a minute. So it is retried until the run times out: once a minute on average, for a day.
_THROTTLED = "Lambda.TooManyRequestsException"
_TIMEOUT = Duration.hours(24)
_THROTTLING_RETRIES = 1500
MAP_STATE = "Cluster batches"


class Workflow(Construct):
    """Runs the functions over all files of a request.

    The input is a ``RunRequest`` without ``run_id``: the run gets the name of the execution. Buckets are fixed in the
    definition and keys come from the input, so the role needs access to this deployment's buckets only.
    """

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, buckets: Buckets, functions: Functions
    ) -> None:
        super().__init__(scope, construct_id)
        name_run = sfn.Pass(
            self, "Name run", state_name="Name run", input_path="$$.Execution.Name", result_path="$.run_id"
        )
        kickoff = self._invoke("Kick off", functions.kickoff, output_path="$.Payload")
        summarise = self._invoke("Summarise", functions.summary, output_path="$.Payload")
        for task in (kickoff, summarise):
            self._retry(task, _CRASHES, _CRASH_RETRIES)
        verdict = (
            sfn.Choice(self, "Within tolerance?", state_name="Within tolerance?")
            .when(sfn.Condition.boolean_equals("$.within_tolerance", True), sfn.Succeed(self, "Finished"))
            .otherwise(
                sfn.Fail(
                    self,
                    "Too many failed files",
                    error="ToleratedFailuresExceeded",
                    cause="More files failed than the run tolerates; runs/<run id>/summary.json names them.",
                )
            )
        )
        batches = self._map(buckets, functions)
        # A failed map is followed by the summary too: it names the files without a result, and the run fails.
        batches.add_catch(summarise, result_path="$.map_error")
        anything_to_do = (
            sfn.Choice(self, "Anything to do?", state_name="Anything to do?")
            .when(sfn.Condition.number_greater_than("$.n_batches", 0), batches)
            .otherwise(summarise)
        )
        batches.next(summarise)
        summarise.next(verdict)
        permissions = WorkflowRole(self, "Permissions", buckets, functions)
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            role=permissions.role,
            definition_body=sfn.DefinitionBody.from_chainable(name_run.next(kickoff).next(anything_to_do)),
            timeout=_TIMEOUT,
            tracing_enabled=True,
            logs=sfn.LogOptions(
                # With this prefix AWS adds nothing to the account's resource policy for logs, whose size is limited.
                destination=log_group(self, "Logs", config, f"/aws/vendedlogs/states/{Stack.of(self).stack_name}"),
                level=sfn.LogLevel.ALL,
                # Inputs and outputs of states contain names of files; a log needs the transitions alone.
                include_execution_data=False,
            ),
        )
        # Step Functions checks at creation that the role may write logs: the policy has to come first.
        self.state_machine.node.add_dependency(permissions)
        permissions.allow_children(self, self.state_machine)
        # The CDK's own policy for the map: the role does not take it, and `allow_children` replaces it.
        self.state_machine.node.try_remove_child("DistributedMapPolicy")

    def _map(self, buckets: Buckets, functions: Functions) -> sfn.DistributedMap:
        batches = sfn.DistributedMap(
            self,
            MAP_STATE,
            state_name=MAP_STATE,
            map_execution_type=sfn.StateMachineType.STANDARD,
            max_concurrency_path="$.max_concurrency",
            tolerated_failure_percentage_path="$.tolerated_batch_percentage",
            item_reader=sfn.S3JsonItemReader(bucket=buckets.output, key=sfn.JsonPath.string_at("$.manifest_key")),
            item_selector={
                "run_id": sfn.JsonPath.string_at("$.run_id"),
                "started_at": sfn.JsonPath.string_at("$.started_at"),
                "input_bucket": sfn.JsonPath.string_at("$.input_bucket"),
                "output_bucket": sfn.JsonPath.string_at("$.output_bucket"),
                "params": sfn.JsonPath.object_at("$.params"),
                "batch": sfn.JsonPath.number_at("$$.Map.Item.Value.batch"),
                "files": sfn.JsonPath.object_at("$$.Map.Item.Value.files"),
            },
            result_writer_v2=sfn.ResultWriterV2(
                bucket=buckets.output,
                prefix=sfn.JsonPath.format("runs/{}/executions", sfn.JsonPath.string_at("$.run_id")),
                writer_config=sfn.WriterConfig(
                    output_type=sfn.OutputType.JSON, transformation=sfn.Transformation.COMPACT
                ),
            ),
            result_path=sfn.JsonPath.DISCARD,
        )
        # The results of the files are in the run's folder; the state machine passes on two numbers only.
        counts = {
            "n_files": sfn.JsonPath.number_at("$.Payload.n_files"),
            "n_failed": sfn.JsonPath.number_at("$.Payload.n_failed"),
        }
        cluster = self._invoke("Cluster batch", functions.clustering, result_selector=counts)
        # A file that crashes the function does not affect the others: the invocations that finish the batch write down
        # each file before they start it, and skip a file at which the function crashed twice.
        finish = self._invoke("Finish batch", functions.clustering, result_selector=counts)
        self._retry(finish, [BatchUnfinished.__name__], MAX_FILES_PER_BATCH)
        self._retry(finish, _CRASHES, 2 * _MAX_CRASHING_FILES)
        cluster.add_catch(finish, errors=[BatchUnfinished.__name__, *_CRASHES], result_path="$.interruption")
        batches.item_processor(cluster)
        return batches

    def _invoke(self, name: str, function: lambda_.IFunction, **options: Any) -> tasks.LambdaInvoke:
        task = tasks.LambdaInvoke(
            self, name, state_name=name, lambda_function=function, retry_on_service_exceptions=False, **options
        )
        # The task is retried, not the map: a retry of the map would start all its batches again.
        task.add_retry(
            errors=[_THROTTLED, *_INACTIVE],
            interval=Duration.seconds(5),
            backoff_rate=2,
            max_attempts=_THROTTLING_RETRIES,
            max_delay=Duration.minutes(2),
            jitter_strategy=sfn.JitterType.FULL,
        )
        self._retry(task, _TRANSIENT_ERRORS, max_attempts=6)
        return task

    @staticmethod
    def _retry(task: tasks.LambdaInvoke, errors: list[str], max_attempts: int) -> None:
        task.add_retry(
            errors=errors,
            interval=Duration.seconds(2),
            backoff_rate=2,
            max_attempts=max_attempts,
            max_delay=Duration.minutes(1),
            jitter_strategy=sfn.JitterType.FULL,
        )
