"""A run of the state machine seen from outside: start it, follow it, learn how it ended."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

# The service refills one DescribeMapRun request a second.
_SECONDS_BETWEEN_POLLS = 1.0


@dataclass(frozen=True)
class Execution:
    """One execution of the state machine."""

    client: "SFNClient"
    arn: str

    @classmethod
    def start(cls, client: "SFNClient", state_machine_arn: str, name: str, request: dict[str, Any]) -> "Execution":
        """Start the run ``name`` with ``request``; see ``RunRequest`` for what it may hold."""
        started = client.start_execution(stateMachineArn=state_machine_arn, name=name, input=json.dumps(request))
        return cls(client, started["executionArn"])

    def describe(self) -> "DescribeExecutionOutputTypeDef":
        return self.client.describe_execution(executionArn=self.arn)

    def progress(self) -> Iterator[tuple[int, int | None]]:
        """Finished and known batches, again and again until the execution has ended."""
        while True:
            status = self.describe()["status"]
            yield self._batches()
            if status != "RUNNING":
                return
            time.sleep(_SECONDS_BETWEEN_POLLS)

    def _batches(self) -> tuple[int, int | None]:
        map_runs = self.client.list_map_runs(executionArn=self.arn)["mapRuns"]
        if not map_runs:
            return 0, None
        counts = self.client.describe_map_run(mapRunArn=map_runs[0]["mapRunArn"])["itemCounts"]
        return counts["total"] - counts["pending"] - counts["running"], counts["total"]
