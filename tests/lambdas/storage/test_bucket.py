import boto3
import pytest

from lambdas.storage.bucket import Bucket
from sampling_units import errors
from sampling_units.aws import s3, storage_policy
from tests.conftest import INPUTS
from tests.support.fault_proxy import Fault, FaultProxy

CONTENT = bytes(range(256)) * 2000
RECOVERABLE = {
    "500": Fault("answer", 500, "InternalError"),
    "SlowDown": Fault("answer", 503, "SlowDown"),
    "RequestTimeout": Fault("answer", 400, "RequestTimeout"),
    "clock skew": Fault("answer", 403, "RequestTimeTooSkewed"),
    "reset before": Fault("reset_before"),
    "reset after": Fault("reset_after"),
    "truncated": Fault("truncate"),
    "slow": Fault("slow", seconds=0.2),
}


@pytest.fixture
def storage(buckets, moto_endpoint, monkeypatch):
    """S3 behind a proxy, with an object in it; faults are what is in the list ``faults`` of the proxy."""
    buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=CONTENT)
    with FaultProxy() as proxy:
        proxy.target, proxy.faults, proxy.n_requests = moto_endpoint, [], 0

        def choose(request):
            proxy.n_requests += 1
            return proxy.faults.pop(0) if proxy.faults else None

        proxy.choose = choose
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        s3.client.cache_clear()
        yield proxy
        s3.client.cache_clear()


@pytest.mark.parametrize("name", RECOVERABLE)
def test_what_passes_is_waited_for(storage, buckets, name):
    storage.faults = [RECOVERABLE[name]] * 2
    assert Bucket(INPUTS).read("a.parquet").content == CONTENT
    storage.faults = [RECOVERABLE[name]] * 2
    etag = Bucket(INPUTS).write("b.parquet", CONTENT, {"note": "x"})
    stored = buckets.get_object(Bucket=INPUTS, Key="b.parquet")
    assert (stored["Body"].read(), stored["Metadata"], stored["ETag"]) == (CONTENT, {"note": "x"}, f'"{etag}"')
    if name != "clock skew":  # botocore looks at the clock of S3 itself.
        storage.faults = [RECOVERABLE[name]] * 2
        assert s3.read(INPUTS, "a.parquet") == CONTENT


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("answer", 403, "AccessDenied"), errors.AccessDenied),
        (Fault("answer", 400, "ExpiredToken"), errors.AccessDenied),
        (Fault("answer", 404, "NoSuchBucket"), errors.BucketMissing),
        (Fault("answer", 404, "NoSuchKey"), errors.FileMissing),
    ],
)
def test_what_does_not_pass_is_said_at_once_and_alike_by_both_clients(storage, fault, error):
    for read in (lambda: Bucket(INPUTS).read("a.parquet"), lambda: s3.read(INPUTS, "a.parquet")):
        storage.faults, storage.n_requests = [fault], 0
        with pytest.raises(error):
            read()
        assert storage.n_requests == 1


def test_an_object_replaced_while_it_is_read_is_never_a_mixture(storage, buckets):
    other = CONTENT[::-1]
    replace = Fault("truncate", midway=lambda r: buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=other))
    storage.faults = [replace]
    found = Bucket(INPUTS).read("a.parquet")
    assert found.content == other
    assert found.etag == buckets.head_object(Bucket=INPUTS, Key="a.parquet")["ETag"].strip('"')


def test_an_object_that_is_replaced_again_and_again_is_an_error(storage, buckets):
    versions = iter(range(100))

    def replace(request):
        buckets.put_object(Bucket=INPUTS, Key="a.parquet", Body=CONTENT + bytes([next(versions)]))

    storage.faults = [Fault("truncate", midway=replace)] * 100
    with pytest.raises(errors.InputChanged, match="replaced"):
        Bucket(INPUTS).read("a.parquet")


@pytest.mark.parametrize("error", [MemoryError(), MemoryError("Unable to allocate"), TypeError("a defect")])
def test_what_is_not_of_the_storage_is_not_blamed_on_it(storage, error):
    def fail(n_bytes):
        raise error

    with pytest.raises(type(error)):
        Bucket(INPUTS).read("a.parquet", check_size=fail)
    assert storage.n_requests == 1


def test_a_server_that_says_nothing_is_asked_again_a_few_times(storage, monkeypatch):
    """As often as the client does by itself: then patience is over. Here both are 300 times as short as usual."""
    monkeypatch.setattr(s3, "READ_SECONDS", storage_policy.READ_SECONDS / 300)
    monkeypatch.setattr(storage_policy, "PATIENCE_SECONDS", storage_policy.PATIENCE_SECONDS / 300)
    s3.client.cache_clear()
    storage.faults = [Fault("hang", seconds=0.5)] * 50
    with pytest.raises(errors.StorageUnavailable, match=r"timed? ?out"):
        s3.read(INPUTS, "a.parquet")
    assert storage.n_requests == 6
    storage.faults = [Fault("hang", seconds=0.5)] * 3
    assert s3.read(INPUTS, "a.parquet") == CONTENT


def test_an_object_that_breaks_off_each_time_is_given_up(storage):
    """By boto3; obstore resumes where an answer broke off, for a minute."""
    storage.faults = [Fault("truncate")] * 100
    with pytest.raises(errors.StorageUnavailable):
        s3.read(INPUTS, "a.parquet")
    assert storage.n_requests == storage_policy.TRIES


@pytest.mark.slow
def test_a_read_that_hangs_longer_than_the_client_waits(storage):
    storage.faults = [Fault("hang", seconds=40)]
    assert Bucket(INPUTS).read("a.parquet").content == CONTENT
    assert storage.n_requests == 2


def test_what_is_too_large_is_not_read(storage):
    def refuse(n_bytes):
        raise errors.FileTooLarge(f"{n_bytes} bytes")

    with pytest.raises(errors.FileTooLarge, match=f"{len(CONTENT)} bytes"):
        Bucket(INPUTS).read("a.parquet", check_size=refuse)
    assert storage.n_requests == 1


def test_the_proxy_changes_nothing_that_it_is_not_told_to(storage, buckets):
    client = boto3.client("s3", endpoint_url=storage.endpoint)
    client.put_object(Bucket=INPUTS, Key="c d+é.parquet", Body=CONTENT, Metadata={"a": "b"})
    assert client.get_object(Bucket=INPUTS, Key="c d+é.parquet")["Body"].read() == CONTENT
    assert buckets.head_object(Bucket=INPUTS, Key="c d+é.parquet")["Metadata"] == {"a": "b"}
