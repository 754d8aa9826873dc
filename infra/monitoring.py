"""One dashboard, and the alarms that an operator has to act on."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Config
from infra.functions import Functions
from infra.workflow import Workflow
from sampling_units.runs.log_messages import RUN_FINISHED

_PERIOD = Duration.minutes(5)
# A batch that takes a larger share of the function's timeout than this raises an alarm.
_NEAR_TIMEOUT = 0.8
# Some throttling is normal: batches wait for free concurrency. The alarm needs this many throttles in each of this
# many periods in a row: then the account's concurrency is too small.
_MANY_THROTTLES, _PERIODS_OF_THROTTLING = 100, 3


class Monitoring(Construct):
    """Watches runs, files and functions; alarms go to the e-mail address of the configuration, if there is one.

    Attributes:
        dashboard: alarms and graphs of the deployment.
    """

    def __init__(
        self, scope: Construct, construct_id: str, config: Config, functions: Functions, workflow: Workflow
    ) -> None:
        super().__init__(scope, construct_id)
        self._config, self._functions, self._machine = config, functions, workflow.state_machine
        self._clustered_files = self._counted_in_logs("ClusteredFiles", "$.n_succeeded")
        self._failed_files = self._counted_in_logs("FailedFiles", "$.n_failed")
        alarms = self._alarms()
        if config.alarm_email is not None:
            # Not encrypted: CloudWatch cannot publish to a topic that uses the AWS managed key (alias/aws/sns), and
            # alarms hold no secrets.
            topic = sns.Topic(self, "Alarms", enforce_ssl=True)
            # `enforce_ssl` gives the topic a policy of its own, which replaces the default one that let alarms publish.
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
                )
            )
            topic.add_subscription(subscriptions.EmailSubscription(config.alarm_email))
            for alarm in alarms:
                alarm.add_alarm_action(actions.SnsAction(topic))
        # No name given: CloudFormation makes one that is unique in the account, as dashboards need across regions.
        self.dashboard = cloudwatch.Dashboard(self, "Dashboard", default_interval=Duration.hours(12))
        self.dashboard.add_widgets(cloudwatch.AlarmStatusWidget(alarms=list(alarms), title="Alarms", width=24))
        self.dashboard.add_widgets(*self._graphs())

    def _counted_in_logs(self, name: str, field: str) -> cloudwatch.Metric:
        """The sum of a number that the summary function writes at the end of each run."""
        counter = logs.MetricFilter(
            self,
            name,
            log_group=self._functions.summary_logs,
            filter_pattern=logs.FilterPattern.string_value("$.message", "=", RUN_FINISHED),
            metric_namespace=Stack.of(self).stack_name,
            metric_name=name,
            metric_value=field,
        )
        return counter.metric(statistic="Sum", period=_PERIOD)

    def _alarms(self) -> list[cloudwatch.Alarm]:
        clustering = self._functions.clustering
        near_timeout = 60_000 * self._config.timeout_minutes * _NEAR_TIMEOUT
        return [
            self._alarm("FailedRuns", self._machine.metric_failed(period=_PERIOD), 1, "A run failed"),
            self._alarm("EndlessRuns", self._machine.metric_timed_out(period=_PERIOD), 1, "A run took more than a day"),
            self._alarm("FailedFiles", self._failed_files, 1, "Files failed; runs/<run>/summary.json names them"),
            self._alarm(
                "Throttles",
                clustering.metric_throttles(period=_PERIOD),
                _MANY_THROTTLES,
                "The account's Lambda concurrency is used up: lower max_concurrency or ask for a higher quota",
                _PERIODS_OF_THROTTLING,
            ),
            self._alarm(
                "SlowBatches",
                clustering.metric_duration(statistic="Maximum", period=_PERIOD),
                near_timeout,
                "A batch took more than 80 % of the clustering function's timeout: raise timeout_minutes or memory_mb",
            ),
        ]

    def _alarm(
        self, name: str, metric: cloudwatch.IMetric, threshold: float, description: str, periods: int = 1
    ) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            f"{name}Alarm",
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            # Between runs there is nothing to measure.
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
            alarm_description=description,
        )

    def _graphs(self) -> list[cloudwatch.GraphWidget]:
        machine, clustering = self._machine, self._functions.clustering
        graphs: dict[str, list[cloudwatch.IMetric]] = {
            "Runs": [machine.metric_started(), machine.metric_succeeded(), machine.metric_failed()],
            "Files at the end of runs": [self._clustered_files, self._failed_files],
            "Batches": [clustering.metric_invocations(), clustering.metric_errors(), clustering.metric_throttles()],
            "Batches at a time": [clustering.metric("ConcurrentExecutions", statistic="Maximum", period=_PERIOD)],
            "Duration of a batch": [
                clustering.metric_duration(statistic=statistic, period=_PERIOD) for statistic in ("p50", "p99", "max")
            ],
            "Kickoff and summary": [
                self._functions.kickoff.metric_duration(statistic="max", label="kickoff"),
                self._functions.summary.metric_duration(statistic="max", label="summary"),
            ],
        }
        return [cloudwatch.GraphWidget(title=title, left=metrics, width=8) for title, metrics in graphs.items()]
