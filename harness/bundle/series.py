"""What is measured over time, for plots: one kind of series so far, runs of load."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from harness.bundle.events import JournalEvent, Told

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


class LoadSeries(JournalEvent, frozen=True, kw_only=True):
    """``series``: one run of load; times in seconds, rates a second.

    ``check`` is None where locust was started by hand. ``workers``, ``errors`` and ``kept`` are as the engine tells
    them (:mod:`harness.load.records`).
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
