"""Percentiles of exact records, each with a distribution-free interval and its rank rule.

The interval (:mod:`harness.statistics.order`) supposes independent values; latencies behind a queue are not, and a long
stall is one event however many requests it hits. :func:`dependence` says by how much bunching widens what is really
known.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from harness.statistics.order import CONFIDENCE, interval_places, needed, place

NANO = 1e-9
SHOWN = (0.5, 0.9, 0.95, 0.99, 0.999, 0.9999)
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
