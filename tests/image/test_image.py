"""The image under the limits of Lambda: the documented call, what comes out of it, and what it costs."""

import json
import re
import subprocess
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from moto.server import ThreadedMotoServer
from rich.console import Console
from rich.table import Table

from sampling_units import file_names
from tests.conftest import INPUTS, OUTPUTS
from tests.hostile.page_cases import bomb_cases
from tests.support.docker import LABEL, is_privileged, network_of
from tests.support.geoparquet_files import cell_file, file_bytes, read_table, square_geometry
from tests.support.project import PROJECT

pytestmark = pytest.mark.image

# The three fields are all that a request needs.
CALL = ["curl", "--silent", "--show-error", "--fail", "--max-time", "120", "--retry", "30", "--retry-connrefused"]
CALL += ["--retry-delay", "1", "http://127.0.0.1:8080/2015-03-31/functions/function/invocations"]
# What Lambda gives a function and what it withholds; the user is no one that the image could know.
LIMITS = ["--read-only", "--tmpfs", "/tmp:size=512m", "--memory", "1769m", "--memory-swap", "1769m", "--cpus", "1"]
LIMITS += ["--user", "54321:54321", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
PORT = 5000
DOCKERFILE = PROJECT / "lambdas" / "clustering" / "Dockerfile"
# As large as the largest barangay, and as many places as its buildings.
N_CELLS, N_PLACES = 13_691, 17_367
# Python, the packages and the kernels, unpacked, on top of the base.
MOST_MEGABYTES_ADDED = 460


def places_file():
    rng = np.random.default_rng(0)
    footprints = square_geometry(np.array([121.0, 14.6]) + rng.uniform(0, 0.05, (N_PLACES, 2)))
    return file_bytes({"population": rng.lognormal(0, 0.7, N_PLACES), "geometry": footprints})


@contextmanager
def function(docker, image, moto_endpoint):
    """A container of the image and its address for S3; its only network is its own loopback where that is possible."""
    isolated = is_privileged()
    endpoint = f"http://127.0.0.1:{PORT}" if isolated else moto_endpoint
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "120",
        # One line in the log for each kernel that is loaded or compiled.
        "NUMBA_DEBUG_CACHE": "1",
    }
    options = [*LIMITS, "--network", "none" if isolated else "host"]
    for name, value in environment.items():
        options += ["--env", f"{name}={value}"]
    with docker.container(image, *options) as container:
        try:
            if isolated:
                process = docker.process_id(container)
                with s3_inside(process):
                    yield container, ["nsenter", f"--net=/proc/{process}/ns/net", *CALL]
            else:
                yield container, CALL
        finally:
            # Shown when the test fails.
            print(docker.logs(container))


@contextmanager
def s3_inside(process):
    """S3 on the loopback of a container; it has the same objects as the server that the ``buckets`` are in."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=PORT, verbose=False)
    with network_of(process):
        server.start()
    try:
        yield
    finally:
        server.stop()


def invoke(call, filename):
    result = answer(call, filename)
    assert "failure" not in result, result
    return result


def answer(call, filename):
    event = {"filename": filename, "input_bucket": INPUTS, "output_bucket": OUTPUTS}
    done = subprocess.run([*call, "--data", json.dumps(event)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [result] = json.loads(done.stdout)["results"]
    return result


def peak_megabytes(docker, container):
    """Largest resident memory of each of the container's processes, added up: the emulator's and the function's."""
    processes = docker("top", container, "-o", "pid").split()[1:]
    statuses = [Path(f"/proc/{process}/status").read_text() for process in processes]
    return sum(int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) for status in statuses) / 1024


