"""Creep: what rises is seen, noise is not accused, and neither significance nor size is enough alone."""

from __future__ import annotations

import numpy as np
import pytest

from harness.statistics.trend import block_medians, step_of, trend_of


def noise(seed: int, size: int = 500) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Times of answers with single slow ones, in seconds."""
    random = np.random.default_rng(seed)
    return random.lognormal(-6.0, 0.4, size) + (random.random(size) < 0.02) * 0.2


def test_noise_is_not_accused() -> None:
    for seed in range(60):
        trend = trend_of(noise(seed).tolist())
        assert trend is not None
        assert not trend.rises()


def test_bursts_of_load_are_not_accused() -> None:
    for seed in range(30):
        times = noise(seed)
        start = int(np.random.default_rng(seed).integers(0, 350))
        times[start : start + 100] *= 5
        trend = trend_of(times.tolist())
        assert trend is not None
        assert not trend.rises()


def test_no_step_is_seen_in_noise() -> None:
    for seed in range(60):
        for blocks in (20, 30):
            step = step_of(noise(seed).tolist(), blocks)
            assert step is not None
            assert not step.rises(factor=1.0)


@pytest.mark.parametrize("at", [100, 250, 400])
@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_seen_wherever_it_is(seed: int, at: int) -> None:
    times = noise(seed)
    times[at:] += 0.02
    step = step_of(times.tolist(), 30)
    assert step is not None
    assert step.rises(least=0.015)
    assert step.first == pytest.approx(0.0025, rel=0.2)
    down = step_of(times[::-1].tolist(), 30)
    assert down is not None
    assert not down.rises(factor=1.0)


def test_too_short_or_constant_for_a_step() -> None:
    assert step_of([1.0, 2.0, 3.0]) is None
    assert step_of([4.0] * 100) is None


@pytest.mark.parametrize("seed", range(10))
def test_a_leak_is_seen(seed: int) -> None:
    trend = trend_of((noise(seed) + np.arange(500) * 5e-5).tolist())
    assert trend is not None
    assert trend.rises(least=0.005)


def test_a_small_drift_is_significant_and_does_not_matter() -> None:
    trend = trend_of([0.010 + number * 1e-6 for number in range(500)])
    assert trend is not None
    assert trend.p < 1e-6
    assert not trend.rises()


def test_less_than_the_least_does_not_matter() -> None:
    trend = trend_of([1e-6 * (1 + number) for number in range(500)])
    assert trend is not None
    assert trend.rises()
    assert not trend.rises(least=0.005)


def test_short_or_constant_series() -> None:
    assert trend_of([1.0, 2.0, 3.0]) is None
    constant = trend_of([4.0] * 100)
    assert constant is not None
    assert not constant.rises()


def test_blocks_leave_the_warm_up_out() -> None:
    assert block_medians([9.0, *[1.0] * 40], blocks=20) == [1.0] * 20
