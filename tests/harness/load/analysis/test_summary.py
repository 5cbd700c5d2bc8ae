"""Numbers of a run: the truth of a stall beside what other tools print, and every request accounted for."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from harness.load.analysis.percentiles import Percentile
from harness.load.analysis.summary import Clock, summarise
from harness.load.plan.load_plan import ClosedLoop, LoadPlan
from harness.load.records.rows import ABSENT, Flag, Rows, Status, rows_from
from tests.harness.load.runs import MS, merged_of, plan_of, rows_of


def at(clock: Clock, percentile: float) -> Percentile:
    return next(each for each in clock.percentiles if each.percentile == percentile)


def stalled(plan: LoadPlan, every_s: float = 5, for_s: float = 0.5) -> Rows:
    """An endpoint that freezes for a while at the end of each period and needs 0.2 ms otherwise."""
    intended, _ = plan.workload()
    into = intended / 1e9 % every_s
    wait = np.where(into >= every_s - for_s, every_s - into, 0.0)
    return rows_of(plan, response_ms=wait * 1e3 + 0.2)


def test_a_stall_is_the_truth_whatever_others_print() -> None:
    plan = plan_of(rate=200, seconds=20)
    found = summarise(merged_of(plan, stalled(plan)), plan)
    assert at(found.response, 0.99).value == pytest.approx(0.450, rel=0.015)
    assert at(found.response, 0.5).value == pytest.approx(0.0002)
    # One closed-loop user meets each of the four stalls once; the first request after one still waits with others.
    assert found.other_tools.alone.count == 3600 + 4 - 3
    assert at(found.other_tools.alone, 0.99).value == pytest.approx(0.0002)
    assert (found.dependence or 0) > 10


def test_a_tool_that_counts_from_sending_misses_what_waits_for_its_turn() -> None:
    plan = plan_of(rate=200, seconds=20)
    rows = stalled(plan)
    rows["sent"] = rows["done"] - MS // 5
    found = summarise(merged_of(plan, rows), plan)
    assert at(found.other_tools.from_send, 0.99).value == pytest.approx(0.0002)
    assert at(found.service, 0.99).value == pytest.approx(0.0002)
    assert found.other_tools.delayed_share == pytest.approx(0.1, abs=0.01)
    assert at(found.response, 0.99).value == pytest.approx(0.450, rel=0.015)


def test_a_request_is_alone_only_when_all_before_it_are_done() -> None:
    plan = plan_of(rate=100, seconds=1)
    response = np.full(100, 2)
    response[10] = 75
    found = summarise(merged_of(plan, rows_of(plan, response_ms=response)), plan)
    assert found.other_tools.alone.count == 100 - 7


def test_failed_requests_are_late_and_told_by_kind() -> None:
    plan = plan_of(rate=100, seconds=10)
    status, code = np.full(1000, Status.OK), np.full(1000, 200)
    status[100:130], code[100:130] = Status.HTTP_ERROR, 503
    status[500:510], code[500:510] = Status.TIMEOUT, 0
    status[900], status[901] = Status.WRONG_ID, Status.WRONG_ANSWER
    found = summarise(merged_of(plan, rows_of(plan, status=status, code=code)), plan)
    assert (found.tried, found.ok, found.late, found.wrong) == (1000, 958, 42, 2)
    assert [(error.kind, error.code, error.count) for error in found.errors[:2]] == [
        ("http_error", 503, 30),
        ("timeout", 0, 10),
    ]
    assert (found.errors[0].first_s, found.errors[0].last_s) == pytest.approx((1.0, 1.29))
    assert found.errors[0].first_index == 100
    assert at(found.response, 0.99).value == pytest.approx(0.002)
    assert at(found.response_all, 0.99).value is None
    assert found.goodput == pytest.approx(95.8)
    assert sum(found.series.failed) == 42


def test_requests_never_sent_are_the_testers_and_not_judged() -> None:
    plan = plan_of(rate=100, seconds=10)
    status = np.full(1000, Status.OK)
    status[990:] = Status.NEVER_SENT
    found = summarise(merged_of(plan, rows_of(plan, status=status)[:-3]), plan)
    assert (found.planned, found.tried, found.late) == (1000, 990, 0)
    assert sum(found.series.planned) == 1000
    assert sum(found.series.sent) == 990


def test_waiting_for_a_connection_is_not_the_testers_own_lag() -> None:
    plan = plan_of(rate=100, seconds=10)
    rows = rows_of(plan, response_ms=60, lag_ms=50)
    rows["taken"] = rows["intended"] + MS
    rows["flags"][:500] = Flag.NEW_CONNECTION
    rows["flags"][500:] = Flag.QUEUED
    rows["sent"][990:] = ABSENT
    found = summarise(merged_of(plan, rows), plan)
    assert found.own_lag.worst == pytest.approx(0.001)
    assert found.send_lag.worst == pytest.approx(0.05)
    assert found.send_lag.count == 990
    rows["flags"] = 0
    assert summarise(merged_of(plan, rows), plan).own_lag.worst == pytest.approx(0.05)


def test_the_warm_up_is_shown_and_not_judged() -> None:
    plan = plan_of(rate=100, seconds=10, warm_up_s=2.0)
    response = np.full(1000, 2)
    response[:200] = 5000
    found = summarise(merged_of(plan, rows_of(plan, response_ms=response)), plan)
    assert (found.seconds, found.planned, found.tried, found.late) == (8.0, 800, 800, 0)
    assert found.series.worst[0] == pytest.approx(5.0)
    assert found.planned_rate == found.ok_rate == pytest.approx(100)


def test_cases_are_told_apart() -> None:
    plan = plan_of(rate=100, seconds=10)
    _, cases = plan.workload()
    found = summarise(merged_of(plan, rows_of(plan, response_ms=np.where(cases == 1, 200, 2))), plan)
    assert [case.name for case in found.cases] == ["big", "tiny"]
    assert sum(case.requests for case in found.cases) == 1000
    assert found.cases[0].late == found.cases[0].requests == found.late
    assert found.cases[1].response[0].value == pytest.approx(0.002)


def test_the_series_is_short_and_holds_every_request() -> None:
    plan = plan_of(rate=10, seconds=4500)
    response = np.arange(45_000) % 30
    found = summarise(merged_of(plan, rows_of(plan, response_ms=response)), plan).series
    assert found.step_s == 3
    assert len(found.planned) == len(found.p99) == 1500
    assert sum(found.ok) == 45_000
    assert found.p50 == pytest.approx([0.015] * 1500)
    assert found.worst == pytest.approx([0.029] * 1500)


def test_a_run_without_answers_has_no_numbers_and_is_still_data() -> None:
    plan = plan_of(rate=10, seconds=1)
    nothing = summarise(merged_of(plan, rows_of(plan)[:0]), plan)
    assert (nothing.tried, nothing.ok, nothing.response.percentiles, nothing.completed_rate) == (0, 0, (), None)
    refused = rows_from(
        intended=plan.workload()[0], sent=ABSENT, done=plan.workload()[0] + MS, status=int(Status.REFUSED), code=0
    )
    found = summarise(merged_of(plan, refused), plan)
    assert (found.tried, found.late, found.other_tools.alone.count) == (10, 10, 0)
    assert b"NaN" not in msgspec.json.encode(found)
    assert msgspec.json.decode(msgspec.json.encode(found), type=type(found)) == found


def test_a_closed_loop_lasts_until_its_last_answer() -> None:
    """Ten answers a second, one at a time, and 32 under way: those still under way at the end take 3.2 s more."""
    plan = msgspec.structs.replace(plan_of(), schedule=None, closed_loop=ClosedLoop(concurrency=32, seconds=1.0))
    done = (np.arange(42) + 1) * 100 * MS
    intended = np.maximum(0, done - 32 * 100 * MS)
    rows = rows_from(intended=intended, taken=intended, sent=intended, done=done)
    found = summarise(merged_of(plan, rows), plan)
    assert found.ok_rate == pytest.approx(10.0)
    assert found.seconds == pytest.approx(4.2)
