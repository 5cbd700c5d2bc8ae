"""Quick and slow by turns is told from a tail, a queue, a pause and a drift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.load.analysis.two_levels import levels_of
from tests.harness.load.runs import plan_of, rows_of

PLAN = plan_of(rate=200, seconds=10)
COUNT = 2000
RNG = np.random.default_rng(3)
NOISE = RNG.gamma(4, 0.3, COUNT)


def test_one_replica_in_three_is_seen_with_its_share_and_times() -> None:
    seen = levels_of(rows_of(PLAN, response_ms=2 + NOISE + 60 * (np.arange(COUNT) % 3 == 0)))
    assert seen is not None
    assert seen.share == pytest.approx(1 / 3, abs=0.06)
    assert seen.low == pytest.approx(0.003, rel=0.2)
    assert seen.high == pytest.approx(0.063, rel=0.05)
    assert not seen.by_connection


def test_a_balancer_that_chooses_by_connection_is_said() -> None:
    connection = RNG.integers(1, 7, COUNT)
    seen = levels_of(rows_of(PLAN, response_ms=2 + NOISE + 60 * (connection % 3 == 0), connection=connection))
    assert seen is not None
    assert seen.by_connection


@pytest.mark.parametrize(
    "extra",
    [
        np.zeros(COUNT),
        60.0 * (np.arange(COUNT) % 20 == 0),  # a tail
        60.0 * (np.arange(COUNT) > 1200),  # a step
        60.0 * ((np.arange(COUNT) // 400) % 2),  # long pauses
        RNG.exponential(60, COUNT),  # a queue
        np.linspace(0, 60, COUNT),  # a drift
        4.0 * (np.arange(COUNT) % 3 == 0),  # too little to matter
    ],
    ids=["even", "tail", "step", "pauses", "queue", "drift", "small"],
)
def test_other_reasons_to_be_slow_are_not_two_levels(extra: np.ndarray) -> None:
    assert levels_of(rows_of(PLAN, response_ms=2 + NOISE + extra)) is None


def test_large_requests_are_not_compared_with_small_ones() -> None:
    _, cases = PLAN.workload()
    assert levels_of(rows_of(PLAN, response_ms=2 + NOISE + 60.0 * (cases == 1))) is None


@given(st.integers(0, 60), st.sampled_from([1e-6, 1.0, 1e6]))
def test_few_or_equal_times_are_no_levels(count: int, scale: float) -> None:
    assert levels_of(rows_of(PLAN, response_ms=scale)[:count]) is None
