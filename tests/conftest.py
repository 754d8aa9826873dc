"""Fixtures shared by all tests: an S3 server on loopback, and no way to a real AWS account."""

import os

import boto3
import pytest
from hypothesis import settings
from moto.server import ThreadedMotoServer

from sampling_units.aws import s3

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

# The same examples in every run: what fails in CI fails on the desk, and nothing fails by chance.
settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("few", derandomize=True, deadline=None, max_examples=5)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

INPUTS, OUTPUTS = "survey-inputs", "survey-outputs"


@pytest.fixture(autouse=True)
def _no_real_account(monkeypatch, tmp_path):
    """Credentials that open nothing, whatever the machine is configured for."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))


@pytest.fixture(scope="session")
def moto_endpoint():
    """S3 over a socket, so that every client is tested with its real transport."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def buckets(moto_endpoint, monkeypatch):
    """An empty input and output bucket; returns a client."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    s3.client.cache_clear()
    client = boto3.client("s3")
    for bucket in (INPUTS, OUTPUTS):
        client.create_bucket(Bucket=bucket)
    yield client
    for bucket in (INPUTS, OUTPUTS):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for found in page.get("Contents", []):
                client.delete_object(Bucket=bucket, Key=found["Key"])
        client.delete_bucket(Bucket=bucket)
    s3.client.cache_clear()
