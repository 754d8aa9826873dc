"""The clustering function in a process of its own, under Lambda's memory limit: events in, a line for each file out.

Started by ``tests.hostile.judge`` as a module.
"""

import json
import logging
import os
import re
import resource
import sys
from typing import Any, TextIO

MEMORY_MB = 1769


class _Progress(logging.Handler):
    """Tells after each file how much memory it took, so that whoever waits knows which one comes next."""

    def __init__(self, out: TextIO) -> None:
        super().__init__()
        self.out = out

    def emit(self, record: logging.LogRecord) -> None:
        if hasattr(record, "seconds") or hasattr(record, "code"):
            line = {"file": record.clustered_file, "peak_mb": _peak_mb()}
            _forget_peak()
            say(self.out, line)


def _peak_mb() -> int:
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) // 1024


def _forget_peak() -> None:
    with open("/proc/self/clear_refs", "w") as references:
        references.write("5")


def say(out: TextIO, line: dict[str, Any]) -> None:
    print(json.dumps(line), file=out, flush=True)


def main() -> None:
    # What libraries print must not get between the lines.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] = str(MEMORY_MB)
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_MB * 1024**2, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    from lambdas.clustering.handler import handle
    from sampling_units.errors import RunError

    logging.getLogger().addHandler(_Progress(out))
    for line in sys.stdin:
        try:
            answer = {"answer": handle(json.loads(line), None)}
        except RunError as error:
            answer = {"error": error.code, "message": str(error)}
        except Exception as error:  # noqa: BLE001 (whatever it is, the test has to hear of it)
            answer = {"escaped": repr(error)[:1000]}
        say(out, answer | {"peak_mb": _peak_mb()})


if __name__ == "__main__":
    main()
