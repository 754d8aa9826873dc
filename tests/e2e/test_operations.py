"""A nation in small: five hundred files, seven bad ones, a retry, a kill in the middle, all by the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.test_aws_commands import as_json, command  # noqa: F401 (fixtures)
from tests.e2e.test_workflow import s3, upload  # noqa: F401 (fixtures)
from tests.support.geoparquet_files import cell_file, cells, file_bytes, point_geometry
from tests.support.project import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("emulator")]

OPTIONS = ["--params", '{"target_weight": 40}', "--max-concurrency", "4"]


def bad_files():
    """Seven files that are bad in seven ways."""
    good = cell_file(30)
    return {
        "bad/empty.parquet": b"",
        "bad/no_parquet.parquet": b"id,weight\n1,2\n",
        "bad/truncated.parquet": good[: len(good) // 2],
        "bad/no_geometry.parquet": file_bytes({"population": np.ones(10)}),
        "bad/no_weight.parquet": file_bytes({"geometry": point_geometry(cells(30)[0])}),
        "bad/not_a_number.parquet": cell_file(30, population=np.full(30, np.nan)),
        "bad/negative.parquet": cell_file(30, population=np.full(30, -1.0)),
    }


def written(s3, deployment):  # noqa: F811
    """When each output was written."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=deployment.output_bucket)
    listed = (found for page in pages for found in page.get("Contents", []))
    return {found["Key"]: found["LastModified"] for found in listed if "clustered_" in found["Key"]}


def test_seven_bad_files_of_five_hundred(s3, deployment, command, tmp_path):  # noqa: F811
    good = {f"{number % 10}/{number:03}.parquet": cell_file(30, seed=number) for number in range(493)}
    upload(s3, deployment, good | bad_files())
    planned = as_json(command("plan", *OPTIONS, "--json"))
    assert (planned["n_found"], planned["n_files"]) == (500, 500)
    started = command("start", "--name", "survey", *OPTIONS)
    assert "500 files found, 0 up to date, 500 to do" in started.stdout, started.stderr
    done = command("watch", "survey")
    assert done.returncode == 3, done.stderr
    assert "493 files clustered, 0 were up to date, 7 failed" in done.stdout
    first = as_json_of_watch(command, "survey")["summary"]
    assert {failed["filename"] for failed in first["failures"]} == set(bad_files())
    assert all(failed["failure"]["message"] for failed in first["failures"])
    before = written(s3, deployment)
    assert len(before) == 493
    hopeless = command("retry", "survey")
    assert hopeless.returncode == 0
    assert (
        "7 failed files of survey would only fail again. Repair and upload first: bad/empty.parquet" in hopeless.stdout
    )

    repaired = ["bad/empty.parquet", "bad/truncated.parquet", "bad/negative.parquet"]
    upload(s3, deployment, {name: cell_file(30, seed=number) for number, name in enumerate(repaired)})
    retried = command("retry", "survey", "--name", "survey-2")
    assert "500 files found, 493 up to date, 4 unchanged since they failed, 3 to do" in retried.stdout, retried.stderr
    assert command("watch", "survey-2").returncode == 3
    after = written(s3, deployment)
    assert {key: after[key] for key in before} == before
    assert len(after) == 496

    rest = {name: cell_file(30, seed=number) for number, name in enumerate(bad_files()) if name not in repaired}
    upload(s3, deployment, rest)
    assert command("retry", "survey-2", "--name", "survey-3", "--watch").returncode == 0
    assert "no file of survey-3 failed" in command("retry", "survey-3").stdout
    again = command("start", "--name", "survey-4", *OPTIONS)
    assert "500 files found, 500 up to date, 0 to do" in again.stdout
    assert "Nothing is to be done" in again.stdout
    assert command("watch", "survey-4").returncode == 0
    assert len(written(s3, deployment)) == 500

    runs = {run["run"]: run for run in as_json(command("list", "--json", "--n", "4"))}
    assert list(runs) == ["survey-4", "survey-3", "survey-2", "survey"]
    assert (runs["survey"]["n_failed"], runs["survey-4"]["n_done"]) == (7, 500)
    assert "survey-3\tSUCCEEDED\t" in command("list").stdout

    fetched = as_json(command("fetch", "survey-3", "--out", str(tmp_path / "results"), "--json"))
    assert fetched["n_fetched"] == 2 * 500 + 3
    assert len(list((tmp_path / "results").rglob("clustered_*.parquet"))) == 500
    assert (tmp_path / "results" / "frame.parquet").exists()
    assert json.loads((tmp_path / "results" / "summary.json").read_bytes())["n_joined_frames"] == 500
    again = as_json(command("fetch", "survey-3", "--out", str(tmp_path / "results"), "--json", "--only", "clustered"))
    assert (again["n_fetched"], again["n_kept"]) == (0, 500)
    page = tmp_path / "survey.html"
    assert as_json(command("report", "survey-3", "--out", str(page), "--json"))["report"] == str(page)
    assert "survey-3" in page.read_text()


