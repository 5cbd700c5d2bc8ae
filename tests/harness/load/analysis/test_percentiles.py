"""Percentiles: the stated rank, intervals that cover, failed requests as never."""

from __future__ import annotations

import numpy as np
import pytest

from harness.load.analysis.percentiles import (
    curve,
    dependence,
    percentiles_of,
)


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
