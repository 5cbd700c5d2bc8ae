"""What a drill says of outage and recovery agrees with the service's own log of executions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmarks.drill_truth import executed_at, truth_of
from benchmarks.drills import ALL, KILL, Carried, Case, carried_out
from tests.harness.cluster.test_cluster import there

RUN, RATE, BEGIN = "abcdefgh", 100.0, 5000.0
DRILL = {"rate": RATE, "timeout_s": 3.0, "slow_s": 1.0}
FAULT, UNDONE = 2.0, 4.0


def log(executed: dict[int, float]) -> list[bytes]:
    """Lines of a log: each request so many seconds after the beginning of the load; one is of another run."""
    rows: list[dict[str, Any]] = [
        {"id": f"{RUN}{index:08x}", "replica": "r1", "at": int((BEGIN + at) * 1e9)} for index, at in executed.items()
    ]
    rows.append({"id": f"other000{0:08x}", "replica": "r1", "at": 1})
    return [json.dumps(each).encode() for each in rows]


def seen(sent: int) -> dict[str, Any]:
    """A repetition in which so many were sent."""
    phases = {"before": sent, "during": 0, "after": 0}
    return {
        "injected": {"began_s": FAULT}, "reverted": {"ended_s": UNDONE},
        "account": {name: {"sent": count} for name, count in phases.items()},
    }  # fmt: skip


def due(*without: int, late: dict[int, float] | None = None) -> dict[int, float]:
    """Eight seconds of requests, each executed when it was due, but for some."""
    return {index: index / RATE for index in range(800) if index not in without} | (late or {})


@pytest.mark.parametrize(
    ("executed", "waits_s", "outage", "recovered"),
    [
        pytest.param(due(), 0.0, 0.01, 0.0, id="nothing was lost"),
        pytest.param(due(*range(200, 300)), 0.0, 1.0, 0.99, id="refused at once for a second"),
        pytest.param(due(*range(200, 300, 3)), 3.0, 0.02, 2.0, id="one replica of three, until the fault is undone"),
        pytest.param(due(450), 3.0, 0.02, 2.5, id="after the fault nobody is let wait"),
        pytest.param(due(250, late={260: 4.5}), 0.0, 0.02, 2.5, id="one was executed late"),
        pytest.param(due(late={250: 2.9}), 0.0, 0.02, 0.0, id="not late enough to be slow"),
    ],
)
def test_times_follow_from_the_log(executed: dict[int, float], waits_s: float, outage: float, recovered: float) -> None:
    truth = truth_of(executed_at(log(executed), RUN), DRILL, seen(800), waits_s)
    assert truth.outage == pytest.approx(outage, abs=1e-6)
    assert truth.recovered == pytest.approx(recovered, abs=1e-6)


def lateness(done: Carried, seen: dict[str, Any]) -> float:
    """By how much a request was executed late, at most, that was due before the fault or after its end, by the log."""
    executed, rate = executed_at(done.log, seen["run"]), float(done.drill["rate"])
    fault = float(seen["injected"]["began_s"])
    begin = min(at - index / rate for index, at in executed.items())
    end = fault + truth_of(executed, done.drill, seen, 0.0).recovered
    return max(
        at - begin - index / rate for index, at in executed.items() if not fault - 1 / rate <= index / rate <= end
    )


@pytest.mark.slow
@pytest.mark.parametrize("fault", [KILL, ALL], ids=["kill", "all stop"])
def test_a_drill_says_what_the_log_says(fault: str) -> None:
    case = Case(there("envoy-loses"), "one", fault, more="rate = 50")
    for _ in range(3):
        done = carried_out(case)
        if done.valid:
            break
        # A tester that was late says so: that is nothing about the times.
        assert [each["ending"] for each in done.drill.get("repetitions", ())][-1:] == ["invalid"], done.said
    assert done.valid, done.said
    seen = done.valid[0]
    assert seen["account"]["recovered_s"] > 0.5
    # Two requests: what comes between the execution and its answer at the client is less, but for a busy machine.
    assert abs(done.off_by([seen], 0.0)) <= 2 / 50 + lateness(done, seen)