def megabytes(docker, image):
    return int(docker("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def check_outputs(content, result, client):
    clustered, frame = (
        read_table(client.get_object(Bucket=OUTPUTS, Key=result[name])["Body"].read()) for name in ("output", "frame")
    )
    before = read_table(content)
    assert clustered.select(before.column_names).to_pylist() == before.to_pylist()
    rows_of = Counter(clustered["cluster_id"].to_pylist())
    assert len(rows_of) > 20
    assert dict(zip(*(frame[name].to_pylist() for name in ("cluster_id", "n_points")), strict=True)) == rows_of
    assert set(clustered["cluster_status"].to_pylist()) == {"ok"}
    assert pa.types.is_floating(clustered["cluster_weight"].type)


def test_the_image_answers_within_the_limits_of_lambda(docker, image, base, buckets, moto_endpoint, capsys):
    files = {"cells.parquet": cell_file(N_CELLS), "places.parquet": places_file()}
    for name, content in files.items():
        buckets.put_object(Bucket=INPUTS, Key=name, Body=content)
    with function(docker, image, moto_endpoint) as (container, call):
        for name in ("cells.parquet", "cells.parquet", "places.parquet"):
            result = invoke(call, name)
            assert (result["output"], result["frame"]) == (file_names.output_key(name), file_names.frame_key(name))
            check_outputs(files[name], result, buckets)
        peak, log = peak_megabytes(docker, container), docker.logs(container)

    [init] = re.findall(r"INIT REPORT\(durationMs: ([\d.]+)\)", log)
    calls = re.findall(r"INVOKE RTDONE\(status: success, .*duration: ([\d.]+)ms\)", log)
    loaded, compiled = (
        set(re.findall(rf"\[cache\] data {what} '[^']*/([\w.-]+)'", log)) for what in ("loaded from", "saved to")
    )
    size, added = megabytes(docker, image), megabytes(docker, image) - (megabytes(docker, base) if base else 0)
    figures = {
        "base": base or "of the Dockerfile",
        "image, unpacked": f"{size:.0f} MB" + (f", {added:.0f} MB of it not of the base" if base else ""),
        "init": f"{float(init) / 1e3:.2f} s",
        f"first call, {N_CELLS:,} cells": f"{float(calls[0]) / 1e3:.2f} s",
        "second call, the same": f"{float(calls[1]) / 1e3:.2f} s",
        f"third call, {N_PLACES:,} buildings": f"{float(calls[2]) / 1e3:.2f} s",
        "peak memory": f"{peak:.0f} MB",
        "kernels from the baked cache": str(len(loaded)),
        "kernels compiled": str(len(compiled)),
    }
    with capsys.disabled():
        show(figures)
    assert len(loaded) > 10
    assert compiled == set()
    assert not base or added < MOST_MEGABYTES_ADDED


def test_the_image_has_the_python_that_ships(docker, image):
    shipped = re.search(r"^ARG BASE=.*:(\d+\.\d+)$", DOCKERFILE.read_text(), re.MULTILINE)[1]
    ask = "import sys; print(*sys.version_info[:2], sep='.')"
    options = ("run", "--rm", "--network", "none", "--label", LABEL, "--entrypoint", "python")
    assert docker(*options, image, "-c", ask) == shipped == "3.13"


@pytest.mark.parametrize("name", ["1 GB of zeros in zstd", "100,000 texts of 100 KB out of a dictionary"])
def test_a_file_that_unfolds_to_gigabytes_costs_only_itself(docker, image, buckets, moto_endpoint, name):
    [bomb] = [case for case in bomb_cases() if case.name == name]
    buckets.put_object(Bucket=INPUTS, Key="bomb.parquet", Body=bomb.to_bytes())
    buckets.put_object(Bucket=INPUTS, Key="cells.parquet", Body=cell_file(500))
    with function(docker, image, moto_endpoint) as (container, call):
        assert answer(call, "bomb.parquet")["failure"]["error"] == "FileTooLarge"
        assert invoke(call, "cells.parquet")["report"]["n_rows"] == 500
        # It is the process that refused the bomb.
        assert docker.logs(container).count("INIT REPORT") == 1


def show(figures):
    table = Table("what", "measured", title="The image under the Runtime Interface Emulator")
    for what, measured in figures.items():
        table.add_row(what, measured)
    Console().print("\n", table)
