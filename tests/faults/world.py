"""The deployed stack on the embedded AWS, with a proxy between its functions and S3."""

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil

from demo.embedded.deployment import deploy, synthesise
from demo.embedded.emulator import Emulator
from sampling_units import file_names
from sampling_units.runs import keys
from tests.support.fault_proxy import Fault, FaultProxy, Request

# Waits of the state machine are shortened by this; those of the clients of S3 are as they are.
_WAIT_SCALE = "0.01"
_PASSED_ON = ("run_id", "started_at", "input_bucket", "output_bucket", "params")


class World:
    """Use it as a context manager; everything is on loopback and in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()

    def __enter__(self) -> "World":
        self.proxy = self._stack.enter_context(FaultProxy())
        variables = {"AWS_ENDPOINT_URL": self.proxy.endpoint, "SFN_WAIT_SCALE": _WAIT_SCALE}
        self.emulator = self._stack.enter_context(Emulator(self._folder / "emulator", environment=variables))
        self.proxy.target = self.emulator.endpoint
        self.deployment = deploy(self.emulator, synthesise(self._folder / "cdk", {}))
        self.s3, self.states = self.emulator.client("s3"), self.emulator.client("stepfunctions")
        self.functions = self.emulator.client("lambda")
        described = self.functions.list_functions()["Functions"]
        self.clustering = next(f["FunctionName"] for f in described if "Clustering" in f["FunctionName"])
        self.inputs, self.outputs = self.deployment.input_bucket, self.deployment.output_bucket
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def kill(self, request: Request) -> None:
        """End the process that sent a request as Lambda does when its memory or time is used up."""
        for process in psutil.Process(self.emulator.process_id).children(recursive=True):
            with suppress(psutil.Error):
                if any(connection.laddr.port == request.port for connection in process.net_connections("tcp")):
                    os.kill(process.pid, signal.SIGKILL)
                    return

    def put(self, name: str, content: bytes) -> None:
        self.s3.put_object(Bucket=self.inputs, Key=name, Body=content)

    def start(self, run: str, folder: str, params: dict[str, float]) -> str:
        request = {"prefix": folder, "params": params, "max_concurrency": 3, "tolerated_failure_percentage": 100}
        started = self.states.start_execution(
            stateMachineArn=self.deployment.state_machine_arn, name=run, input=json.dumps(request)
        )
        return str(started["executionArn"])

    def wait(self, execution: str, seconds: float = 240) -> str:
        """The status with which an execution has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            status = str(self.states.describe_execution(executionArn=execution)["status"])
            if status != "RUNNING":
                return status
            time.sleep(0.05)
        return "DOES NOT END"

    def record(self, run: str, key: str) -> dict | None:
        """A JSON object of a run's folder, None if it is not there."""
        try:
            return json.loads(self.s3.get_object(Bucket=self.outputs, Key=key)["Body"].read())
        except self.s3.exceptions.NoSuchKey:
            return None

    def deliver_again(self, run: str) -> threading.Thread:
        """Invoke the clustering function with the first batch of a run, beside the state machine that does it too."""

        def deliver() -> None:
            end = time.monotonic() + 10
            while (plan := self.record(run, keys.plan_key(run))) is None:
                if time.monotonic() > end:
                    return
                time.sleep(0.02)
            for batch in (self.record(run, plan["manifest_key"]) or [])[:1]:
                event = {name: plan[name] for name in _PASSED_ON} | batch
                self.functions.invoke(FunctionName=self.clustering, Payload=json.dumps(event))

        thread = threading.Thread(target=deliver)
        thread.start()
        return thread

    def throttle(self, seconds: float) -> threading.Thread:
        """Refuse invocations of the clustering function for a while."""

        def refuse() -> None:
            self.functions.put_function_concurrency(FunctionName=self.clustering, ReservedConcurrentExecutions=0)
            time.sleep(seconds)
            self.functions.delete_function_concurrency(FunctionName=self.clustering)

        thread = threading.Thread(target=refuse)
        thread.start()
        return thread

    def stored(self, folder: str) -> dict[str, bytes]:
        """Content of all outputs of a folder by key."""
        found = {}
        for prefix in (folder, file_names.frame_key(folder)):
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.outputs, Prefix=prefix):
                for entry in page.get("Contents", []):
                    found[entry["Key"]] = self.s3.get_object(Bucket=self.outputs, Key=entry["Key"])["Body"].read()
        return found

    def clear(self, folder: str) -> None:
        for bucket, prefix in (
            (self.inputs, folder),
            (self.outputs, folder),
            (self.outputs, file_names.frame_key(folder)),
        ):
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                for entry in page.get("Contents", []):
                    self.s3.delete_object(Bucket=bucket, Key=entry["Key"])

    def choose_nothing(self) -> None:
        def none(request: Request) -> Fault | None:
            return None

        self.proxy.choose = none
