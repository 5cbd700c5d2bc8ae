"""Percentiles of exact records, each with a distribution-free interval and its rank rule.

The interval is between two order statistics whose ranks come from the binomial distribution (W. J. Conover, Practical
Nonparametric Statistics, 3.2). It supposes independent values; latencies behind a queue are not, and a long stall is
one event however many requests it hits. :func:`dependence` says by how much bunching widens what is really known.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, bdtrc

RANK_RULE = "the percentile p of n values is the value at place floor(n * p), counted from 0 in ascending order"
"""As LoadGen and locust do; at the edge of a cliff, rules differ by the whole cliff."""

NANO = 1e-9
SHOWN = (0.5, 0.9, 0.95, 0.99, 0.999, 0.9999)
CONFIDENCE = 0.95
BLOCKS = 50
Values = npt.NDArray[np.int64]


class Percentile(msgspec.Struct, frozen=True, kw_only=True):
    """One percentile in seconds.

    Attributes:
        percentile: as a fraction.
        value: None: it falls among requests that were never answered well, or there are no values.
        lower, upper: ends of the two-sided interval; None: too few values for this end, or as for ``value``.
        confidence: of the interval.
        needed: the fewest values for which both ends exist.
    """

    percentile: float
    value: float | None
    lower: float | None
    upper: float | None
    confidence: float
    needed: int


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


def percentiles_of(
    ascending: Values, shown: Sequence[float] = SHOWN, *, never: int = 0, confidence: float = CONFIDENCE
) -> tuple[Percentile, ...]:
    """Percentiles of ascending nanoseconds; ``never`` further requests count as slower than all of them."""
    count = len(ascending) + never

    def value(index: int | None) -> float | None:
        return None if index is None or not 0 <= index < len(ascending) else float(ascending[index]) * NANO

    found = []
    for percentile in shown:
        low, high = interval_places(count, percentile, confidence)
        found.append(
            Percentile(
                percentile=percentile,
                value=value(place(count, percentile)),
                lower=value(low),
                upper=value(high),
                confidence=confidence,
                needed=needed(percentile, confidence),
            )
        )
    return tuple(found)


def dependence(late: npt.NDArray[np.bool_], blocks: int = BLOCKS) -> float | None:
    """By how much the number of late requests varies between stretches of the run, over what independence allows.

    The design effect: 1 for independent requests, k where late ones come in bunches of k; n requests then say as much
    as n divided by it. ``late`` is in the order of the schedule. None where it cannot be said: fewer than ten requests
    a block, or none late.
    """
    size = len(late) // blocks
    share = float(late.mean()) if len(late) else 0.0
    if size < 10 or share in (0.0, 1.0):
        return None
    counts = late[: size * blocks].reshape(blocks, size).sum(axis=1)
    return max(1.0, float(counts.var(ddof=1)) / (size * share * (1 - share)))


def curve(ascending: Values, points: int = 100) -> tuple[tuple[float, float], ...]:
    """The distribution for a plot: (fraction, seconds), even in the logarithm of the share above, up to the maximum."""
    if not len(ascending):
        return ()
    above = np.geomspace(1.0, 1.0 / len(ascending), points)
    places = np.unique(np.minimum(np.floor(len(ascending) * (1 - above)), len(ascending) - 1).astype(np.int64))
    return tuple((int(at) / len(ascending), float(ascending[at]) * NANO) for at in places)
