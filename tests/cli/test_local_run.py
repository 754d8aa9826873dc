import pytest

from cli.cluster import local_run
from lambdas.clustering import file_job
from lambdas.contract.parameters import parse_parameters
from tests.support.geoparquet_files import cell_file


@pytest.mark.parametrize(("error", "code"), [(MemoryError(), "FileTooLarge"), (TypeError("odd"), "InternalError")])
def test_what_goes_wrong_with_one_file_is_named_and_costs_no_other(tmp_path, monkeypatch, error, code):
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.parquet").write_bytes(cell_file(40))
    real = file_job.cluster_file

    def cluster_file(source, filename, *rest):
        if filename == "b.parquet":
            raise error
        return real(source, filename, *rest)

    monkeypatch.setattr(file_job, "cluster_file", cluster_file)
    params = parse_parameters({"target_weight": 20})
    summary = local_run.run([tmp_path], tmp_path / "out", params, jobs=1, force=False)
    assert (summary.n_succeeded, summary.n_failed) == (2, 1)
    [failed] = summary.failures
    assert (failed.filename, failed.failure.error) == ("b.parquet", code)
    assert str(tmp_path / "b.parquet") in failed.failure.message
    assert not list((tmp_path / "out").rglob("*b.parquet"))
