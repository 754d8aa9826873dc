"""What `kmeans aws fetch` writes when somebody else has written to the output bucket: nothing outside its folder."""

import json
import os

import pytest
from click.testing import CliRunner

from lambdas.kickoff.handler import handle as kick_off
from lambdas.summary.handler import handle as summarise
from sampling_units import file_names
from sampling_units.cli.aws.deployment import Deployment
from sampling_units.cli.main import main
from sampling_units.runs import keys
from sampling_units.runs.settings import NO_DEPLOYMENT
from tests.conftest import INPUTS, OUTPUTS
from tests.support.geoparquet_files import cell_file
from tests.support.runs import run_batches

RUN = "run-1"
REQUEST = {"run_id": RUN, "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": {"target_weight": 40}}
ARN = "arn:aws:states:eu-west-1:111122223333:stateMachine:Machine"
EVIL = b"evil"


@pytest.fixture
def plan(buckets):
    """A run of one good file, in a folder."""
    buckets.put_object(Bucket=INPUTS, Key="north/a.parquet", Body=cell_file(80))
    plan = kick_off(REQUEST, None)
    run_batches(buckets, plan)
    summarise(plan, None)
    return plan


@pytest.fixture
def fetch(tmp_path, monkeypatch):
    """Fetches the run to ``tmp_path/deep/down/results``; what is elsewhere below ``tmp_path`` was not to be written."""
    deployment = Deployment("SamplingUnits-dev", INPUTS, OUTPUTS, ARN, NO_DEPLOYMENT)
    monkeypatch.setattr("sampling_units.cli.aws.deployment.find_deployment", lambda stack: deployment)
    monkeypatch.setattr("sampling_units.cli.aws.fetch.use_connection", lambda connection: None)
    out = tmp_path / "deep" / "down" / "results"
    out.mkdir(parents=True)

    def fetch(*options):
        return CliRunner().invoke(main, ["aws", "fetch", RUN, "--out", str(out), *options])

    fetch.out = out
    return fetch


def outside(fetch, tmp_path):
    """Every file below ``tmp_path`` that is not in the folder for the results."""
    files = [path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()]
    return [path for path in files if not path.is_relative_to(fetch.out)]


def record(client, key, change):
    """Change what a run has left in its folder."""
    content = json.loads(client.get_object(Bucket=OUTPUTS, Key=key)["Body"].read())
    changed = change(content)
    client.put_object(Bucket=OUTPUTS, Key=key, Body=json.dumps(content if changed is None else changed).encode())


def put_outputs(client, filename, plan):
    """Objects that look like the outputs of a file."""
    metadata = {keys.FINGERPRINT_METADATA: plan["fingerprint"]}
    for key in (file_names.output_key(filename), file_names.frame_key(filename)):
        client.put_object(Bucket=OUTPUTS, Key=key, Body=EVIL, Metadata=metadata)


def test_a_run_is_fetched_into_its_folder(plan, fetch, tmp_path):
    done = fetch()
    assert done.exit_code == 0, done.output
    assert (fetch.out / "north" / "clustered_a.parquet").is_file()
    assert (fetch.out / "report.html").is_file()
    assert outside(fetch, tmp_path) == []


HOSTILE_KEYS = [
    "../../evil.parquet",
    "north/../../../evil.parquet",
    "..",
    "../evil.parquet",
    "./evil.parquet",
    "//evil.parquet",
    "north//evil.parquet",
    "/{outside}/evil.parquet",
    "evil\x00.parquet",
    "evil\n.parquet",
    "evil.sh",
    "frame/../../evil.parquet",
    "runs/../../evil.parquet",
]


@pytest.mark.parametrize("key", HOSTILE_KEYS)
def test_a_key_never_leads_out_of_the_folder(buckets, plan, fetch, tmp_path, key):
    key = key.replace("/{outside}", str(tmp_path))
    record(buckets, keys.known_key(RUN), lambda known: known["done"].append(key))
    if key.isprintable() and key != "..":
        put_outputs(buckets, key, plan)
    done = fetch()
    assert done.exit_code == 1, done.output
    assert "InvalidInput" in done.output
    assert outside(fetch, tmp_path) == []
    assert list(fetch.out.rglob("*evil*")) == []


