"""Intervals and the one decision rule for "success probability at least p0 with confidence c".

Only for independent draws; repeats of one input are one draw. All intervals are exact (Clopper and Pearson 1934),
computed by scipy, so that a reader can look them up: the quantile of the beta distribution is the inverse of the
incomplete beta function, and the special functions import in a tenth of the time of the distributions.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from scipy.special import betaincinv

Decision = Literal["supports", "contradicts", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds on a success probability, each one-sided at ``confidence``."""

    lower: float
    upper: float
    confidence: float


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Exact one-sided lower and upper bounds on a success probability.

    Each bound alone holds with ``confidence``; both together with ``2 * confidence - 1``.

    Raises:
        ValueError: no trials, more successes than trials, or a confidence outside (0, 1).
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} successes in {trials} trials are not counts")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
    failures = trials - successes
    lower = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, 1 - confidence))
    upper = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, confidence))
    return Interval(lower, upper, confidence)


def decide(successes: int, trials: int, required: float, confidence: float = 0.95) -> Decision:
    """The decision rule: supported if the lower bound reaches the requirement, contradicted if the upper misses it.

    False acceptance and false rejection each have probability at most ``1 - confidence``.
    """
    if trials == 0:
        return "inconclusive"
    interval = clopper_pearson(successes, trials, confidence)
    if interval.lower >= required:
        return "supports"
    return "contradicts" if interval.upper < required else "inconclusive"


def trials_without_failure(required: float, confidence: float = 0.95) -> int:
    """The number of trials that decides if none fails: 59 for 95 %/95 %, 299 for 99 %/95 %, 2 995 for 99.9 %/95 %."""
    if not 0 < required < 1:
        raise ValueError(f"a requirement of {required} is never decided by sampling")
    return math.ceil(math.log(1 - confidence) / math.log(required))
