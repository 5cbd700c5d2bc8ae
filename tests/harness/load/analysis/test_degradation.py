"""Beyond capacity: each manner is told from the others; recovery is timed; drift needs significance and size."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.analysis.degradation import Shedding, recovery_of, shedding_of
from harness.load.analysis.drift import drifts_of
from harness.load.analysis.failures import failed_share
from harness.load.plan.load_plan import Transport
from harness.load.plan.schedule import Schedule, Stage
from harness.load.records.rows import Flag, Rows, Status
from tests.harness.load.runs import plan_of, rows_of

PLAN = plan_of(rate=400, seconds=10)
TURNED = np.arange(4000) % 2 == 1


def overload(rows: Rows, transport: Transport = "http", capacity: float | None = 200) -> Shedding:
    found = shedding_of(rows, transport=transport, start_s=0, end_s=10, bound_s=0.3, capacity=capacity)
    assert found is not None
    return found


def shed(code: int = 503, status: Status = Status.HTTP_ERROR, flags: int = 0) -> Rows:
    return rows_of(
        PLAN,
        response_ms=np.where(TURNED, 1, 50),
        status=np.where(TURNED, status, Status.OK),
        code=np.where(TURNED, code, 200),
        flags=np.where(TURNED, flags, 0),
    )


def test_clean_shedding_is_told_from_silent() -> None:
    clean = overload(shed(flags=Flag.RETRY_AFTER))
    assert (clean.manner, clean.accepted, clean.refused, clean.with_advice) == ("sheds", 2000, 2000, 2000)
    assert clean.capacity_share == pytest.approx(1.0)
    assert (clean.accepted_tail_s, clean.refusal_tail_s) == pytest.approx((0.05, 0.001))
    assert overload(shed(429)).manner == "sheds-silently"
    partly = shed(flags=Flag.RETRY_AFTER)
    partly["flags"][1] = 0
    assert overload(partly).manner == "sheds-silently"
    assert overload(shed(8, Status.GRPC_ERROR, Flag.RETRY_AFTER), "grpc").manner == "sheds"


@pytest.mark.parametrize(("code", "status"), [(500, Status.HTTP_ERROR), (0, Status.TIMEOUT), (0, Status.RESET)])
def test_anything_else_is_collapse(code: int, status: Status) -> None:
    assert overload(shed(code, status, Flag.RETRY_AFTER)).manner == "collapses"


@pytest.mark.parametrize(
    ("code", "status", "transport", "erred"),
    [
        (500, Status.HTTP_ERROR, "http", 2000), (400, Status.HTTP_ERROR, "http", 2000),
        (500, Status.HTTP_ERROR, "grpc", 2000), (503, Status.HTTP_ERROR, "grpc", 0),
        (502, Status.HTTP_ERROR, "http", 0),
        (13, Status.GRPC_ERROR, "grpc", 2000), (2, Status.GRPC_ERROR, "grpc", 2000),
        (503, Status.HTTP_ERROR, "http", 0), (504, Status.HTTP_ERROR, "http", 0), (14, Status.GRPC_ERROR, "grpc", 0),
        (4, Status.GRPC_ERROR, "grpc", 0), (1, Status.GRPC_ERROR, "grpc", 0),
        (0, Status.TIMEOUT, "http", 0), (0, Status.CLOSED, "grpc", 0),
    ],
)  # fmt: skip
def test_errors_are_told_from_refusals_and_waiting(code: int, status: Status, transport: Transport, erred: int) -> None:
    assert overload(shed(code, status), transport).erred == erred


def test_queues_serves_and_starves() -> None:
    assert overload(rows_of(PLAN, response_ms=np.linspace(1, 4000, 4000))).manner == "queues"
    assert overload(rows_of(PLAN)).manner == "serves"
    assert overload(shed(flags=Flag.RETRY_AFTER), capacity=1000).manner == "sheds"
    nearly_all = rows_of(PLAN, status=np.where(np.arange(4000) % 10, Status.HTTP_ERROR, Status.OK), code=503)
    assert overload(nearly_all).manner == "collapses"
    assert shedding_of(rows_of(PLAN), transport="http", start_s=20, end_s=30, bound_s=1) is None


def after_a_spike(back_s: float) -> Rows:
    plan = plan_of(schedule=Schedule(stages=(Stage(seconds=5, rate=1000), Stage(seconds=30, rate=100))))
    intended = plan.workload()[0] / 1e9
    return rows_of(plan, response_ms=np.where((intended >= 1) & (intended < 5 + back_s), 400, 5))


@given(st.floats(0, 20))
def test_recovery_is_timed_to_a_stretch(back_s: float) -> None:
    found = recovery_of(after_a_spike(back_s), end_s=5, latency_s=0.1)
    assert found is not None
    assert found.seconds is not None
    assert back_s - 0.5 <= found.seconds <= back_s + 0.6
    assert found.last_bad_s == found.seconds


def test_never_back_is_told_as_such() -> None:
    never = recovery_of(after_a_spike(29), end_s=5, latency_s=0.1)
    assert never is not None
    assert never.seconds is None
    assert "not within 30.0 s" in never.sentence
    assert recovery_of(after_a_spike(1), end_s=50, latency_s=0.1) is None


def test_single_late_requests_do_not_delay_recovery_and_a_relapse_shows() -> None:
    rows = after_a_spike(2)
    rows["done"][np.arange(5500, len(rows), 60)] += 500_000_000
    found = recovery_of(rows, end_s=5, latency_s=0.1)
    assert found is not None
    assert found.seconds == pytest.approx(2, abs=0.6)
    relapse = (rows["intended"] > 20e9) & (rows["intended"] < 22e9)
    rows["done"][relapse] += 500_000_000
    again = recovery_of(rows, end_s=5, latency_s=0.1)
    assert again is not None
    assert (again.seconds, again.last_bad_s > 16) == (found.seconds, True)


def test_drift_needs_significance_and_size() -> None:
    draws = np.random.default_rng(2)
    noise = draws.lognormal(0, 1, 4000)
    plan = plan_of(rate=400, seconds=10)
    assert [drift.rises for drift in drifts_of(rows_of(plan, response_ms=5 * noise))] == [False, False, False]
    rising = {drift.quantity: drift for drift in drifts_of(rows_of(plan, response_ms=noise * np.linspace(5, 25, 4000)))}
    assert (rising["median"].rises, rising["errors"].rises) == (True, False)
    assert rising["median"].last > 3 * rising["median"].first
    failing = np.where(draws.random(4000) < np.linspace(0, 0.3, 4000), Status.HTTP_ERROR, Status.OK)
    assert [drift.rises for drift in drifts_of(rows_of(plan, status=failing))] == [False, False, True]
    tiny = drifts_of(rows_of(plan, response_ms=np.linspace(5, 5.5, 4000)))
    assert not tiny[0].rises
    assert tiny[0].p < 0.001
    assert drifts_of(rows_of(plan)[:100]) == ()


@pytest.mark.parametrize("at", [30, 50, 160])
def test_a_step_shows_in_few_requests(at: int) -> None:
    plan = plan_of(rate=20, seconds=10)
    rows = rows_of(
        plan, response_ms=np.where(np.arange(200) < at, 5, 25) * np.random.default_rng(3).lognormal(0, 0.3, 200)
    )
    (median, *_) = drifts_of(rows)
    assert (median.quantity, median.rises) == ("median", True)
    assert (median.first, median.last) == pytest.approx((0.005, 0.025), rel=0.2)


def test_three_failures_at_the_end_are_no_rise() -> None:
    plan = plan_of(rate=80, seconds=10)
    status = np.full(800, Status.OK)
    status[[720, 750, 780]] = Status.RESET
    assert not any(drift.rises for drift in drifts_of(rows_of(plan, status=status)))


def test_the_testers_own_lag_is_no_drift() -> None:
    plan = plan_of(rate=400, seconds=10)
    lag = np.where(np.arange(4000) < 2000, 0.1, 3.0)
    assert not any(drift.rises for drift in drifts_of(rows_of(plan, response_ms=1 + lag, lag_ms=lag)))


def test_refusals_with_advice_are_a_limit_whatever_a_burst_got_before() -> None:
    most = rows_of(
        PLAN,
        status=np.where(np.arange(4000) % 10, Status.HTTP_ERROR, Status.OK),
        code=429,
        flags=np.where(np.arange(4000) % 10, Flag.RETRY_AFTER, 0),
    )
    assert overload(most, capacity=400).manner == "sheds"
    most["flags"][1] = 0
    assert overload(most, capacity=400).manner == "collapses"


def test_few_requests_are_looked_at_one_by_one() -> None:
    """At 1.4 requests a second a stretch of twenty would be the whole watch."""
    plan = plan_of(schedule=Schedule(stages=(Stage(seconds=5, rate=20), Stage(seconds=12, rate=1.4))))
    intended = plan.workload()[0] / 1e9
    quick = rows_of(plan, response_ms=np.where((intended > 2) & (intended < 7.5), 400, 5))
    found = recovery_of(quick, end_s=5, latency_s=0.1)
    assert found is not None
    assert found.seconds is not None
    assert found.seconds < 2.5
    never = recovery_of(rows_of(plan, response_ms=np.where(intended > 2, 400, 5)), end_s=5, latency_s=0.1)
    assert never is not None
    assert never.seconds is None


@pytest.mark.parametrize("seconds", [10, 200])
def test_the_share_of_failures_has_bounds_at_every_time(seconds: int) -> None:
    plan = plan_of(rate=400, seconds=seconds)
    bad = np.random.default_rng(7).random(400 * seconds) < 0.02
    share = failed_share(rows_of(plan, status=np.where(bad, Status.HTTP_ERROR, Status.OK)))
    assert share is not None
    assert (share.failed, share.of) == (int(bad.sum()), 400 * seconds)
    assert share.lower < 0.02 < share.upper < 0.05
    assert f"{share.failed} of {share.of} requests failed" in share.words
    assert failed_share(rows_of(plan)[:0]) is None
