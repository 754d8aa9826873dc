"""Every hostile file is refused with the documented error, beside good files that do not notice."""

import numpy as np
import pytest

from sampling_units import errors
from tests.hostile import corpus, table
from tests.hostile.__main__ import judged
from tests.hostile.cases import Case
from tests.hostile.function import MEMORY_MB
from tests.hostile.function_process import Function
from tests.hostile.judge import Judge, Verdict
from tests.support.geoparquet_files import file_bytes

# tests/test_docs.py sees to it that each of them is explained.
CODES = {kind.__name__ for kind in errors.RunError.__subclasses__()} - {"InternalError"}
REFUSED = (*corpus.FILES, *corpus.PARAMETERS, *corpus.EVENTS)


@pytest.fixture(scope="module")
def function():
    function = Function()
    yield function
    function.stop()


@pytest.fixture
def judge(buckets, function):
    return Judge(buckets, function)


def complaints(names, verdicts):
    return {name: verdict.complaints for name, verdict in zip(names, verdicts, strict=True) if verdict.complaints}


# These kinds take from 14 to 46 seconds each.
SLOW = (
    "Small files that fill any memory",
    "Geometries in WKB",
    "Bytes and footers of Parquet",
    "GeoParquet metadata",
    "Pages of Parquet",
    "Weights",
)


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=[pytest.mark.slow] if kind in SLOW else []) for kind in REFUSED]
)
def test_hostile_files_end_as_the_documentation_says(judge, kind):
    names, verdicts = judged(judge, kind)
    assert len(set(names)) == len(names)
    assert complaints(names, verdicts) == {}
    assert {verdict.code for verdict in verdicts} <= CODES
    assert max(verdict.peak_mb for verdict in verdicts) <= MEMORY_MB
    assert table.rows_of(names, verdicts) == table.expected_rows(kind), "python -m tests.hostile --accept records this"


@pytest.mark.parametrize("kind", corpus.ODD)
def test_odd_files_are_clustered_like_any_other(judge, kind):
    cases = list(corpus.ODD[kind]())
    verdicts = judge.judge(cases, is_odd=True)
    names = [case.name for case in cases]
    assert complaints(names, verdicts) == {}
    assert {name: verdict.code for name, verdict in zip(names, verdicts, strict=True) if verdict.code} == {}


def test_the_corpus_is_large():
    n_files = sum(len(list(cases())) for kind, cases in corpus.FILES.items() if "any memory" not in kind)
    assert n_files >= 240


def test_a_death_is_blamed_on_the_file_and_costs_no_other(judge, monkeypatch):
    """The judge itself: it would be no proof if a crash went by unseen."""
    cases = list(corpus.FILES["Columns of longitude and latitude"]())[:3]
    send, n_sent = judge.function.send, []

    def send_and_die(event):
        n_sent.append(event)
        for number, said in enumerate(send(event)):
            if len(n_sent) == 2 and number == 2:
                judge.function._process.kill()
            yield said

    monkeypatch.setattr(judge.function, "send", send_and_die)
    verdicts = judge.judge(cases)
    dead = [number for number, verdict in enumerate(verdicts) if verdict.code == "Died"]
    assert len(dead) == 1
    assert "status -9" in verdicts[dead[0]].complaints[0]
    assert all(
        isinstance(verdict, Verdict) and not verdict.complaints for verdict in verdicts if verdict.code != "Died"
    )


def test_too_many_rows_are_refused_before_any_is_read(judge):
    every = corpus.FILES["Small files that fill any memory"]()
    (verdict,) = judge.judge([case for case in every if case.name.startswith("1,000,000,000 rows")])
    assert "has 1,000,000,000 rows of 3 columns" in verdict.message


@pytest.mark.slow
def test_a_large_file_is_clustered_after_files_that_were_too_large(judge):
    """What a failed file took is there again, not only for small neighbours."""
    every = corpus.FILES["Small files that fill any memory"]()
    bombs = [case for case in every if case.name.startswith(("a list of", "40 texts", "100,000 texts"))]
    assert len(bombs) == 3
    assert {verdict.code for verdict in judge.judge(bombs)} == {"FileTooLarge"}
    row, column = np.divmod(np.arange(400_000), 1000)
    places = {"lon": 121 + column / 1200, "lat": 14 + row / 1200}
    content = file_bytes({"population": np.ones(len(row))} | places, geo=None)
    verdict = judge.judge_alone(Case("large", content, {"target_weight": 1000}))
    assert verdict.complaints == ("was clustered",)