def as_json_of_watch(command, run):  # noqa: F811
    return json.loads(command("watch", run, "--json").stdout)


def test_a_stopped_run_is_finished_by_a_retry_and_no_file_is_done_twice(s3, deployment, command, emulator):  # noqa: F811
    s3.put_bucket_versioning(Bucket=deployment.output_bucket, VersioningConfiguration={"Status": "Enabled"})
    large = cell_file(20_000)
    files = {f"{number:03}.parquet": large for number in range(40)}
    upload(s3, deployment, files)
    options = ["--params", '{"target_weight": 40}', "--max-concurrency", "1", "--no-wait"]
    assert command("start", "--name", "stopped", *options).returncode == 0
    watcher = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sampling_units",
            "aws",
            "watch",
            "--endpoint-url",
            emulator.endpoint,
            "stopped",
        ],
        cwd=PROJECT,
        env=os.environ | {"AWS_ACCESS_KEY_ID": "embedded", "AWS_SECRET_ACCESS_KEY": "embedded"},
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: written(s3, deployment))
    watcher.send_signal(signal.SIGINT)
    assert watcher.wait(30) == 130
    assert "The run goes on. Come back with: kmeans aws watch stopped" in watcher.stderr.read()
    watcher.stderr.close()
    assert "is still going on" in command("retry", "stopped").stderr
    assert "Stopped stopped." in command("stop", "stopped").stdout
    assert "Do what is left: kmeans aws retry stopped" in command("watch", "stopped").stderr
    assert "had ended already (ABORTED)" in command("stop", "stopped").stdout
    # A batch that is being worked on ends by itself.
    settle(lambda: written(s3, deployment))
    assert 0 < len(written(s3, deployment)) < 40
    done = command("retry", "stopped", "--name", "rest", "--watch")
    assert done.returncode == 0, done.stderr
    versions = s3.list_object_versions(Bucket=deployment.output_bucket, Prefix="clustered_0")["Versions"]
    assert sorted(version["Key"] for version in versions) == [f"clustered_{name}" for name in sorted(files)]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def settle(look):
    """Wait until what one sees stays the same for two seconds."""
    seen, since = look(), time.monotonic()
    while time.monotonic() - since < 2:
        time.sleep(0.2)
        now = look()
        if now != seen:
            seen, since = now, time.monotonic()


def test_a_killed_worker_costs_no_file_and_leaves_nothing_to_a_retry(s3, deployment, command, emulator):  # noqa: F811
    s3.put_bucket_versioning(Bucket=deployment.output_bucket, VersioningConfiguration={"Status": "Enabled"})
    content = cell_file(4000)
    files = {f"killed-{number:03}.parquet": content for number in range(60)}
    upload(s3, deployment, files)
    options = ["--params", '{"target_weight": 40}', "--max-concurrency", "1", "--no-wait"]
    assert command("start", "--name", "killed", *options).returncode == 0
    wait_for(lambda: len(written(s3, deployment)) > 1)
    os.kill(worker(emulator), signal.SIGKILL)
    ended = as_json_of_watch(command, "killed")
    # Its batch is finished by another invocation, which begins at the first file.
    assert (ended["status"], ended["summary"]["failures"]) == ("SUCCEEDED", [])
    versions = s3.list_object_versions(Bucket=deployment.output_bucket, Prefix="clustered_killed-")["Versions"]
    assert sorted({version["Key"] for version in versions}) == [f"clustered_{name}" for name in sorted(files)]
    assert len({(version["Key"], version["ETag"]) for version in versions}) == len(files)
    assert "no file of killed failed" in command("retry", "killed").stdout
    again = command("start", "--name", "killed-again", *OPTIONS)
    assert "60 up to date, 0 to do" in again.stdout


def worker(emulator):
    """The process that runs the clustering function: the child of the emulator that works while one looks."""
    tasks = Path(f"/proc/{emulator.process_id}/task").iterdir()
    children = [int(child) for task in tasks for child in (task / "children").read_text().split()]
    before = {child: ticks(child) for child in children}
    time.sleep(0.3)
    busiest = max(children, key=lambda child: ticks(child) - before[child])
    assert ticks(busiest) > before[busiest]
    return busiest


def ticks(process):
    """Processor time of a process so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
