"""The example of continuous delivery stores no keys and runs nothing that could change under it."""

import re

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
