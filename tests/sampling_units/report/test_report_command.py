import json
import os

import pytest
from click.testing import CliRunner

from sampling_units.cli.main import main
from tests.support.geoparquet_files import cell_file


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kmeans(*arguments):
    return CliRunner().invoke(main, [*map(str, arguments)])


@pytest.fixture
def results(folder):
    """Frames of two files, one of them in a folder of its own."""
    for name in ("inputs/cells.parquet", "inputs/north/cells.parquet"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cell_file())
    done = kmeans("cluster", "inputs", "--target-weight", 40, "--out", "results")
    assert done.exit_code == 0, done.output
    return folder / "results"


def test_a_page_is_made_of_the_frames(results):
    done = kmeans("report", "results")
    assert done.exit_code == 0
    assert "clusters of 2 files is results/report.html" in done.output
    html = (results / "report.html").read_text("utf-8")
    assert "from 2 files" in html
    assert "<h1>results</h1>" in html


def test_a_run_is_reported_with_what_failed(results):
    (results.parent / "inputs" / "bad.parquet").write_bytes(b"bad")
    done = kmeans("cluster", "inputs", "--target-weight", 40, "--out", "results", "--report")
    assert done.exit_code == 3
    assert "Map, histograms and tables: results/report.html" in done.output
    html = (results / "report.html").read_text("utf-8")
    assert "from 2 files" in html
    assert "bad.parquet" in html
    assert "InvalidInput" in html


def test_figures_are_printed_as_json_and_the_page_goes_where_it_should(results):
    done = kmeans("report", "results", "--out", "elsewhere/page.html", "--json")
    figures = json.loads(done.output)
    assert figures["report"] == "elsewhere/page.html"
    assert figures["n_files"] == 2
    assert figures["n_clusters"] >= figures["n_in_range"] > 0
    assert os.path.getsize("elsewhere/page.html") == figures["bytes"]
    assert os.listdir("elsewhere") == ["page.html"]


def test_an_older_page_is_replaced_and_the_same_results_give_the_same_page(results):
    (results / "report.html").write_text("old")
    kmeans("report", "results")
    first = (results / "report.html").read_bytes()
    kmeans("report", "results")
    assert (results / "report.html").read_bytes() == first
    assert first != b"old"


def test_the_page_is_opened(results, monkeypatch):
    opened = []
    monkeypatch.setattr("click.launch", opened.append)
    assert kmeans("report", "results", "--open").exit_code == 0
    assert opened == [(results / "report.html").resolve().as_uri()]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["nowhere"], 1, "FileMissing: nowhere: there are no sampling frames in nowhere/frame"),
        (["results", "--out", "page.parquet"], 2, "has to end in .html or .htm"),
        (["results", "--out", "folder.html"], 2, "is a folder"),
    ],
)
def test_what_cannot_be_done_says_why(results, folder, arguments, status, message):
    (folder / "folder.html").mkdir()
    done = kmeans("report", *arguments)
    assert done.exit_code == status
    assert message in done.output
    assert not (folder / "nowhere").exists()


def test_frames_of_different_parameters_do_not_make_one_report(results, folder):
    done = kmeans("cluster", "inputs/cells.parquet", "--target-weight", 50, "--out", "results")
    assert done.exit_code == 0, done.output
    done = kmeans("report", "results")
    assert done.exit_code == 1
    assert "was made with other parameters" in done.output
    assert not (results / "report.html").exists()


def test_what_is_no_frame_is_named_and_nothing_is_written(results):
    (results / "frame" / "more.parquet").write_bytes((results / "clustered_cells.parquet").read_bytes())
    (results / "report.html").write_text("old")
    done = kmeans("report", "results")
    assert done.exit_code == 1
    assert "more.parquet" in done.output
    assert (results / "report.html").read_text() == "old"


def test_unfinished_frames_are_passed_over(results):
    (results / "frame" / ".cells.parquet.7.part.parquet").write_bytes(b"half")
    assert kmeans("report", "results").exit_code == 0


def test_an_error_on_the_way_leaves_nothing(results, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    done = kmeans("report", "results")
    assert done.exit_code == 1
    assert "No space left" in done.output
    assert sorted(path.name for path in results.iterdir() if "report" in path.name or ".part" in path.name) == []
