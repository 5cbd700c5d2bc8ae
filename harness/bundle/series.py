"""What is measured over time, for plots: one kind of series so far, runs of load."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from harness.bundle.events import JournalEvent, Told
from harness.statistics.knee import knee
from harness.verdicts import Verdict

Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]


class PercentileSeen(Told, frozen=True, kw_only=True):
    """A percentile in seconds with its interval; None where there were too few samples."""

    p: Share
    value: float | None
    lower: float | None = None
    upper: float | None = None


class ClockSeen(Told, frozen=True, kw_only=True):
    """One way of taking the time of requests, in seconds."""

    count: int = 0
    mean: float | None = None
    worst: float | None = None
    percentiles: list[PercentileSeen]
    confidence: float | None = None


class LoadPoints(Told, frozen=True, kw_only=True):
    """Columns of one length, a value a step of ``step_s`` seconds; times in seconds, None where there was no sample."""

    step_s: Positive
    planned: list[int]
    sent: list[int]
    ok: list[int]
    failed: list[int]
    wrong: list[int] = []
    p50: list[float | None]
    p99: list[float | None]
    worst: list[float | None] = []
    lag: list[float | None] = []

    @property
    def counts(self) -> dict[str, list[int]]:
        """The columns that are counts, by what they count."""
        return {"offered": self.planned, "answered": self.ok, "bad": self.failed, "wrong": self.wrong}

    def places(self, begin: float = 0.0, end: float = math.inf) -> range:
        """The steps that begin within a stretch of time."""
        count = len(self.planned)
        first = math.ceil(min(max(begin, 0.0) / self.step_s - 1e-9, count))
        last = math.ceil(min(max(end, 0.0) / self.step_s - 1e-9, count))
        return range(max(0, first), max(0, last))


class LoadSeries(JournalEvent, frozen=True, kw_only=True):
    """``series``: one run of load; times in seconds, rates a second.

    ``check`` is None where locust was started by hand. ``workers``, ``errors`` and ``kept`` are as the engine tells
    them (:mod:`harness.load.records`). ``response`` is of good answers; in ``response_all``, which earlier
    releases did not record, those that failed never came.
    """

    kind_of_line = "series"
    check: str | None = None
    name: str
    model: str
    transport: str
    run: str = ""
    loop: str
    at_once: int | None = None
    stages: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    plan_sha256: str = ""
    level: dict[str, float] = {}
    verdict: str
    reason: str
    invalid: list[dict[str, Any]] = []
    planned: int = 0
    tried: int = 0
    ok: int = 0
    late: int = 0
    wrong: int = 0
    rates: dict[str, float | None] = {}
    response: ClockSeen
    response_all: ClockSeen | None = None
    service: ClockSeen | None = None
    send_lag: ClockSeen | None = None
    own_lag: ClockSeen | None = None
    closed_loop_would_say: ClockSeen | None = None
    rank_rule: str = ""
    errors: list[dict[str, Any]] = []
    workers: list[dict[str, Any]] = []
    tester_cpu_us: float | None = None
    kept: list[dict[str, Any]] = []
    files: list[str] = []
    points: LoadPoints


def by_rate(runs: Iterable[LoadSeries]) -> dict[float, LoadSeries]:
    """The runs that each offered one rate all along, by rate in ascending order; of each rate the last counts."""
    found = {}
    for run in runs:
        rate = run.stages[0].get("rate") if run.loop == "open" and len(run.stages) == 1 else None
        if isinstance(rate, int | float) and math.isfinite(rate) and rate >= 0:
            found[float(rate)] = run
    return dict(sorted(found.items()))


def knee_of(runs: Iterable[LoadSeries]) -> float | None:
    """The rate at which latency begins to climb; None where the runs do not show one.

    By p95 of all requests, the failed ones as never answered; runs that the tester spoilt are left out.
    """
    seen = {rate: _tail(run) for rate, run in by_rate(runs).items() if run.verdict != Verdict.TOOL_ERROR}
    points = [(rate, tail) for rate, tail in seen.items() if tail is not None and 0 < tail < math.inf]
    return knee([rate for rate, _ in points], [tail for _, tail in points])


def _tail(run: LoadSeries) -> float | None:
    clock = run.response_all or (run.response if run.ok == run.tried else None)
    return next((each.value for each in clock.percentiles if each.p == 0.95), None) if clock else None
