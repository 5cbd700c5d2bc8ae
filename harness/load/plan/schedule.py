"""When each request is meant to be sent, and which case it carries: decided before the run, from one seed.

Worker k of W takes arrivals k, k + W, ... of the one schedule, so the union is the same requests whatever W is, and
a lost worker leaves a hole that can be counted. W independent generators would give neither. Arrivals made before
the run, and latency counted from them, are the rule of MLPerf LoadGen's Server scenario.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Cases = npt.NDArray[np.uint16]
Arrivals = Literal["constant", "poisson"]

NANOSECONDS = 1_000_000_000
MOST_CASES = 1 << 16
# Streams of the one seed: a stage keeps its arrivals when another stage or the weights change.
_ARRIVALS, _CASES = 0, 1


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of the schedule.

    Attributes:
        seconds: how long it lasts.
        rate: arrivals a second at its start.
        rate_to: arrivals a second at its end, reached in a straight line; None keeps ``rate``.
        arrivals: evenly spaced in the cumulated rate, or a Poisson process of that rate.
    """

    seconds: float
    rate: float
    rate_to: float | None = None
    arrivals: Arrivals = "poisson"

    def __post_init__(self) -> None:
        rates = (self.rate, self.last_rate)
        if not (0 < self.seconds < math.inf and all(0 <= rate < math.inf for rate in rates)):
            raise ValueError(f"a stage of {self.seconds} s at {rates} requests/s cannot be sent")

    @property
    def last_rate(self) -> float:
        """Arrivals a second at the end."""
        return self.rate if self.rate_to is None else self.rate_to

    @property
    def expected(self) -> float:
        """Arrivals to be expected: the mean rate times the seconds."""
        return (self.rate + self.last_rate) / 2 * self.seconds


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Stages one after the other, or a recorded trace; it travels whole inside the plan.

    Attributes:
        stages: what follows what.
        trace: little-endian float64 seconds, ascending, in place of stages (:func:`read_trace`).
        trace_cases: little-endian uint16, the case of each arrival of the trace; empty: chosen by weight.
    """

    stages: tuple[Stage, ...] = ()
    trace: bytes = b""
    trace_cases: bytes = b""

    def __post_init__(self) -> None:
        if bool(self.stages) == bool(self.trace):
            raise ValueError("a schedule is made of stages or of a trace, one of them")
        if len(self.trace) % 8 or (self.trace_cases and len(self.trace_cases) * 4 != len(self.trace)):
            raise ValueError("the trace is cut")
        times = self.trace_times()
        if len(times) and not (np.isfinite(times).all() and times[0] >= 0 and (np.diff(times) >= 0).all()):
            raise ValueError("the arrivals of a trace are finite seconds in ascending order, none before 0")

    def trace_times(self) -> Floats:
        """Seconds of the trace; empty where there are stages."""
        return np.frombuffer(self.trace, "<f8").astype(np.float64)

    @property
    def seconds(self) -> float:
        """How long the schedule lasts; of a trace, up to its last arrival."""
        return float(self.trace_times()[-1]) if self.trace else sum(stage.seconds for stage in self.stages)

    @property
    def expected(self) -> float:
        """Arrivals to be expected; of a trace, their number."""
        return float(len(self.trace) // 8) if self.trace else sum(stage.expected for stage in self.stages)

    @property
    def peak_rate(self) -> float:
        """The highest rate in requests a second; of a trace, the most arrivals in any second."""
        if not self.trace:
            return max(max(stage.rate, stage.last_rate) for stage in self.stages)
        times = self.trace_times()
        return float((np.searchsorted(times, times + 1.0, side="left") - np.arange(len(times))).max())


def constant(rate: float, seconds: float) -> Schedule:
    """Evenly spaced arrivals."""
    return Schedule(stages=(Stage(seconds=seconds, rate=rate, arrivals="constant"),))


def poisson(rate: float, seconds: float) -> Schedule:
    """Poisson arrivals, as independent users make them."""
    return Schedule(stages=(Stage(seconds=seconds, rate=rate, arrivals="poisson"),))


def read_trace(path: Path, names: Sequence[str] = (), *, speed: float = 1.0) -> Schedule:
    """A schedule from a recorded trace: a line per arrival, ``seconds`` or ``seconds,case name``, in any order.

    The first arrival becomes second 0; ``speed`` 2 replays in half the time. Lines that begin with ``#`` are notes.

    Raises:
        ValueError: no arrivals, a line that is no time, or a case that ``names`` has not.
    """
    times, cases = [], []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        seconds, _, case = (part.strip() for part in line.partition(","))
        if not seconds or seconds.startswith("#"):
            continue
        try:
            times.append(float(seconds) / speed)
            cases.append(names.index(case) if case else None)
        except ValueError:
            raise ValueError(
                f"line {number} of {path.name} is neither seconds nor seconds and a case: {line!r}"
            ) from None
    if not times:
        raise ValueError(f"{path.name} holds no arrivals")
    named = [case for case in cases if case is not None]
    if named and len(named) != len(cases):
        raise ValueError(f"{path.name} names a case on some lines only")
    order = np.argsort(np.array(times), kind="stable")
    ascending = np.array(times)[order]
    chosen = np.array(named, np.uint16)[order].astype("<u2").tobytes() if named else b""
    return Schedule(trace=(ascending - ascending[0]).astype("<f8").tobytes(), trace_cases=chosen)


def arrivals(schedule: Schedule, seed: int) -> Floats:
    """All arrivals in ascending order, in seconds from the start.

    A stage of constant arrivals goes on in step with a constant stage before it, so a ramp in pieces is one ramp.
    """
    if schedule.trace:
        return schedule.trace_times()
    parts, start, ahead = [], 0.0, 0.0
    for number, stage in enumerate(schedule.stages):
        if stage.arrivals == "poisson":
            places, ahead = _poisson_places(stage.expected, np.random.SeedSequence([seed, _ARRIVALS, number])), 0.0
        else:
            # Products like 0.1 * 30 miss a whole number by an ulp; an arrival must not hang on that.
            count = max(0, math.ceil(round(stage.expected - ahead, 9)))
            places = ahead + np.arange(count, dtype=np.float64)
            ahead = round(ahead + count - stage.expected, 9)
        parts.append(start + np.minimum(_times_of(places, stage), stage.seconds))
        start += stage.seconds
    return np.concatenate(parts)


def _poisson_places(expected: float, seed: np.random.SeedSequence) -> Floats:
    """A Poisson process of rate 1 on [0, expected): cumulated exponential gaps."""
    if expected == 0:
        return np.zeros(0)
    # Inversion takes one draw a gap. Rejection could shift the whole stream where a library rounds differently.
    draws = np.random.default_rng(seed)
    block = int(expected + 6 * math.sqrt(expected) + 16)
    places = np.cumsum(draws.standard_exponential(block, method="inv"))
    while places[-1] < expected:
        places = np.concatenate([places, places[-1] + np.cumsum(draws.standard_exponential(block, method="inv"))])
    return places[: np.searchsorted(places, expected, side="left")]


def _times_of(places: Floats, stage: Stage) -> Floats:
    """Seconds into the stage at which the cumulated rate reaches each place (inverse of a line's integral)."""
    if stage.last_rate == stage.rate:
        return places / stage.rate if stage.rate else places
    slope = (stage.last_rate - stage.rate) / stage.seconds
    root = np.sqrt(np.maximum(stage.rate**2 + 2 * slope * places, 0.0))
    # The form without a difference of near numbers; 0 / 0 at the foot of a ramp from nothing is second 0.
    below = stage.rate + root
    return np.divide(2 * places, below, out=np.zeros_like(places), where=below > 0)


def to_nanoseconds(seconds: Floats) -> Integers:
    """Whole nanoseconds from the start, as the records hold them."""
    return np.rint(seconds * NANOSECONDS).astype(np.int64)


def choose_cases(weights: Sequence[float], count: int, seed: int) -> Cases:
    """The case of each of ``count`` arrivals, drawn by weight, independent of the times.

    Raises:
        ValueError: no case, too many, a negative weight, or none above 0.
    """
    given = np.asarray(weights, np.float64)
    if not 0 < len(given) <= MOST_CASES or not np.isfinite(given).all() or (given < 0).any() or given.sum() == 0:
        raise ValueError(f"weights {list(weights)[:10]} choose nothing")
    if len(given) == 1:
        return np.zeros(count, np.uint16)
    edges = np.cumsum(given) / given.sum()
    # Rounding must neither leave room above the last case that has weight nor reach one that has none.
    edges[np.flatnonzero(given)[-1] :] = 1.0
    draws = np.random.default_rng(np.random.SeedSequence([seed, _CASES])).random(count)
    return np.searchsorted(edges, draws, side="right").astype(np.uint16)


def cases_of(schedule: Schedule, weights: Sequence[float], count: int, seed: int) -> Cases:
    """The case of each arrival: as the trace says, else by weight."""
    if not schedule.trace_cases:
        return choose_cases(weights, count, seed)
    return np.frombuffer(schedule.trace_cases, "<u2").astype(np.uint16)


def share(count: int, worker: int, workers: int) -> range:
    """The indices worker ``worker`` (from 0) of ``workers`` sends: every ``workers``-th."""
    if not 0 <= worker < workers:
        raise ValueError(f"there is no worker {worker} of {workers}")
    return range(worker, count, workers)


def digest_of(intended: Integers, cases: Cases) -> str:
    """SHA-256 of a whole schedule: workers on different machines must show the same one."""
    return hashlib.sha256(intended.astype("<i8").tobytes() + cases.astype("<u2").tobytes()).hexdigest()
