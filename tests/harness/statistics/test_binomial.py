"""Bounds on a share: scipy's, their coverage, and the error rates of the decision rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics.binomial import chance, clopper_pearson, decide, trials_without_failure, wilson
from harness.statistics.closed import Counts
from harness.statistics.decision import Interval, LimitSide, decision

CONFIDENCES = st.sampled_from([0.8, 0.9, 0.95, 0.99])
COUNTS = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, CONFIDENCES)
def test_intervals_are_those_of_scipy(counts: tuple[int, int], confidence: float) -> None:
    methods: list[tuple[Callable[[int, int, float], Interval], Literal["exact", "wilson"]]]
    methods = [(clopper_pearson, "exact"), (wilson, "wilson")]
    for ours, method in methods:
        found = ours(*counts, confidence)
        lower = stats.binomtest(*counts, alternative="greater").proportion_ci(confidence, method).low
        upper = stats.binomtest(*counts, alternative="less").proportion_ci(confidence, method).high
        assert (found.lower, found.upper) == pytest.approx((lower, upper), abs=1e-9)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.95, 0.997])
def test_exact_bounds_cover_at_least_as_often_as_they_say(share: float) -> None:
    drawn = np.random.default_rng(1).binomial(120, share, 20_000)
    bounds = {k: clopper_pearson(k, 120, 0.95) for k in set(drawn.tolist())}
    assert np.mean([bounds[k].lower <= share for k in drawn.tolist()]) >= 0.9475
    assert np.mean([bounds[k].upper >= share for k in drawn.tolist()]) >= 0.9475


@given(COUNTS, st.floats(0.01, 0.99))
def test_the_p_value_is_that_of_scipy(counts: tuple[int, int], required: float) -> None:
    expected = stats.binomtest(*counts, required, alternative="greater").pvalue
    assert chance(*counts, required) == pytest.approx(expected, abs=1e-9)


@given(COUNTS, st.floats(0.01, 0.99), CONFIDENCES)
def test_supported_is_a_p_value_below_alpha(counts: tuple[int, int], required: float, confidence: float) -> None:
    p, alpha = chance(*counts, required), 1 - confidence
    if abs(p - alpha) > 1e-9:
        assert (decide(*counts, required, confidence) == "supports") is (p < alpha)


@pytest.mark.parametrize(("required", "trials"), [(0.95, 59), (0.99, 299), (0.999, 2995)])
def test_the_rule_errs_as_seldom_as_it_says(required: float, trials: int) -> None:
    """At n = 59, 299, 2 995: just below the requirement it seldom supports, at the requirement seldom contradicts."""
    assert trials_without_failure(required) == trials
    for seed, share, wrong in ((2, required - 1e-9, "supports"), (3, required, "contradicts")):
        drawn = np.random.default_rng(seed).binomial(trials, share, 20_000)
        erred = {k: decide(k, trials, required) == wrong for k in set(drawn.tolist())}
        assert np.mean([erred[k] for k in drawn.tolist()]) <= 0.053
    assert decide(trials, trials, required) == "supports"
    assert decide(trials - 1, trials, required) == "inconclusive"


def test_both_sides_of_a_limit() -> None:
    between = Interval(0.2, 0.4, 0.95)
    assert [decision(between, limit, LimitSide.AT_LEAST) for limit in (0.2, 0.3, 0.41)] == [
        "supports", "inconclusive", "contradicts",
    ]  # fmt: skip
    assert [decision(between, limit, LimitSide.AT_MOST) for limit in (0.4, 0.3, 0.19)] == [
        "supports", "inconclusive", "contradicts",
    ]  # fmt: skip


@pytest.mark.parametrize("side", LimitSide)
def test_what_is_no_number_decides_nothing(side: LimitSide) -> None:
    assert decision(Interval(math.nan, 1.0, 0.95), 0.5, side) == "inconclusive"
    assert decision(Interval(0.9, 1.0, 0.95), math.nan, side) == "inconclusive"


@given(st.integers(0, 300), st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.99))
def test_what_is_missing_speaks_for_nobody(successes: int, failures: int, missing: int, required: float) -> None:
    planned = successes + failures + missing
    closed = decision(Counts(planned, successes, failures).interval(), required, LimitSide.AT_LEAST)
    possible = {decide(successes + good, planned, required) for good in range(missing + 1)} if planned else set()
    assert closed == (possible.pop() if len(possible) == 1 else "inconclusive")


def test_bounds_with_missing_draws_hold_whatever_they_were() -> None:
    counts = Counts(100, 80, 10)
    found = counts.interval()
    for good in range(counts.missing + 1):
        whole = clopper_pearson(80 + good, 100)
        assert found.lower <= whole.lower
        assert whole.upper <= found.upper
    assert Counts(0, 0, 0).interval() == Interval(0.0, 1.0, 0.95)
    with pytest.raises(ValueError, match="planned"):
        Counts(5, 4, 2)
