"""Load: the service level, and how much of it there is to be."""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.declared.table import MOST_TIMES, Count, PolicyTable, Rate, Seconds


class CapacityTable(PolicyTable, frozen=True, kw_only=True):
    """``[load.capacity]``: the search for the highest rate that meets the service level.

    Attributes:
        least, most: requests a second between which it searches; without them, from what one client alone gets.
        tolerance: it ends when the rate that does not pass is within this share above the one that does.
        seconds: of one run; without it, by profile and by how many requests decide.
        runs: most runs; without it, by profile.
    """

    least: Rate | None = None
    most: Rate | None = None
    tolerance: Annotated[float, msgspec.Meta(gt=0, le=10)] | None = None
    seconds: Seconds | None = None
    runs: Count | None = None


class SpikeTable(PolicyTable, frozen=True, kw_only=True):
    """``[load.spike]``: so many times the steady rate, for so many seconds (without them, by profile).

    Attributes:
        factor: how many times the steady rate.
        seconds: for how long.
    """

    factor: float = 10.0
    seconds: Seconds | None = None


class MixTable(PolicyTable, frozen=True, kw_only=True):
    """``[[load.mixed]]``: one kind of request of the mix; without any, small and larger batches of one model.

    Attributes:
        model: by name; the model under test where none is named.
        rows: of its batch.
        weight: how often, relative to the others.
    """

    model: str | None = None
    rows: int = 1
    weight: Annotated[float, msgspec.Meta(le=1e9)] = 1.0


class LoadTable(PolicyTable, frozen=True, kw_only=True):
    """``[load]``: the service level, and how much load there is to be (only with ``--oip-allow load``).

    Without ``latency`` there is no service level: what is seen is recorded and held against nobody, but for wrong
    answers, crashes, hangs and untrue readiness.

    Attributes:
        latency: seconds from the time a request is due to the last byte of its answer.
        percentile: share of all requests that must be answered within it, 0.99 for p99; failed ones are not.
        confidence: of every decision about it.
        rate, seconds: of the steady load; without them, by profile and by what one client alone gets.
        workers: processes that send.
        recovery: seconds that the tail may take to be back after an overload.
        overload: how many times the capacity the overload is.
        soak: seconds of the soak (profile ``deep`` only).
    """

    latency: float | None = None
    percentile: float = 0.99
    confidence: float = 0.99
    rate: float | None = None
    seconds: float | None = None
    workers: int = 1
    recovery: float = 10.0
    overload: float = 2.0
    soak: float = 600.0
    capacity: CapacityTable = CapacityTable()
    spike: SpikeTable = SpikeTable()
    mixed: list[MixTable] = []

    def __post_init__(self) -> None:
        positive = {name: getattr(self, name) for name in ("latency", "rate", "seconds", "recovery", "soak")}
        for name, value in positive.items():
            if value is not None and not 0 < value < float("inf"):
                raise ValueError(f"{name} = {value:g} is no number of seconds or requests above 0")
        if not (0 < self.percentile < 1 and 0 < self.confidence < 1):
            raise ValueError("percentile and confidence are shares between 0 and 1, such as 0.99")
        # Asked for what they are, never for what they are not: NaN is neither.
        times = all(1 < factor <= MOST_TIMES for factor in (self.overload, self.spike.factor))
        if not (1 <= self.workers <= 64 and times):
            raise ValueError(f"workers are 1 to 64, and overload and spike.factor above 1 (to {MOST_TIMES})")
        if not all(mix.weight > 0 and mix.rows >= 1 for mix in self.mixed):
            raise ValueError("each entry of mixed has rows of at least 1 and a weight above 0")
