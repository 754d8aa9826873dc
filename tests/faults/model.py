"""What must hold after a run, whatever happened in it; says what does not."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa

from sampling_units import errors, file_names
from sampling_units.job import Sinks, cluster_file
from sampling_units.parameters import parse_parameters
from tests.faults.schedules import Schedule

# How a file may end for which nothing speaks but what was done to the run, and how one that cannot be clustered.
_SUFFERED = (errors.NoResult, errors.StorageUnavailable, errors.OutputReplaced, errors.InputChanged)
GOOD = {"done", *(error.__name__ for error in _SUFFERED)}
BAD = (GOOD - {"done"}) | {errors.InvalidInput.__name__}
Params = dict[str, float]


@cache
def _outputs(content: bytes, filename: str, target_weight: float) -> tuple[bytes, bytes]:
    """Clustered file and frame as they have to be."""
    sinks = Sinks(pa.BufferOutputStream(), pa.BufferOutputStream())
    etag = hashlib.md5(content, usedforsecurity=False).hexdigest()
    params = parse_parameters({"target_weight": target_weight})
    cluster_file(pa.BufferReader(content), filename, etag, params, sinks)
    return sinks.clustered.getvalue().to_pybytes(), sinks.frame.getvalue().to_pybytes()


@dataclass
class Findings:
    """What a schedule showed: how files ended, what must not be, and what nobody was left to see.

    ``mixed`` are files that a batch delivered twice left with a frame of one run and a clustered file of another, which
    has other parameters, after the summaries of both: no function was left to look, but the next run has to.
    """

    lost: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[str]:
        for kind in ("lost", "partial", "duplicates", "wrong"):
            yield from (f"{kind}: {what}" for what in getattr(self, kind))


class Model:
    """The expectations of one schedule."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._versions = {name: [content] for name, content in schedule.files.items()}
        if schedule.replaced:
            self._versions[schedule.replaced].append(schedule.replacement)
        _outputs.cache_clear()  # Of the schedule before.

    def check_objects(self, stored: dict[str, bytes], all_params: list[Params], findings: Findings) -> set[str]:
        """Names of the files of which both outputs belong together; whatever is not whole is partial."""
        consistent = set()
        expected_keys = set()
        for name, versions in self._versions.items():
            pair = file_names.output_key(name), file_names.frame_key(name)
            expected_keys |= set(pair)
            there = [stored.get(key) for key in pair]
            if name in self._schedule.bad:
                if any(content is not None for content in there):
                    findings.wrong.append(f"{name} is bad and has an output")
                continue
            possible = [_outputs(v, name, params["target_weight"]) for v in versions for params in all_params]
            for position, content in enumerate(there):
                if content is not None and content not in {pair[position] for pair in possible}:
                    findings.partial.append(f"{pair[position]} ({len(content)} bytes)")
            if tuple(there) in possible:
                consistent.add(name)
        findings.wrong += [f"{key} is nobody's" for key in stored.keys() - expected_keys]
        return consistent

    def check_claims(self, claims: list[dict[str, str]], consistent: set[str], findings: Findings) -> None:
        """Each run names every file once, as done or with a documented code; what all say is done is there.

        There are only the claims of runs that came to a summary.
        """
        for name in self._versions:
            endings = [claim.get(name, "not accounted for") for claim in claims]
            findings.endings.update(endings)
            possible = BAD if name in self._schedule.bad else GOOD
            findings.wrong += [f"{name} ended as {ending}" for ending in endings if ending not in possible]
            if endings and all(ending == "done" for ending in endings) and name not in consistent:
                (findings.mixed if self._schedule.can_mix else findings.lost).append(name)

    def check_neighbours(self, claim: dict[str, str], findings: Findings) -> None:
        """A file at which the function dies costs nobody else."""
        findings.endings["alone with a deadly file"] += 1
        for name, ending in claim.items():
            if name not in self._schedule.bad | {self._schedule.deadly} and ending != "done":
                findings.lost.append(f"{name} beside a deadly file ended as {ending}")

    def check_rerun(self, stored: dict[str, bytes], params: Params, findings: Findings) -> None:
        """After a run without faults everything is there, made of what the inputs are now."""
        for name, versions in self._versions.items():
            if name in self._schedule.bad:
                continue
            expected = _outputs(versions[-1], name, params["target_weight"])
            if (stored.get(file_names.output_key(name)), stored.get(file_names.frame_key(name))) != expected:
                findings.lost.append(f"{name} after the rerun")

    def is_current(self, name: str, stored: dict[str, bytes], params: Params) -> bool:
        """Whether the outputs of a good file are those of the input as it is now."""
        expected = _outputs(self._versions[name][-1], name, params["target_weight"])
        return (stored.get(file_names.output_key(name)), stored.get(file_names.frame_key(name))) == expected
