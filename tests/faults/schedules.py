"""Random schedules: which files there are, what people do meanwhile, and what happens to which request."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tests.support.fault_proxy import Fault, Request
from tests.support.geoparquet_files import cell_file

# Kinds of requests, as they matter: what is read or written, by which part of a run.
PLACES: dict[str, Callable[[Request], bool]] = {
    "read of an input": lambda r: r.method == "GET" and _is_file(r.key),
    "write of a frame": lambda r: r.method == "PUT" and r.key.startswith("frame/"),
    "write of a clustered file": lambda r: r.method == "PUT" and "clustered_" in r.key,
    "write of a batch's results": lambda r: r.method == "PUT" and "/results/" in r.key,
    "write of a plan": lambda r: r.method == "PUT" and r.key.endswith(("plan.json", "manifest.json", "known.json")),
    "write of a summary": lambda r: r.method == "PUT" and r.key.endswith(("summary.json", "report.html")),
    "read of a record": lambda r: r.method == "GET" and r.key.startswith("runs/"),
    "read of a frame": lambda r: r.method == "GET" and r.key.startswith("frame/"),
    "listing": lambda r: r.method == "GET" and not r.key,
    "look at an output": lambda r: r.method == "HEAD",
}
_FAULTS: dict[str, Callable[[random.Random], Fault]] = {
    "500": lambda rng: Fault("answer", 500, "InternalError"),
    "503": lambda rng: Fault("answer", 503, "ServiceUnavailable"),
    "SlowDown": lambda rng: Fault("answer", 503, "SlowDown"),
    "RequestTimeout": lambda rng: Fault("answer", 400, "RequestTimeout"),
    "clock skew": lambda rng: Fault("answer", 403, "RequestTimeTooSkewed"),
    "reset before": lambda rng: Fault("reset_before"),
    "reset after": lambda rng: Fault("reset_after"),
    "truncated answer": lambda rng: Fault("truncate"),
    "slow answer": lambda rng: Fault("slow", seconds=rng.uniform(0.1, 0.5)),
    "hang": lambda rng: Fault("hang", seconds=rng.uniform(0.2, 1.0)),
}
# Of each run but the rival.
PARAMS = {"target_weight": 20}
_KILLS = ("killed before", "killed during", "killed after")


def _is_file(key: str) -> bool:
    return key.endswith(".parquet") and not key.startswith(("frame/", "runs/")) and "clustered_" not in key


@dataclass
class Rule:
    """What happens to the requests of a kind, from the ``first`` one on, so many ``times``."""

    place: str
    name: str
    fault: Fault
    first: int
    times: int
    only: str = ""
    seen: int = 0

    def fires(self, request: Request) -> bool:
        if not PLACES[self.place](request) or self.only not in request.key:
            return False
        self.seen += 1
        return self.first < self.seen <= self.first + self.times


@dataclass
class Schedule:
    """One experiment; everything follows from its ``seed``.

    Attributes:
        files: content of the inputs by name; those in ``bad`` cannot be clustered.
        replacement: what ``replaced`` is replaced with while it is read, if it is.
        rules: what happens to requests.
        rival: parameters of a second run at the same time; None: there is none.
        delivers_twice: whether a batch is delivered twice.
        throttles: whether invocations are refused for a while.
        deadly: a file at which the function dies every time, "" if there is none.
    """

    seed: int
    files: dict[str, bytes] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    replaced: str = ""
    replacement: bytes = b""
    rules: list[Rule] = field(default_factory=list)
    rival: dict[str, float] | None = None
    delivers_twice: bool = False
    throttles: bool = False
    deadly: str = ""

    @property
    def folder(self) -> str:
        return f"s{self.seed:06}/"

    @property
    def can_mix(self) -> bool:
        """Whether a second delivery may go on after its run amid a run with other parameters."""
        return self.delivers_twice and self.rival not in (None, PARAMS)


def draw(seed: int, kill: Callable[[Request], None], replace: Callable[[Request], None]) -> Schedule:
    """The schedule of a seed; ``kill`` ends who sent a request, ``replace`` puts the replacement in place."""
    rng = random.Random(seed)
    drawn = Schedule(seed)
    for number in range(rng.randint(3, 7)):
        name = f"{drawn.folder}{number}.parquet"
        drawn.files[name] = _padded_file(seed * 10 + number, rng.choice((20, 60, 120)))
    if rng.random() < 0.4:
        name = f"{drawn.folder}bad.parquet"
        drawn.files[name] = rng.choice((b"", b"no Parquet", drawn.files[f"{drawn.folder}0.parquet"][:-40]))
        drawn.bad.add(name)
    good = [name for name in drawn.files if name not in drawn.bad]
    for _ in range(rng.randint(1, 4)):
        drawn.rules.append(_rule(rng, kill))
    if rng.random() < 0.2:
        drawn.replaced, drawn.replacement = rng.choice(good), _padded_file(seed * 10 + 9, 60)
        when = rng.choice(("before", "midway", "after"))
        kind = "truncate" if when == "midway" else "act"
        fault = Fault(kind, **{when: replace})
        drawn.rules.insert(0, Rule("read of an input", "input replaced", fault, 0, 1, drawn.replaced))
    if rng.random() < 0.15:
        drawn.deadly = rng.choice(good)
        moment = rng.choice(("before", "midway"))
        fault = Fault("act", **{moment: kill})
        rule = Rule("read of an input", "deadly file", fault, 0, 1000, drawn.deadly)
        # Alone it costs no other file; what comes on top of it may.
        drawn.rules = [rule] if rng.random() < 0.5 else [rule, *drawn.rules]
    if rng.random() < 0.2:
        drawn.rival = rng.choice((PARAMS, {"target_weight": 30}))
    drawn.delivers_twice, drawn.throttles = rng.random() < 0.2, rng.random() < 0.1
    return drawn


def _rule(rng: random.Random, kill: Callable[[Request], None]) -> Rule:
    place = rng.choice(list(PLACES))
    if rng.random() < 0.25:
        name = rng.choice(_KILLS)
        moment = {"killed before": "before", "killed during": "midway", "killed after": "after"}[name]
        return Rule(place, name, Fault("act", **{moment: kill}), rng.randint(0, 4), 1)
    name = rng.choice(list(_FAULTS))
    return Rule(place, name, _FAULTS[name](rng), rng.randint(0, 4), rng.choice((1, 1, 2, 4)))


def _padded_file(seed: int, n: int) -> bytes:
    """A small file of many bytes, so that a few of them are several batches."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(200, 1500))
    return cell_file(n, seed, padding=[rng.bytes(size) for _ in range(n)])
