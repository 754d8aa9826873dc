"""Whether outputs are what the documentation promises."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from sampling_units import file_names
from tests.rehearsal.errors import expect

ADDED_COLUMNS = ["cluster_id", "cluster_weight", "cluster_status"]


def check_clustered_file(source: Path, results: Path, name: str) -> None:
    """Every row and column of the input, the three columns more, and one row of the frame for each cluster."""
    before = pq.read_table(source / name)
    after = pq.read_table(results / file_names.output_key(name))
    frame = pq.read_table(results / file_names.frame_key(name))
    expect(after.num_rows == before.num_rows, f"{name} has {before.num_rows} rows, its output {after.num_rows}")
    for column in before.column_names:
        expect(after[column].equals(before[column]), f"the column {column} of {name} has changed")
    missing = set(ADDED_COLUMNS) - set(after.column_names)
    expect(not missing, f"the output of {name} has no {', '.join(sorted(missing))}")
    ids = set(after["cluster_id"].to_pylist())
    expect(None not in ids and len(ids) > 1, f"{name} was not clustered: its ids are {ids}")
    expect(
        sorted(frame["cluster_id"].to_pylist()) == sorted(ids), f"the frame of {name} has other clusters than its file"
    )


def check_summary(summary: Mapping[str, Any], n_rows: Mapping[str, int]) -> None:
    """The summary of a run in which each file succeeded; ``n_rows`` gives the rows of each."""
    totals = {"n_files": len(n_rows), "n_succeeded": len(n_rows), "n_failed": 0, "n_rows": sum(n_rows.values())}
    found = {name: summary[name] for name in totals}
    expect(found == totals, f"the summary says {found} instead of {totals}")
    expect(summary["n_joined_frames"] == len(n_rows), f"{summary['n_joined_frames']} frames were joined")


def check_answer(answer: Mapping[str, Any], name: str, n_rows: int) -> None:
    """What the clustering function says of a single file that succeeded."""
    expect(answer.get("n_failed") == 0, f"the function answered {answer}")
    [result] = answer["results"]
    found = result["filename"], result["report"]["n_rows"]
    expect(found == (name, n_rows), f"the function clustered {found} instead of {(name, n_rows)}")


def check_docker_calls(calls: str) -> None:
    """One image was built, tagged, and pushed after a login."""
    verbs = [call.split()[0] for call in calls.splitlines()]
    for verb in ("build", "tag", "login", "push"):
        expect(verb in verbs, f"the CDK never called `docker {verb}`, only: {', '.join(verbs) or 'nothing'}")
    expect(verbs.count("push") == 1, f"the functions share one image, but {verbs.count('push')} were pushed")
