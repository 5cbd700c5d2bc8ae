"""Bounds on a success probability from independent draws, and how many draws decide.

Only for independent draws; repeats of one input are one draw (:mod:`harness.statistics.clusters`). The special
functions of scipy import in a tenth of the time of its distributions: the quantile of the beta distribution is the
inverse of the incomplete beta function.
"""

from __future__ import annotations

import math

from scipy.special import betainc, betaincinv, ndtri

from harness.statistics.decision import Decision, Interval, LimitSide, decision


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Exact one-sided lower and upper bounds on a success probability (Clopper and Pearson 1934).

    Each bound alone holds with ``confidence``; both together with ``2 * confidence - 1``.

    Raises:
        ValueError: no trials, more successes than trials, or a confidence outside (0, 1).
    """
    _check(successes, trials, confidence)
    failures = trials - successes
    lower = 0.0 if successes == 0 else float(betaincinv(successes, failures + 1, 1 - confidence))
    upper = 1.0 if failures == 0 else float(betaincinv(successes + 1, failures, confidence))
    return Interval(lower, upper, confidence)


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """One-sided bounds by inverting the score test (Wilson 1927): narrower, and right only on average.

    For display beside an exact bound; no decision rests on it.

    Raises:
        ValueError: as :func:`clopper_pearson`.
    """
    _check(successes, trials, confidence)
    z = float(ndtri(confidence))
    share, spread = successes / trials, z * z / trials
    middle = share + spread / 2
    reach = z * math.sqrt(share * (1 - share) / trials + spread / (4 * trials))
    lower, upper = (middle - reach) / (1 + spread), (middle + reach) / (1 + spread)
    return Interval(max(0.0, lower), min(1.0, upper), confidence)


def decide(successes: int, trials: int, required: float, confidence: float = 0.95) -> Decision:
    """The decision rule for "success probability at least ``required``"; no trials decide nothing."""
    if trials == 0:
        return "inconclusive"
    return decision(clopper_pearson(successes, trials, confidence), required, LimitSide.AT_LEAST)


def trials_without_failure(required: float, confidence: float = 0.95) -> int:
    """The number of trials that decides if none fails: 59 for 95 %/95 %, 299 for 99 %/95 %, 2 995 for 99.9 %/95 %.

    Raises:
        ValueError: a requirement that no number of trials decides.
    """
    if not 0 < required < 1:
        raise ValueError(f"a requirement of {required} is never decided by sampling")
    return math.ceil(math.log(1 - confidence) / math.log(required))


def chance(successes: int, trials: int, required: float) -> float:
    """The p-value of "at least ``required``": of so many successes or more, if the probability were just below it."""
    _check(successes, trials, 0.5)
    return 1.0 if successes == 0 else float(betainc(successes, trials - successes + 1, required))


def _check(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"{successes} successes in {trials} trials are not counts")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence} is not between 0 and 1")
