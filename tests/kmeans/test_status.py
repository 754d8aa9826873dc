"""One entry for each status: every place that speaks of statuses has all of them."""

from kmeans import Status
from sampling_units.io.clustered_file import INVALID
from sampling_units.report.statuses import status_styles
from sampling_units.runs.reference import status_rows


def test_every_status_is_documented():
    rows = status_rows().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(Status)
    assert all(row.count("|") == 4 for row in rows)


def test_every_status_has_words_and_a_colour_of_its_own():
    for status in Status:
        assert status.label
        assert status.explanation.endswith(".")
    assert len({status.colour for status in Status}) == len(Status)
    assert Status.OK.colour == ""


def test_the_page_shows_every_status():
    assert [style.code for style in status_styles()] == list(Status)


def test_a_row_without_cluster_has_no_status_of_a_cluster():
    assert INVALID not in set(Status)