def test_a_result_of_a_batch_leads_nowhere_else_either(buckets, plan, fetch, tmp_path):
    key = "../../evil.parquet"
    put_outputs(buckets, key, plan)

    def rename(batches):
        batches[0]["files"][0]["filename"] = key

    record(buckets, plan["manifest_key"], rename)
    result = keys.result_key(RUN, plan["started_at"], 0)
    record(buckets, result, lambda batch: batch["results"][0].update(filename=key))
    done = fetch()
    assert (done.exit_code, "InvalidInput" in done.output) == (1, True)
    assert outside(fetch, tmp_path) == []


@pytest.mark.skipif(os.sep != "/", reason="here a backslash separates folders")
def test_a_backslash_is_a_letter_where_it_separates_nothing(buckets, plan, fetch, tmp_path):
    key = "..\\..\\evil.parquet"
    put_outputs(buckets, key, plan)
    record(buckets, keys.known_key(RUN), lambda known: known["done"].append(key))
    fetch()
    assert outside(fetch, tmp_path) == []


def test_keys_in_the_summary_do_not_name_files(buckets, plan, fetch, tmp_path):
    """Whatever the joined frame is called in the bucket, its name on the disk is fixed."""
    key = "runs/../../../evil.parquet"
    buckets.put_object(Bucket=OUTPUTS, Key=key, Body=EVIL)
    record(buckets, keys.summary_key(RUN), lambda summary: summary.update(joined_frame_keys=[key]))
    done = fetch("--only", "joined")
    assert done.exit_code == 0, done.output
    assert (fetch.out / "frame.parquet").read_bytes() == EVIL
    assert outside(fetch, tmp_path) == []


def test_a_link_to_a_folder_elsewhere_is_not_followed(plan, fetch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (fetch.out / "north").symlink_to(elsewhere)
    done = fetch()
    assert done.exit_code == 3, done.output
    assert "would lie outside" in done.output
    assert list(elsewhere.iterdir()) == []
    # What does not go through the link is there.
    assert (fetch.out / "frame" / "north" / "a.parquet").is_file()


def test_a_link_in_place_of_a_file_is_replaced_and_what_it_led_to_stays(plan, fetch, tmp_path):
    precious = tmp_path / "precious"
    precious.write_bytes(b"precious")
    for name in ("report.html", "summary.json", "frame.parquet", "north/clustered_a.parquet"):
        path = fetch.out / name
        path.parent.mkdir(exist_ok=True)
        path.symlink_to(precious)
    done = fetch()
    assert done.exit_code == 0, done.output
    assert precious.read_bytes() == b"precious"
    assert [path for path in fetch.out.rglob("*") if path.is_symlink()] == []


def test_links_in_a_circle_end_in_a_message(plan, fetch):
    (fetch.out / "north").symlink_to(fetch.out / "north")
    done = fetch()
    assert (done.exit_code, "Error" in done.output) == (3, False), done.output


def test_the_folder_itself_may_be_a_link(plan, fetch, tmp_path):
    fetch.out.rmdir()
    (tmp_path / "disk").mkdir()
    fetch.out.symlink_to(tmp_path / "disk")
    done = fetch()
    assert done.exit_code == 0, done.output
    assert (tmp_path / "disk" / "north" / "clustered_a.parquet").is_file()


@pytest.mark.parametrize("change", [{"output_bucket": "somebody-elses"}, {"run_id": "run-2"}])
def test_a_plan_cannot_send_these_credentials_to_another_bucket_or_run(buckets, plan, fetch, tmp_path, change):
    buckets.create_bucket(Bucket="somebody-elses")
    try:
        record(buckets, keys.plan_key(RUN), lambda forged: forged.update(change))
        done = fetch()
        assert done.exit_code == 2, done.output
        assert "is not its own" in done.output
        assert list(fetch.out.iterdir()) == []
    finally:
        buckets.delete_bucket(Bucket="somebody-elses")


@pytest.mark.parametrize("name", ["..\x1b[31m/evil.parquet", "\x1b]0;evil\x07.parquet"])
def test_names_cannot_steer_the_terminal(buckets, plan, fetch, name):
    record(buckets, keys.known_key(RUN), lambda known: known["done"].append(name))
    done = fetch()
    assert done.exit_code == 1
    assert "\x1b" not in done.output
