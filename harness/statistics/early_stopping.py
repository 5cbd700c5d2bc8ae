"""How many requests a percentile needs: MLPerf LoadGen's early-stopping rule for its Server scenario.

With t late requests of n, "at least p in time" is shown with confidence c where so few late ones would have chance
1 - c at most if exactly p were in time: P[Binomial(n, 1 - p) <= t] <= 1 - c. That is the exact one-sided bound of
Clopper and Pearson reaching p, so this rule and :func:`harness.statistics.binomial.decide` never differ. Draws are
taken to be independent; where slow answers come in bunches, the true confidence is less.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

from scipy.special import betainc, ndtri

from harness.statistics.binomial import decide

CONFIDENCE = 0.99
_FURTHEST = 1 << 40
_ROUND_TO = 8192


def _first(holds: Callable[[int], bool], start: int) -> int | None:
    """The smallest integer from ``start`` on for which a monotone condition holds; None: not up to 2^40."""
    low, high = start, max(1, start)
    while not holds(high):
        low, high = high + 1, high * 2
        if high > _FURTHEST:
            return None
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


@lru_cache(maxsize=4096)
def min_requests(late: int, percentile: float, confidence: float = CONFIDENCE) -> int:
    """The smallest number of requests with which ``late`` of them over the limit still pass.

    Raises:
        ValueError: a negative count, or a fraction outside (0, 1).
    """
    if late < 0 or not (0 < percentile < 1 and 0 < confidence < 1):
        raise ValueError(f"no rule for {late} late at p{percentile * 100:g} with confidence {confidence}")
    # P[Binomial(h + t, 1 - p) <= t] is the regularised incomplete beta function I_p(h, t + 1).
    found = _first(lambda in_time: bool(betainc(in_time, late + 1, percentile) <= 1 - confidence), 1)
    if found is None:
        raise ValueError(f"p{percentile * 100:g} with {late} late needs more requests than can be sent")
    return found + late


def more_in_time(requests: int, late: int, percentile: float, confidence: float = CONFIDENCE) -> int:
    """How many further requests would have to be sent for a pass, if none of them were late; 0: it passes."""
    return max(0, min_requests(late, percentile, confidence) - requests)


def deciding_count(requests: int, late: int, percentile: float, confidence: float = CONFIDENCE) -> int | None:
    """About how many requests would decide, either way, if the share of late ones stayed as it is.

    ``requests`` itself where it is decided already; None where the share is just the one that is allowed, or too near.
    """
    if requests < 1:
        return min_requests(0, percentile, confidence)

    def decided(count: int) -> bool:
        in_time = count - round(late * count / requests)
        return decide(in_time, count, percentile, confidence) != "inconclusive"

    return _first(decided, requests)


def fixed_count(percentile: float, confidence: float = CONFIDENCE) -> int:
    """The count of the rule before early stopping: a normal interval of a twentieth of 1 - p to either side.

    23 886 (p90), 50 425 (p95), 85 811 (p97), 262 742 (p99), to the nearest whole number as published.
    """
    margin = (1 - percentile) / 20
    return round(float(ndtri((1 + confidence) / 2)) ** 2 * percentile * (1 - percentile) / margin**2)


def rounded_count(percentile: float, confidence: float = CONFIDENCE) -> int:
    """The fixed count as it was asked for: up to a multiple of 2^13 (24 576, 57 344, 90 112, 270 336)."""
    return math.ceil(fixed_count(percentile, confidence) / _ROUND_TO) * _ROUND_TO
