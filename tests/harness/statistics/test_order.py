"""Percentiles by order statistics: the stated rank, intervals against scipy's binomial, and their coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from harness.statistics.order import interval_places, needed, percentile_bounds, place

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


def test_each_bound_alone_holds_as_often_as_it_says() -> None:
    draws = np.sort(np.random.default_rng(6).random((2000, 300)), axis=1)
    bounds = [percentile_bounds(row.tolist(), 0.95, 0.9) for row in draws]
    assert np.mean([bound.lower <= 0.95 for bound in bounds]) >= 0.88
    assert np.mean([bound.upper >= 0.95 for bound in bounds]) >= 0.88


def test_too_few_values_bound_nothing_on_that_side() -> None:
    assert percentile_bounds([1.0, 2.0, 3.0], 0.99, 0.95).upper == math.inf
    assert percentile_bounds([1.0, 2.0, 3.0], 0.01, 0.95).lower == -math.inf
