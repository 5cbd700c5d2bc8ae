"""Order statistics: percentiles of independent values with a distribution-free interval, and their rank rule.

The interval is between two order statistics whose ranks come from the binomial distribution (W. J. Conover, Practical
Nonparametric Statistics, 3.2).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

from scipy.special import bdtr, bdtrc

from harness.statistics.decision import Interval

CONFIDENCE = 0.95
RANK_RULE = "the percentile p of n values is the value at place floor(n * p), counted from 0 in ascending order"
"""As LoadGen and locust do; at the edge of a cliff, rules differ by the whole cliff."""


def place(count: int, percentile: float) -> int:
    """The place of the percentile in ascending order, from 0: ``floor(count * percentile)``, at most the last.

    The fraction is taken as it is written: 0.57 of 100 is 57, which binary floats miss.
    """
    return min(count - 1, math.floor(count * Fraction(repr(float(percentile)))))


def interval_places(count: int, percentile: float, confidence: float = CONFIDENCE) -> tuple[int | None, int | None]:
    """Places, from 0, of the two values between which the percentile lies with at least this confidence.

    Each side errs with half of ``1 - confidence`` at most; None where no value is far enough out.
    """
    tail = (1 - confidence) / 2
    # Value i (from 0) is above the percentile with P[Bin <= i], and not above it with P[Bin > i].
    lower = _last(lambda index: bool(bdtr(index, count, percentile) <= tail), count)
    upper = _last(lambda index: bool(bdtrc(index, count, percentile) > tail), count) + 1
    return (lower if lower >= 0 else None), (upper if upper < count else None)


def _last(holds: Callable[[int], bool], count: int) -> int:
    """The last index below ``count`` for which a condition holds that fails ever after; -1: for none."""
    low, high = -1, count - 1
    while low < high:
        middle = (low + high + 1) // 2
        if holds(middle):
            low = middle
        else:
            high = middle - 1
    return low


def needed(percentile: float, confidence: float = CONFIDENCE) -> int:
    """The fewest values for which the interval has both ends."""
    return math.ceil(math.log((1 - confidence) / 2) / math.log(max(percentile, 1 - percentile)))


def percentile_bounds(ascending: Sequence[float], percentile: float, confidence: float = CONFIDENCE) -> Interval:
    """One-sided bounds on a percentile; infinite where no value is far enough out.

    Args:
        ascending: independent values.
        percentile: as a fraction.
        confidence: of either bound alone.
    """
    low, high = interval_places(len(ascending), percentile, 2 * confidence - 1)
    lower = -math.inf if low is None else float(ascending[low])
    return Interval(lower, math.inf if high is None else float(ascending[high]), confidence)
