"""Percentiles: the stated rank, intervals that cover, failed requests as never."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from harness.load.analysis.percentiles import (
    curve,
    dependence,
    interval_places,
    needed,
    percentiles_of,
    place,
)

FRACTIONS = st.sampled_from([0.01, 0.25, 0.5, 0.57, 0.9, 0.99, 0.999])


@pytest.mark.parametrize(
    ("count", "percentile", "expected"),
    [(100, 0.99, 99), (100, 0.57, 57), (1, 0.99, 0), (1000, 0.999, 999), (4, 0.5, 2)],
)
def test_the_rank_is_the_stated_one(count: int, percentile: float, expected: int) -> None:
    assert place(count, percentile) == expected


@given(st.integers(1, 3000), FRACTIONS, st.sampled_from([0.9, 0.95, 0.99]))
def test_interval_is_the_narrowest_that_covers(count: int, percentile: float, confidence: float) -> None:
    low, high = interval_places(count, percentile, confidence)
    tail = (1 - confidence) / 2
    if low is not None:
        assert binom.cdf(low, count, percentile) <= tail * (1 + 1e-9)
    if (low if low is not None else -1) < count - 1:
        assert binom.cdf((low if low is not None else -1) + 1, count, percentile) > tail * (1 - 1e-9)
    if high is not None:
        assert binom.sf(high, count, percentile) <= tail * (1 + 1e-9)
    assert binom.sf((high if high is not None else count) - 1, count, percentile) > tail * (1 - 1e-9)


@given(FRACTIONS, st.sampled_from([0.9, 0.95, 0.99]))
def test_needed_is_where_both_ends_begin_to_exist(percentile: float, confidence: float) -> None:
    count = needed(percentile, confidence)
    assert None not in interval_places(count, percentile, confidence)
    assert None in interval_places(count - 1, percentile, confidence) if count > 1 else True


def test_intervals_cover_as_often_as_they_say() -> None:
    draws = np.random.default_rng(5)
    low, high = interval_places(1000, 0.99, 0.95)
    assert low is not None
    assert high is not None
    values = np.sort(draws.random((2000, 1000)), axis=1)
    covered = np.mean((values[:, low] <= 0.99) & (values[:, high] >= 0.99))
    assert covered >= 0.94


def test_failed_requests_count_as_later_than_all() -> None:
    good = np.arange(980, dtype=np.int64) * 1_000_000
    p50, p99 = percentiles_of(good, (0.5, 0.99), never=20)
    assert p50.value == pytest.approx(0.5)
    assert (p99.value, p99.upper) == (None, None)
    assert percentiles_of(np.zeros(0, np.int64), (0.5,), never=3)[0].value is None


def test_bunches_are_seen_and_independence_is_one() -> None:
    draws = np.random.default_rng(3)
    alone = draws.random(50_000) < 0.02
    bunched = np.repeat(draws.random(500) < 0.02, 100)
    assert dependence(alone) == pytest.approx(1, abs=0.6)
    assert (dependence(bunched) or 0) > 40
    assert dependence(np.zeros(1000, np.bool_)) is None
    assert dependence(np.ones(3, np.bool_)) is None


def test_the_curve_ends_at_the_maximum() -> None:
    ascending = np.sort(np.random.default_rng(1).integers(1, 10**9, 5000))
    points = curve(ascending)
    assert len(points) <= 100
    assert points[-1] == (0.9998, ascending[-1] * 1e-9)
    assert [share for share, _ in points] == sorted({share for share, _ in points})
    assert curve(np.zeros(0, np.int64)) == ()
