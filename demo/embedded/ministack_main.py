"""Starts MiniStack with patches where it differs from AWS.

It runs in MiniStack's own virtual environment, and uses nothing but MiniStack and the standard library.

1. A Distributed Map takes its concurrency and its tolerance from the input (``...Path`` fields).
2. A function with a container image runs from the source tree with the interpreter named in HANDLER_PYTHON, or, where
   there is Docker, in our own containers, since MiniStack's cannot reach the loopback interface.
3. ECR's DescribeImages fails for a missing image. Its empty answer would make the CDK skip the push.
4. With AUTH, requests over loopback count as encrypted, since the buckets refuse others; and DescribeRepositories is
   checked against the repository that it names, since the role may not describe all.
5. A bucket that is not empty is not deleted with its stack.
6. The map of a stopped execution starts no more items.
7. Function errors have the names that Step Functions gives them: the class that was raised, Runtime.ExitError for a
   crash, Lambda.TooManyRequestsException for throttling.

It ends with all its functions when its standard input closes, which happens when the process that started it ends.
"""

import io
import json
import os
import signal
import sys
import threading
import zipfile
from typing import Any

from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import error_response_json
from ministack.services import ecr, lambda_svc, s3, stepfunctions
from ministack.services.cloudformation import provisioners

from demo.embedded.image_containers import Containers

Json = dict[str, Any]

MAP_FIELDS = ("MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount")


def read_paths_of_map() -> None:
    """Replace each ``<field>Path`` of a map state by the value it points to before MiniStack runs the state."""
    original = stepfunctions._run_distributed_map

    def run(state_def: Json, raw_input: Any, effective: Any, iterator: Json, execution: Json, ctx: Json) -> Any:
        state_def = dict(state_def)
        for field in MAP_FIELDS:
            if f"{field}Path" in state_def:
                state_def[field] = stepfunctions._resolve_path_or_ctx(state_def.pop(f"{field}Path"), effective, ctx)
        return original(state_def, raw_input, effective, iterator, execution, ctx)

    stepfunctions._run_distributed_map = run


def end_maps_of_stopped_executions() -> None:
    original = stepfunctions._run_sub_machine

    def run(states: Json, start_at: str, input_data: Any, execution: Json, ctx: Json) -> Any:
        map_run = stepfunctions._map_runs.get(execution.get("mapRunArn"))
        if map_run and stepfunctions._executions[map_run["executionArn"]]["status"] == "ABORTED":
            raise stepfunctions._ExecutionError("States.Aborted", "the execution was stopped")
        return original(states, start_at, input_data, execution, ctx)

    stepfunctions._run_sub_machine = run


def run_images_from_source() -> None:
    """Hand image functions to the executor of zip functions, with the image's command as the handler."""
    empty_archive = io.BytesIO()
    zipfile.ZipFile(empty_archive, "w").close()

    def run(func: Json, event: Any, request_id: str) -> Any:
        config = func.get("config") or func
        command = config["ImageConfigResponse"]["ImageConfig"]["Command"][0]
        as_zip = {**config, "PackageType": "Zip", "Runtime": "python3.11", "Handler": command}
        from_source = {**func, "config": as_zip, "code_zip": empty_archive.getvalue()}
        return _with_error_type(lambda_svc._execute_function_warm(from_source, event, request_id))

    lambda_svc._execute_function_docker = run
    detect = lambda_runtime._detect_runtime_binary
    lambda_runtime._detect_runtime_binary = lambda runtime: (os.environ["HANDLER_PYTHON"], detect(runtime)[1])


def add_error_types() -> None:
    """Make the script that runs Python functions write the class of an error before its message."""
    without_type, with_type = '"error": str(e), "trace"', '"error": type(e).__name__ + chr(10) + str(e), "trace"'
    assert without_type in lambda_runtime._PYTHON_WORKER_SCRIPT
    lambda_runtime._PYTHON_WORKER_SCRIPT = lambda_runtime._PYTHON_WORKER_SCRIPT.replace(without_type, with_type)


def _with_error_type(result: Json) -> Json:
    body = result.get("body")
    if not result.get("error") or not isinstance(body, dict) or body.get("errorType") != "Runtime.HandlerError":
        return result
    raised, newline, message = body["errorMessage"].partition("\n")
    error_type, message = (raised, message) if newline else ("Runtime.ExitError", raised)
    return result | {"body": body | {"errorType": error_type, "errorMessage": message}}


def name_throttling() -> None:
    original = lambda_svc._throttle_response

    def respond(*args: Any, **options: Any) -> Json:
        throttled: Json = original(*args, **options)
        throttled["body"]["errorType"] = "Lambda.TooManyRequestsException"
        return throttled

    lambda_svc._throttle_response = respond


def run_images_in_containers() -> None:
    endpoint = f"127.0.0.1:{os.environ['GATEWAY_PORT']}"
    region = dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), os.environ["AWS_DEFAULT_REGION"])
    containers = Containers(endpoint, {"AWS_ENDPOINT_URL": f"http://{endpoint}", **region})

    def run(func: Json, event: Any, request_id: str) -> Any:
        config = func.get("config") or func
        variables = lambda_svc._runtime_env_vars(config) | lambda_runtime.execution_credentials(config)
        try:
            body = containers.call(config, variables, event)
        except (OSError, RuntimeError) as error:
            body = {"errorType": type(error).__name__, "errorMessage": str(error)}
        kind = lambda_svc._classify_function_error(body, "")
        return {"body": body, "log": ""} | ({} if kind is None else {"error": True, "function_error": kind})

    lambda_svc._execute_function_docker = run


def report_missing_images() -> None:
    original = ecr._describe_images

    def describe(request: Json) -> Any:
        repository = request.get("repositoryName", "")
        for wanted in request.get("imageIds") or []:
            if repository in ecr._repositories and not ecr._find_image(repository, wanted):
                return error_response_json("ImageNotFoundException", f"{repository} has no image {wanted}", 400)
        return original(request)

    ecr._describe_images = describe


def count_loopback_as_encrypted() -> None:
    original = app.pin_request_origin
    app.pin_request_origin = lambda source_ip, encrypted: original(source_ip, True)


def authorise_described_repository() -> None:
    original = iam_actions.extract_resource_arn

    def resource(service: str, method: str, path: str, headers: Json, body: bytes, *rest: Any) -> Any:
        arn = original(service, method, path, headers, body, *rest)
        if service == "ecr" and arn == "*" and b'"repositoryNames"' in body:
            [name] = json.loads(body)["repositoryNames"]
            return original(service, method, path, headers, json.dumps({"repositoryName": name}).encode(), *rest)
        return arn

    iam_actions.extract_resource_arn = resource


def refuse_to_delete_full_buckets() -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    original = handlers["delete"]

    def delete(bucket: str, properties: Json) -> None:
        if s3._buckets.get(bucket, {}).get("objects"):
            raise ValueError(f"The bucket you tried to delete is not empty: {bucket}")
        original(bucket, properties)

    handlers["delete"] = delete


def stop_with_parent() -> None:
    def wait() -> None:
        sys.stdin.read()
        # The whole group: a function that is busy with a file would not notice for a while.
        os.killpg(os.getpgrp(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    read_paths_of_map()
    end_maps_of_stopped_executions()
    if os.environ["RUN_IMAGES"] == "in containers":
        run_images_in_containers()
    else:
        add_error_types()
        run_images_from_source()
    name_throttling()
    report_missing_images()
    count_loopback_as_encrypted()
    authorise_described_repository()
    refuse_to_delete_full_buckets()
    stop_with_parent()
    sys.argv = sys.argv[:1]
    app.main()
