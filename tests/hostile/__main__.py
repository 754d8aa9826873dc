"""Runs the whole corpus and writes build/hostile-files.md: ``make hostile-page``."""

import argparse
import os
import time
from collections import Counter
from collections.abc import Sequence

import boto3
from moto.server import ThreadedMotoServer

from tests.conftest import INPUTS, OUTPUTS
from tests.hostile import corpus, table
from tests.hostile.function_process import Function
from tests.hostile.judge import Judge, Verdict


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile")
    parser.add_argument("--accept", action="store_true", help="from now on expect what is found")
    accept = parser.parse_args().accept
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    os.environ |= dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    os.environ |= dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), "us-east-1")
    os.environ["AWS_ENDPOINT_URL"] = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client("s3")
    for bucket in (INPUTS, OUTPUTS):
        client.create_bucket(Bucket=bucket)
    function = Function()
    try:
        _write(Judge(client, function), accept=accept)
    finally:
        function.stop()
        server.stop()


def _write(judge: Judge, *, accept: bool) -> None:
    began = time.monotonic()
    sections: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    all_verdicts: list[Verdict] = []
    for kind in (*corpus.FILES, *corpus.PARAMETERS, *corpus.EVENTS):
        names, verdicts = judged(judge, kind)
        sections[kind] = table.rows_of(names, verdicts)
        counts.update(verdict.code for verdict in verdicts)
        all_verdicts += verdicts
        _tell(kind, names, verdicts)
    for kind, cases in corpus.ODD.items():
        odd = list(cases())
        verdicts = judge.judge(odd, is_odd=True)
        all_verdicts += verdicts
        _tell(f"odd but fine: {kind}", [case.name for case in odd], verdicts)
    table.PAGE.parent.mkdir(exist_ok=True)
    table.PAGE.write_text(table.page(sections, counts))
    if accept:
        table.accept(sections)
    peak, slowest = (max(getattr(each, name) for each in all_verdicts) for name in ("peak_mb", "seconds"))
    print(f"{counts.total()} cases in {time.monotonic() - began:.0f} s, at most {peak} MB, the slowest {slowest:.1f} s")
    print(dict(counts.most_common()))


def judged(judge: Judge, kind: str) -> tuple[list[str], list[Verdict]]:
    """Names and verdicts of all cases of a kind that have to be refused."""
    if kind in corpus.EVENTS:
        events = list(corpus.EVENTS[kind]())
        return [event.name for event in events], [judge.judge_event(event) for event in events]
    if kind in corpus.PARAMETERS:
        alone = list(corpus.PARAMETERS[kind]())
        return [case.name for case in alone], [judge.judge_alone(case) for case in alone]
    cases = list(corpus.FILES[kind]())
    return [case.name for case in cases], judge.judge(cases)


def _tell(kind: str, names: Sequence[str], verdicts: Sequence[Verdict]) -> None:
    peak, seconds = max(each.peak_mb for each in verdicts), sum(each.seconds for each in verdicts)
    print(f"{kind}: {len(names)} cases, {seconds:.1f} s in the function, at most {peak} MB", flush=True)
    for name, verdict in zip(names, verdicts, strict=True):
        for complaint in verdict.complaints:
            print(f"  {name}: {complaint}", flush=True)


if __name__ == "__main__":
    main()
