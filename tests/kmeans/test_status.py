"""One entry for each status: every place that speaks of statuses has all of them."""

import re

from kmeans import Status, Verdict
from sampling_units.io.clustered_file import INVALID
from sampling_units.report.statuses import status_styles
from tests.support.project import PROJECT

# The first column of the table in docs/algorithm.md.
ROWS = re.findall(r"^[|] (`.*?) [|] (yes|no|yes or no) [|]", (PROJECT / "docs/algorithm.md").read_text(), re.MULTILINE)
VERDICTS = {"yes": Verdict.INSIDE, "no": Verdict.OUTSIDE, "yes or no": Verdict.EITHER}


def test_every_status_is_documented_with_its_verdict_and_no_other():
    documented = {code: VERDICTS[verdict] for codes, verdict in ROWS for code in re.findall(r"`(\w+)`", codes)}
    assert documented == {status.value: status.verdict for status in Status}


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
