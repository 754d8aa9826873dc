"""Starts MiniStack with two gaps closed. Runs in MiniStack's own virtual environment, so it imports nothing of ours.

1. A Distributed Map takes its concurrency and its tolerance from the input (``...Path`` fields).
2. A function with a container image runs from the source tree, by the interpreter named in HANDLER_PYTHON: there is no
   Docker on the machines this is for.

It stops with all its functions when its standard input closes, so that nothing outlives the process that started it.
"""

import io
import os
import signal
import sys
import threading
import zipfile
from typing import Any

from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, stepfunctions

Json = dict[str, Any]

HANDLER_PYTHON = os.environ["HANDLER_PYTHON"]
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


def run_images_from_source() -> None:
    """Hand image functions to the executor of zip functions, with the image's command as the handler."""
    empty_archive = io.BytesIO()
    zipfile.ZipFile(empty_archive, "w").close()

    def run(func: Json, event: Any, request_id: str) -> Any:
        config = func.get("config") or func
        command = config["ImageConfigResponse"]["ImageConfig"]["Command"][0]
        as_zip = {**config, "PackageType": "Zip", "Runtime": "python3.11", "Handler": command}
        from_source = {**func, "config": as_zip, "code_zip": empty_archive.getvalue()}
        return lambda_svc._execute_function_warm(from_source, event, request_id)

    lambda_svc._execute_function_docker = run
    detect = lambda_runtime._detect_runtime_binary
    lambda_runtime._detect_runtime_binary = lambda runtime: (HANDLER_PYTHON, detect(runtime)[1])


def stop_with_parent() -> None:
    def wait() -> None:
        sys.stdin.read()
        # The whole group: a function that is busy with a file would not notice for a while that nobody waits for it.
        os.killpg(os.getpgrp(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    read_paths_of_map()
    run_images_from_source()
    stop_with_parent()
    sys.argv = sys.argv[:1]
    main()
