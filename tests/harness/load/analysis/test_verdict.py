"""Validity and verdict: every bound is seen, an INVALID run never fails, both sides of each boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.analysis.summary import summarise
from harness.load.analysis.validity import Reason, connections_needed, invalid_reasons, lag_bound
from harness.load.analysis.verdict import LoadVerdict, conditions_of, judge, judge_answers
from harness.load.plan.load_plan import ClosedLoop, Connections, LoadPlan, ServiceLevel
from harness.load.records.rows import Flag, Merged, Rows, Status, rows_from
from harness.load.records.worker_facts import WorkerFacts
from harness.statistics.early_stopping import min_requests
from harness.verdicts import Verdict
from tests.harness.load.runs import MS, NONE, facts_of, merged_of, plan_of, rows_of


def outcome(plan: LoadPlan, rows: Rows, facts: list[WorkerFacts] | None = None, **changes: Any) -> LoadVerdict:
    return judged(plan, merged_of(plan, rows, **changes), facts)


def judged(plan: LoadPlan, merged: Merged, facts: list[WorkerFacts] | None = None) -> LoadVerdict:
    summary = summarise(merged, plan)
    return judge(summary, plan, invalid_reasons(summary, merged, plan, facts if facts is not None else facts_of(plan)))


def codes(found: LoadVerdict) -> list[str]:
    return [reason.code for reason in found.invalid]


def late_at(plan: LoadPlan, late: int, **columns: Any) -> Rows:
    """A run in which every so many-th request is late, ``late`` in all."""
    count = len(plan.workload()[0])
    response = np.full(count, 2)
    response[np.linspace(0, count - 1, late).astype(int)] = 150
    return rows_of(plan, response_ms=response, **columns)


def test_a_good_run_passes_and_all_conditions_are_told() -> None:
    plan = plan_of(rate=200, seconds=10)
    found = outcome(plan, late_at(plan, 5))
    assert (found.verdict, codes(found)) == (Verdict.PASS, [])
    assert [condition.name for condition in found.conditions] == [
        "min_duration",
        "min_requests",
        "performance",
        "early_stopping",
    ]
    assert all(condition.met for condition in found.conditions)
    assert found.in_time_lower is not None
    assert found.in_time_lower >= 0.99
    assert (found.more_in_time, found.would_decide) == (None, None)


@pytest.mark.parametrize("late", [0, 1, 5])
def test_both_sides_of_the_boundary(late: int) -> None:
    for count, verdict in (
        (min_requests(late, 0.99), Verdict.PASS),
        (min_requests(late, 0.99) - 1, Verdict.INCONCLUSIVE),
    ):
        plan = plan_of(rate=count, seconds=1)
        found = outcome(plan, late_at(plan, late))
        assert (found.requests, found.verdict) == (count, verdict)
    assert codes(found) == ["samples"]
    assert found.more_in_time == 1
    assert (found.would_decide or 0) >= count


def test_too_slow_fails_and_errors_count() -> None:
    plan = plan_of(rate=200, seconds=10)
    found = outcome(plan, late_at(plan, 60))
    assert (found.verdict, codes(found)) == (Verdict.FAIL, [])
    status = np.full(2000, Status.OK)
    status[::30] = Status.HTTP_ERROR
    assert outcome(plan, rows_of(plan, status=status, code=503)).verdict == Verdict.FAIL


def test_one_wrong_answer_fails_even_with_few_requests() -> None:
    plan = plan_of(rate=20, seconds=1)
    status = np.full(20, Status.OK)
    status[3] = Status.WRONG_ANSWER
    assert outcome(plan, rows_of(plan, status=status)).verdict == Verdict.FAIL


def test_a_wrong_answer_in_an_invalid_run_is_told_and_judged_apart() -> None:
    plan = plan_of()
    status = np.full(2000, Status.OK)
    status[3] = Status.WRONG_ID
    merged = merged_of(plan, rows_of(plan, lag_ms=50, response_ms=60, status=status))
    found = judged(plan, merged)
    assert found.verdict == Verdict.TOOL_ERROR
    assert "1 answers were wrong" in found.reason
    assert judge_answers(summarise(merged, plan))[0] == Verdict.FAIL


def test_duration_and_count_of_the_plan_are_asked_for() -> None:
    short = plan_of(level=ServiceLevel(latency_s=0.1, min_seconds=60))
    found = outcome(short, rows_of(short))
    assert (found.verdict, codes(found)) == (Verdict.INCONCLUSIVE, [])
    assert "10 s of 60 s" in found.reason
    few = plan_of(level=ServiceLevel(latency_s=0.1, min_requests=5000))
    assert codes(outcome(few, rows_of(few))) == ["samples"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"finished": False, "lost": "exit code -9"}, "worker-lost"),
        ({"finished": False}, "worker-lost"),
        ({"silent_s": 2.5}, "worker-silent"),
        ({"cpu_share": 0.97}, "cpu"),
        ({"unknown_ids": 1}, "unknown-id"),
        ({"schedule_digest": "00" * 32}, "schedule"),
    ],
)
def test_each_fact_of_a_worker_makes_the_run_invalid(change: dict[str, Any], code: str) -> None:
    plan = plan_of(workers=2)
    found = outcome(plan, late_at(plan, 500), facts_of(plan, **change))
    assert codes(found) == [code]
    assert found.verdict == Verdict.TOOL_ERROR
    assert found.reason.startswith("INVALID: ")


def test_a_lost_worker_leaves_a_hole_that_is_told() -> None:
    plan = plan_of(workers=2)
    rows = rows_of(plan)
    kept = rows[(rows["index"] % 2 == 0) | (rows["intended"] < 4_000 * MS)]
    found = outcome(plan, kept, facts_of(plan, finished=False, lost="no heartbeat"))
    assert codes(found) == ["worker-lost", "missing", "offered"]
    assert "from second 4.00 to 10.00" in found.reason
    assert codes(outcome(plan, kept, [], silent_workers=(1,)))[:2] == ["worker-lost", "worker-lost"]


def test_repeated_and_foreign_records_are_invalid() -> None:
    plan = plan_of()
    assert codes(outcome(plan, rows_of(plan), repeated=np.array([7]))) == ["repeated"]
    assert codes(outcome(plan, rows_of(plan), foreign=1)) == ["repeated"]
    rows = rows_of(plan)
    rows["intended"][5] += 1
    assert codes(outcome(plan, rows)) == ["schedule"]


def test_lag_is_bounded_by_the_level_and_by_a_floor() -> None:
    plan = plan_of()
    assert lag_bound(plan) == pytest.approx(0.01)
    assert lag_bound(plan_of(level=ServiceLevel(latency_s=0.002))) == pytest.approx(0.001)
    lag = np.zeros(2000)
    lag[::50] = 11
    assert codes(outcome(plan, rows_of(plan, lag_ms=lag, response_ms=lag + 2))) == ["lag"]
    lag[lag > 0] = 9
    assert codes(outcome(plan, rows_of(plan, lag_ms=lag, response_ms=lag + 2))) == []


def test_a_failure_that_the_testers_lag_decides_is_its_own() -> None:
    plan = plan_of(rate=2000, seconds=5)
    response, lag = np.full(10_000, 95), np.zeros(10_000)
    lag[::60] = 8
    found = outcome(plan, rows_of(plan, lag_ms=lag, response_ms=response + lag))
    assert (codes(found), found.verdict) == (["lag-decides"], Verdict.TOOL_ERROR)


def test_a_frozen_tester_leaves_a_hole() -> None:
    plan = plan_of(rate=1000, seconds=60)
    intended, _ = plan.workload()
    lag = np.where((intended > 20e9) & (intended < 21.5e9), (21.5e9 - intended) / MS, 0)
    found = outcome(plan, rows_of(plan, lag_ms=lag, response_ms=lag + 1))
    assert "hole" in codes(found)
    assert "from second 20.00 to 21.50" in found.reason
    sparse = plan_of(rate=0.5, seconds=60)
    assert "hole" not in codes(outcome(sparse, rows_of(sparse)))


def test_the_cap_excuses_only_who_could_have_kept_the_level() -> None:
    assert connections_needed(200, 0.1) == 20 + 27 + 1
    facts = {"cap_hits": 12}
    tight = plan_of(connections=Connections(cap=32))
    assert codes(outcome(tight, late_at(tight, 500), facts_of(tight, **facts))) == ["connection-cap"]
    wide = plan_of(connections=Connections(cap=64))
    assert outcome(wide, late_at(wide, 500), facts_of(wide, **facts)).verdict == Verdict.FAIL
    streams = plan_of(transport="grpc", connections=Connections(cap=4))
    assert codes(outcome(streams, rows_of(streams), facts_of(streams, **facts))) == []


def test_an_endpoint_that_is_slow_to_accept_is_not_excused() -> None:
    plan = plan_of()
    rows = rows_of(plan, response_ms=500, lag_ms=450)
    rows["taken"], rows["flags"] = rows["intended"], Flag.NEW_CONNECTION
    assert outcome(plan, rows).verdict == Verdict.FAIL


def test_a_closed_loop_is_never_a_statement_of_the_level() -> None:
    plan = plan_of(schedule=None, closed_loop=ClosedLoop(concurrency=4, seconds=5))
    rows = rows_from(intended=np.arange(5000) * MS, done=np.arange(5000) * MS + MS)
    merged = Merged(rows=rows, planned=0, missing=NONE, repeated=NONE, foreign=0, silent_workers=())
    found = judged(plan, merged)
    assert (found.verdict, codes(found)) == (Verdict.INCONCLUSIVE, [])
    assert "closed loop" in found.reason


def test_a_run_without_records_is_the_testers() -> None:
    plan = plan_of()
    found = outcome(plan, rows_of(plan)[:0], [], silent_workers=(0,))
    assert found.verdict == Verdict.TOOL_ERROR
    assert {"worker-lost", "missing", "offered", "hole", "samples"} <= set(codes(found))


@given(st.integers(0, 400), st.sampled_from(["lag", "cpu", "samples", "worker-lost"]))
def test_an_invalid_run_never_fails(late: int, code: Any) -> None:
    plan = plan_of(rate=40, seconds=10)
    summary = summarise(merged_of(plan, late_at(plan, late)), plan)
    found = judge(summary, plan, [Reason(code=code, sentence="seen")])
    assert found.verdict == (Verdict.INCONCLUSIVE if code == "samples" else Verdict.TOOL_ERROR)


@given(st.integers(1, 1500), st.data())
def test_the_performance_condition_is_the_order_statistic(count: int, data: st.DataObject) -> None:
    late = data.draw(st.integers(0, min(count, 40)))
    plan = plan_of(rate=count, seconds=1)
    summary = summarise(merged_of(plan, late_at(plan, late)), plan)
    value = next(each.value for each in summary.response_all.percentiles if each.percentile == 0.99)
    assert conditions_of(summary, plan)[2].met == (value is not None and value <= 0.1)
