"""The betting confidence sequence: it covers at every time at once, becomes narrow, and agrees with another maker's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from ville import BettingCS

from harness.statistics.confidence_sequence import ConfidenceSequence

Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]

POPULATIONS: dict[str, tuple[float, Draw]] = {
    "rare failures": (0.99, lambda rng, n: (rng.random(n) < 0.99).astype(float)),
    "a coin": (0.5, lambda rng, n: (rng.random(n) < 0.5).astype(float)),
    "a skewed score": (0.2, lambda rng, n: rng.beta(1, 4, n)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", POPULATIONS)
def test_it_covers_at_every_time(name: str) -> None:
    """Of 1,000 runs no more than one in twenty ever has a bound on the wrong side of the mean."""
    mean, draw = POPULATIONS[name]
    rng = np.random.default_rng(7)
    above = below = 0
    for _ in range(1000):
        found = ConfidenceSequence(0.95).add(draw(rng, 150).tolist())
        # A bound only ever becomes narrower: what it excluded once is still excluded at the end.
        above += found.lower > mean
        below += found.upper < mean
    assert above / 1000 <= 0.05
    assert below / 1000 <= 0.05


@pytest.mark.parametrize("name", POPULATIONS)
def test_it_becomes_narrow_about_the_mean(name: str) -> None:
    mean, draw = POPULATIONS[name]
    found = ConfidenceSequence(0.95).add(draw(np.random.default_rng(10), 3000).tolist())
    assert found.lower < mean < found.upper
    assert found.upper - found.lower < 0.12


@pytest.mark.parametrize("name", POPULATIONS)
def test_it_agrees_with_another_maker(name: str) -> None:
    values = POPULATIONS[name][1](np.random.default_rng(9), 1000)
    # Theirs is two-sided: each of its bounds errs with half of alpha, as ours alone.
    theirs = BettingCS(alpha=0.1, theta=0.5)
    theirs.update(values)
    low, high = theirs.interval()
    ours = ConfidenceSequence(0.95).add(values.tolist())
    assert ours.lower == pytest.approx(low, abs=0.02)
    assert ours.upper == pytest.approx(high, abs=0.02)


def test_nothing_is_known_at_the_start_and_what_is_no_share_is_refused() -> None:
    sequence = ConfidenceSequence()
    assert (sequence.interval.lower, sequence.interval.upper, sequence.n) == (0.0, 1.0, 0)
    for value in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="between 0 and 1"):
            sequence.add([value])
    with pytest.raises(ValueError, match="confidence"):
        ConfidenceSequence(1.0)


def test_only_failures_leave_no_room_above() -> None:
    found = ConfidenceSequence().add([0.0] * 200)
    assert found.lower == 0.0
    assert 0.0 < found.upper < 0.1
