"""Whether two samples differ by more than chance: exact for shares, by their bounds for everything else."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, ndtri
from scipy.stats import fisher_exact

# Above it the exact test takes seconds, and shares differ or do not whatever the test.
MOST = 10_000_000


def shares_differ(one: tuple[int, int], other: tuple[int, int]) -> float:
    """The two-sided p-value of "the two shares are the same" (Fisher's exact test).

    Args:
        one: successes, and trials.
        other: likewise.

    Raises:
        ValueError: these are no counts, or more than can be computed.
    """
    table: list[list[int]] = []
    for successes, trials in (one, other):
        if not 0 <= successes <= trials or not 1 <= trials <= MOST:
            raise ValueError(f"{successes} of {trials} are no counts that can be compared")
        table.append([successes, trials - successes])
    return min(1.0, float(fisher_exact(np.array(table)).pvalue))


def bounded_differ(
    one: tuple[float, float, float], other: tuple[float, float, float], confidence: tuple[float, float]
) -> float:
    """An approximate two-sided p-value of "the two quantities are the same", from a value and its bounds of each.

    The bounds that face each other give the variance of the difference (MOVER, Zou and Donner 2008). It supposes that
    the two samples are independent; two runs over the same rows differ by less than that.

    Args:
        one: lower bound, value, upper bound.
        other: likewise.
        confidence: of each one-sided bound of the first, and of the second.

    Raises:
        ValueError: a bound is no number or lies on the wrong side of its value, or a confidence is none.
    """
    for lower, value, upper in (one, other):
        if not all(map(math.isfinite, (lower, value, upper))) or not lower <= value <= upper:
            raise ValueError(f"{value} does not lie between {lower} and {upper}")
    if not all(0.5 < each < 1 for each in confidence):
        raise ValueError(f"confidences {confidence} are none of one-sided bounds")
    (less, sure), (more, surer) = sorted(zip((one, other), confidence, strict=True), key=lambda each: each[0][1])
    gap = more[1] - less[1]
    spread = math.hypot((less[2] - less[1]) / float(ndtri(sure)), (more[1] - more[0]) / float(ndtri(surer)))
    if gap == 0:
        return 1.0
    return min(1.0, 2 * float(ndtr(-gap / spread))) if spread else 0.0
