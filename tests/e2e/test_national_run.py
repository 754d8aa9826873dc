"""Every command of docs/national-run.md, in its order, on the embedded AWS."""

import os
import shlex
import subprocess
import sys

import geopandas
import numpy as np
import pytest

from tests.e2e.test_workflow import s3  # noqa: F401 (fixture)
from tests.rehearsal.readme import commands, filled_in
from tests.support.geoparquet_files import cells, file_bytes, point_geometry
from tests.support.project import PROJECT

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.xdist_group("emulator")]

PROVINCES = ("abra", "batanes", "cebu", "davao", "ifugao")
AWS = PROJECT / ".emulator" / "bin" / "aws"


def nation():
    """Five provinces side by side; in one of them somebody is missing."""
    places = [cells(300, seed, middle=(121.0 + seed / 10, 14.6)) for seed in range(len(PROVINCES))]
    coordinates = np.concatenate([place[0] for place in places])
    population = np.concatenate([20 * place[1] for place in places])
    return {
        "province": np.repeat(PROVINCES, 300),
        "urban": np.arange(1500) % 300 < 150,
        "population": population,
        "geometry": point_geometry(coordinates),
    }


def test_the_first_national_run(emulator, deployment, s3, tmp_path):  # noqa: F811
    columns = nation()
    broken = columns | {"population": np.where(np.arange(1500) == 700, np.nan, columns["population"])}
    (tmp_path / "nation.parquet").write_bytes(file_bytes(broken))
    environment = os.environ | emulator.cli_environment() | {"NO_COLOR": "1"}

    def run(line):
        kmeans = f"{shlex.quote(sys.executable)} -m sampling_units "
        line = line.replace("kmeans ", kmeans, 1) if line.startswith("kmeans ") else line
        line = line.replace("aws ", f"{AWS} ", 1) if line.startswith("aws ") else line
        environment["PYTHONPATH"] = str(PROJECT)
        return subprocess.run(
            line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )

    said = {}
    for line in commands((PROJECT / "docs" / "national-run.md").read_text()):
        done = run(filled_in(line, {"INPUT_BUCKET": deployment.input_bucket}))
        # Three provinces are tried, one of them cannot be clustered; then one of five cannot.
        fails = line.startswith("kmeans aws watch")
        assert done.returncode == (1 if fails else 0), (line, done.stdout, done.stderr)
        said[line] = done.stdout + done.stderr
        if line.startswith("kmeans aws report nation"):
            (tmp_path / "nation.parquet").write_bytes(file_bytes(columns))
            assert run("kmeans split nation.parquet --by province --out provinces --overwrite").returncode == 0
    assert "5 files found, 2 up to date, 3 to do" in said["kmeans aws start --params @params.json --name nation"]
    assert "batanes" not in said["kmeans aws watch trial"]
    retried = said["kmeans aws retry nation --name nation-2 --watch"]
    assert "1 file clustered, 4 were up to date, 0 failed" in retried
    assert "made by" in run("kmeans inspect results/frame.parquet").stdout
    assert run("kmeans export results/frame.parquet --out frame.gpkg").returncode == 0
    sample = geopandas.read_file(tmp_path / "sample.gpkg")
    assert len(sample) == 20
    assert set(sample["filename"]) <= {f"{name}.parquet" for name in PROVINCES}
    assert {path.name for path in (tmp_path / "results").iterdir()} >= {"frame.parquet", "report.html", "frame"}
    assert "MapLibre" in (tmp_path / "trial.html").read_text()
