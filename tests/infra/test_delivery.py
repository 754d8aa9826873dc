"""The example of continuous delivery stores no keys and runs nothing that could change under it."""

import os
import re
import subprocess

import pytest
import yaml

from tests.support.project import PROJECT

TEXT = (PROJECT / ".github" / "workflows" / "delivery.yml").read_text()
WORKFLOW = yaml.safe_load(TEXT)


def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is():
    used = re.findall(r"uses: (.*)", TEXT)
    assert used
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action) for action in used)


def test_a_failing_part_of_a_pipe_fails_the_step():
    assert WORKFLOW["defaults"] == {"run": {"shell": "bash"}}


def test_there_are_no_stored_keys():
    assert "secrets." not in TEXT
    assert "access-key" not in TEXT.lower()


@pytest.mark.parametrize("job", WORKFLOW["jobs"])
def test_only_jobs_that_talk_to_aws_get_an_identity(job):
    steps = WORKFLOW["jobs"][job]["steps"]
    talks_to_aws = any("configure-aws-credentials" in step.get("uses", "") for step in steps)
    permissions = WORKFLOW["jobs"][job].get("permissions", WORKFLOW["permissions"])
    assert permissions == {"contents": "read"} | ({"id-token": "write"} if talks_to_aws else {})


def test_nothing_is_deployed_that_was_not_tested():
    deploy = WORKFLOW["jobs"]["deploy"]
    assert (deploy["needs"], deploy["environment"]) == ("test", "production")
    assert "github.event_name == 'push'" in deploy["if"]
    assert WORKFLOW[True]["push"] == {"branches": ["main"]}  # YAML reads the key `on` so.


def test_every_step_of_continuous_integration_is_a_job_of_its_own():
    steps = re.search(r"^all=\((.*)\)$", (PROJECT / ".ci" / "run").read_text(), re.MULTILINE)[1].split()
    matrix = WORKFLOW["jobs"]["test"]["strategy"]["matrix"]
    assert sorted(matrix["step"]) == sorted(steps)
    assert WORKFLOW["jobs"]["test"]["steps"][-1] == {"run": ".ci/run ${{ matrix.step }}"}
    assert len(steps) > 5


@pytest.mark.parametrize(
    ("make", "status", "end"),
    [
        ("true", 0, "2 passed, 0 failed"),
        ("false", 1, "0 passed, 2 failed"),
        ('test "$1" = lint', 1, "1 passed, 1 failed"),
    ],
)
def test_continuous_integration_says_of_each_step_how_it_went(tmp_path, make, status, end):
    project = tmp_path / "project"
    for script in (".ci/run", "tests/image/install_docker.sh", "tests/sampling_units/report/install_chromium.sh"):
        (project / script).parent.mkdir(parents=True, exist_ok=True)
        (project / script).write_text((PROJECT / script).read_text() if script == ".ci/run" else "#!/bin/sh\n")
        (project / script).chmod(0o755)
    (tmp_path / "make").write_text(f"#!/bin/sh\n{make}\n")
    (tmp_path / "make").chmod(0o755)
    ran = subprocess.run(
        [project / ".ci" / "run", "lint", "synth"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == status
    assert ran.stdout.splitlines()[-1] == end
    assert "======== lint: make lint ========" in ran.stdout
    assert re.search(r"^synth +(passed|FAILED) +\d+ s$", ran.stdout, re.MULTILINE)


def test_an_unknown_step_is_refused():
    ran = subprocess.run([PROJECT / ".ci" / "run", "tets"], capture_output=True, text=True, check=False)
    assert (ran.returncode, "There is no step tets" in ran.stderr) == (2, True)
