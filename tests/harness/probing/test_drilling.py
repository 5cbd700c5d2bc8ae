"""What a drill leaves in the evidence, however it ends: the record of what was planned, and why nothing was said."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from harness.bundle.drills import DrillRecord, DrillSeen
from harness.check import Untestable
from harness.drills.declared import Drill
from harness.drills.injector import Injector
from harness.drills.kinds import NoFault
from harness.load.analysis.load_run import LoadRun
from harness.load.analysis.series import series_of
from harness.load.launch import Progress, nothing
from harness.load.plan.load_plan import LoadPlan
from harness.load.plan.schedule import Schedule
from harness.load.records.rows import Status
from harness.probing.load.drilling import drilled
from harness.probing.load.loading import Loader
from tests.harness.load.runs import merged_of, plan_of, rows_of

DRILL = Drill(name="control", fault=NoFault(), hold_s=0.1, after_s=0.2, rate=20, max_failed=0, repeat=2)


class FakeLoader:
    """Sends nothing: each run came to what it is told, and is over when all of its time is."""

    def __init__(self, *runs: dict[str, Any]) -> None:
        self._runs = list(runs)
        self.series: list[DrillSeen] = []
        self.points: list[int] = []
        self.level, self.most_rate = SimpleNamespace(latency_s=0.1), 10.0
        self.budget = SimpleNamespace(requests_left=10_000, seconds_left=600.0)
        self.bench = SimpleNamespace(get_ready=lambda plan: None)
        self.probe = SimpleNamespace(
            outcome=self, endpoint=SimpleNamespace(replicas=(1, 2)), model=SimpleNamespace(id="iris")
        )

    def lowered(self, rate: float) -> float:
        return min(rate, self.most_rate)

    def plan(self, schedule: Schedule, **_: Any) -> LoadPlan:
        return plan_of(schedule=schedule, warm_up_s=0.0, prefix=f"{len(self._runs):08x}")

    def send(self, plan: LoadPlan, _name: str, hear: Callable[[Progress], None] = nothing, points: int = 0) -> LoadRun:
        told = self._runs.pop(0)
        start = time.monotonic_ns()
        hear(Progress(1, 0, 0.0, 0.0))
        if points:
            time.sleep(DRILL.baseline_s + DRILL.hold_s + DRILL.after_s)
        self.points.append(points)
        rows = rows_of(plan, response_ms=told.get("ms", 2))
        outcome = SimpleNamespace(invalid=told.get("invalid", []), reason="the tester was away")
        made = SimpleNamespace(plan=plan, merged=merged_of(plan, rows), outcome=outcome, facts=(), start_ns=start)
        return cast("LoadRun", made)


def carried_out(load: FakeLoader) -> DrillRecord:
    """The record of the drill."""
    with Injector(["faults"]) as injector:
        drilled(cast("Loader", load), injector, DRILL)
    (seen,) = load.series
    return seen.drill


def test_a_baseline_that_is_not_clean_is_on_record() -> None:
    load = FakeLoader({"ms": 5000})
    with pytest.raises(Untestable, match="of 20 requests of the baseline 0 failed and 20 took longer than 1 s"):
        carried_out(load)
    drill = load.series[0].drill
    (only,) = drill.repetitions
    assert (only.ending, only.run, only.account) == ("not run", drill.baseline, None)
    assert only.reason.startswith("of 20 requests of the baseline")
    assert (drill.carried_out, drill.lower, drill.repeat, drill.rate, drill.replicas) == (0, None, 2, 10.0, 2)


def test_a_tester_that_was_away_is_no_word_about_the_endpoint() -> None:
    away = [SimpleNamespace(code="worker-lost")]
    load = FakeLoader({}, {}, {"invalid": away}, {})
    drill = carried_out(load)
    assert [each.ending for each in drill.repetitions] == ["carried out", "invalid", "carried out"]
    assert drill.repetitions[1].reason == "INVALID: the tester was away"
    assert (drill.carried_out, drill.held, drill.repeat) == (2, 2, 2)
    # The baseline as every load, a repetition in tenths of a second.
    assert load.points == [0, 300, 300, 300]
    assert msgspec.json.decode(msgspec.json.encode(drill), type=DrillRecord) == drill


def test_wrong_answers_are_apart_from_other_failures_over_time() -> None:
    plan = plan_of(rate=10, seconds=2)
    rows = rows_of(plan)
    rows["status"][[1, 2, 12]] = Status.WRONG_ANSWER, Status.TIMEOUT, Status.WRONG_ID
    series = series_of(rows, plan.workload()[0], 2.0, 1.0)
    assert (series.failed, series.wrong) == ((2, 1), (1, 1))
    assert int(np.sum(series.ok)) == 17
