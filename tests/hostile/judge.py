"""Runs cases through the real handler between good neighbours, and says what is wrong with what it finds."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import INPUTS, OUTPUTS
from tests.hostile.cases import Case, EventCase
from tests.hostile.function_process import Function, FunctionDied
from tests.hostile.good_files import neighbour
from tests.support.geoparquet_files import read_table

# Characters of a message: enough for any name and reason, too few for a value or a traceback.
LONGEST_MESSAGE = 3000
STARTED_AT = "2026-11-23T09:30:00.000000Z"
# Bad files in an event, and between two good ones.
BAD_IN_EVENT, BAD_IN_A_ROW = 40, 4
# What no file may end with.
NO_CODES = ("InternalError", "Died", "")


@dataclass(frozen=True)
class Verdict:
    """How a case ended.

    Attributes:
        code, column, row, message: of the error; the code is empty if the file was clustered.
        seconds, peak_mb: that it took.
        complaints: what must not be.
    """

    code: str
    column: str | None = None
    row: int | None = None
    message: str = ""
    seconds: float = 0.0
    peak_mb: int = 0
    complaints: tuple[str, ...] = ()


@dataclass
class Judge:
    """Judges cases with a client of S3 and a running function."""

    client: Any
    function: Function
    _alone: dict[str, dict[str, str]] = field(default_factory=dict)

    def judge(self, cases: Sequence[Case], *, is_odd: bool = False) -> list[Verdict]:
        """A verdict for each case, in order; ``is_odd`` says that the files are to be clustered."""
        verdicts: dict[int, Verdict] = {}
        by_params: dict[str, list[int]] = {}
        for number, case in enumerate(cases):
            by_params.setdefault(json.dumps(case.params), []).append(number)
        for numbers in by_params.values():
            for begin in range(0, len(numbers), BAD_IN_EVENT):
                some = numbers[begin : begin + BAD_IN_EVENT]
                found = self._judge_together([cases[number] for number in some], is_odd)
                verdicts |= zip(some, found, strict=True)
        return [verdicts[number] for number in range(len(cases))]

    def judge_alone(self, case: Case) -> Verdict:
        """A verdict for a case whose parameters no neighbour would survive."""
        key = "alone.parquet"
        self.client.put_object(Bucket=INPUTS, Key=key, Body=case.to_bytes())
        try:
            *finished, said = self.function.send(_event([key], case.params))
        except FunctionDied as death:
            return Verdict("Died", complaints=(str(death),))
        if "answer" not in said:
            return Verdict("", complaints=(f"left no result: {said}",))
        (result,) = self._results()
        return _judged(key, result, finished[0]["peak_mb"], self._take_outputs())

    def judge_event(self, case: EventCase) -> Verdict:
        try:
            *_, said = self.function.send(case.event)
        except FunctionDied as death:
            return Verdict("Died", complaints=(str(death),))
        complaints = [f"left {key}" for key in self._take_outputs()]
        if "error" not in said:
            return Verdict("", complaints=(f"was not refused: {str(said)[:500]}", *complaints))
        complaints += _about_message(said["message"])
        return Verdict(said["error"], message=said["message"], peak_mb=said["peak_mb"], complaints=tuple(complaints))

    def _outputs_alone(self, params: Mapping[str, Any], names: Sequence[str]) -> dict[str, str]:
        """ETags of what becomes of the good files when there is no bad one among them."""
        shown = json.dumps([params, names])
        if shown not in self._alone:
            for name in names:
                self.client.put_object(Bucket=INPUTS, Key=name, Body=neighbour(params))
            *_, said = self.function.send(_event(names, params))
            assert said["answer"]["n_failed"] == 0, self._results()
            self._alone[shown] = self._take_outputs()
            assert len(self._alone[shown]) == 2 * len(names)
        return self._alone[shown]

    def _judge_together(self, cases: Sequence[Case], is_odd: bool) -> list[Verdict]:
        names, bad, good = _order(cases)
        alone = self._outputs_alone(cases[0].params, good)
        for name in good:
            # The good files of other parameters have the same names.
            self.client.put_object(Bucket=INPUTS, Key=name, Body=neighbour(cases[0].params))
        for key, case in zip(bad, cases, strict=True):
            content = case.to_bytes()
            if content is not None:
                self.client.put_object(Bucket=INPUTS, Key=key, Body=content)
        verdicts: dict[str, Verdict] = {}
        while True:
            finished: list[dict[str, Any]] = []
            try:
                for said in self.function.send(_event(names, cases[0].params)):
                    finished.append(said)
                break
            except FunctionDied as death:
                # Files are worked on in the order of the event; the others get another chance without this one.
                culprit = names.pop(len(finished))
                verdicts[culprit] = Verdict("Died", complaints=(str(death),))
                self._take_outputs()
        assert "answer" in finished[-1], f"{[case.name for case in cases]}: {finished[-1]}"
        results = self._results()
        outputs = self._take_outputs(contents_of=[key for key in bad if is_odd])
        differing = [key for key, etag in alone.items() if outputs.pop(key, None) != etag]
        assert not differing, f"{differing} differ beside {[case.name for case in cases]}"
        for name, result, line in zip(names, results, finished[:-1], strict=True):
            if name in bad:
                verdicts[name] = _judged(name, result, line["peak_mb"], outputs)
        if is_odd:
            contents = {key: case.to_bytes() for key, case in zip(bad, cases, strict=True)}
            return [_about_odd(key, verdicts[key], contents[key], outputs) for key in bad]
        return [verdicts[key] for key in bad]

    def _results(self) -> list[dict[str, Any]]:
        (found,) = self.client.list_objects_v2(Bucket=OUTPUTS, Prefix="runs/")["Contents"]
        return json.loads(self.client.get_object(Bucket=OUTPUTS, Key=found["Key"])["Body"].read())["results"]

    def _take_outputs(self, contents_of: Iterable[str] = ()) -> dict[str, Any]:
        """ETags of what is in the output bucket, or its content for some inputs; the bucket is empty afterwards."""
        wanted = {_output(key) for key in contents_of} | {f"frame/{key}" for key in contents_of}
        listed = self.client.list_objects_v2(Bucket=OUTPUTS).get("Contents", [])
        outputs = {found["Key"]: found["ETag"] for found in listed if not found["Key"].startswith("runs/")}
        for key in wanted & set(outputs):
            outputs[key] = self.client.get_object(Bucket=OUTPUTS, Key=key)["Body"].read()
        if listed:
            gone = {"Objects": [{"Key": found["Key"]} for found in listed], "Quiet": True}
            self.client.delete_objects(Bucket=OUTPUTS, Delete=gone)
        return outputs


def _order(cases: Sequence[Case]) -> tuple[list[str], list[str], list[str]]:
    """Names of all files of an event in order, of the bad and of the good ones: good at both ends, and between."""
    names, bad, good = [], [], []
    for number, case in enumerate(cases):
        if number % BAD_IN_A_ROW == 0:
            good.append(f"good-{len(good):02}.parquet")
            names.append(good[-1])
        bad.append(f"bad-{number:02}.parquet" if case.key is None else case.key)
        names.append(bad[-1])
    good.append(f"good-{len(good):02}.parquet")
    return [*names, good[-1]], bad, good


def _event(names: Sequence[str], params: Mapping[str, Any]) -> dict[str, Any]:
    files = [{"filename": name} for name in names]
    run = {"run_id": "hostile", "started_at": STARTED_AT, "batch": 0}
    return run | {"files": files, "input_bucket": INPUTS, "output_bucket": OUTPUTS, "params": dict(params)}


def _judged(key: str, result: dict[str, Any], peak_mb: int, outputs: Mapping[str, Any]) -> Verdict:
    failure = result.get("failure")
    if failure is None:
        return Verdict("", seconds=result["seconds"], peak_mb=peak_mb, complaints=("was clustered",))
    code, message = failure["error"], failure["message"]
    complaints = _about_message(message)
    if code in NO_CODES:
        complaints.append(f"is {code}: {message[:300]}")
    # What is wrong with the parameters is wrong with every file.
    if code != "InvalidParameters" and key[:500] not in message and ascii(key)[1:-1][:500] not in message:
        complaints.append(f"does not name the file: {message[:300]}")
    complaints += [f"left {output}" for output in (_output(key), f"frame/{key}") if output in outputs]
    if len(json.dumps(failure)) > 2 * LONGEST_MESSAGE:
        complaints.append(f"has a record of {len(json.dumps(failure)):,} characters")
    return Verdict(
        code, failure.get("column"), failure.get("row"), message, result["seconds"], peak_mb, tuple(complaints)
    )


def _about_odd(key: str, verdict: Verdict, content: bytes, outputs: Mapping[str, Any]) -> Verdict:
    """A verdict on a file that has to be clustered: every row and column is there again, and in a cluster."""
    if verdict.code or _output(key) not in outputs:
        return verdict
    source, clustered = read_table(content), read_table(outputs[_output(key)])
    frame = read_table(outputs[f"frame/{key}"])
    complaints = []
    if not clustered.select(source.column_names).equals(source):
        complaints.append("has other rows in its output")
    if set(clustered["cluster_id"].to_pylist()) != set(frame["cluster_id"].to_pylist()):
        complaints.append("has other clusters in its frame")
    return Verdict("", seconds=verdict.seconds, peak_mb=verdict.peak_mb, complaints=tuple(complaints))


def _output(key: str) -> str:
    folder, slash, name = key.rpartition("/")
    return f"{folder}{slash}clustered_{name}"


def _about_message(message: str) -> list[str]:
    complaints = []
    if len(message) > LONGEST_MESSAGE:
        complaints.append(f"has a message of {len(message):,} characters: {message[:200]}")
    if "Traceback" in message or not message.isprintable():
        complaints.append(f"has a message that cannot be shown: {message[:500]!r}")
    return complaints
