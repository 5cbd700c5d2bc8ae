"""How much changed inputs change: shares of changed decisions and drops of a metric, bounded, beside their limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.statistics.binomial import chance, clopper_pearson
from harness.statistics.bootstrap import RESAMPLES, Indices, bootstrap
from harness.statistics.closed import Counts
from harness.statistics.decision import Interval, LimitSide, decision
from harness.statistics.early_stopping import deciding_count

EXACT = "Clopper-Pearson, each bound one-sided"
EXACT_DROP = "Clopper-Pearson of rows lost and of rows gained, each bound one-sided"
RESAMPLED = "paired bootstrap of %s, %d resamples, each bound one-sided"
# Where nothing is decided by them: functions of scikit-learn take milliseconds each.
FEW_RESAMPLES = 200
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Family:
    """Limits that are decided together.

    Attributes:
        confidence: of all of them.
        size: how many there are.
        seed: of resampling.
    """

    confidence: float
    size: int
    seed: int = 0

    @property
    def strictest(self) -> float:
        """The confidence at which one of them may be decided whatever the others say."""
        return 1 - (1 - self.confidence) / max(1, self.size)


@dataclass(frozen=True, slots=True)
class BoundedShare:
    """A share or a drop with its bounds; where there is a limit, p-values of what was seen beyond and within it."""

    value: float
    interval: Interval
    method: str
    limit: float | None = None
    within_chance: float | None = None
    beyond_chance: float | None = None
    would_decide: int | None = None


def changed_share(
    changed: Bools, missing: int, limit: float | None, family: Family, clusters: list[Indices] | None = None
) -> BoundedShare:
    """The share of rows whose decision changed.

    Args:
        changed: of the rows with an answer.
        missing: rows without one; bounds hold whatever they would have been.
        limit: most that is allowed.
        family: with which it is decided.
        clusters: indices of the rows with an answer that belong together.
    """
    if clusters is not None:
        return metric_drop(lambda at: float(changed[at].mean()), len(changed), missing, limit, family, clusters)
    k, n = int(changed.sum()), len(changed) + missing
    bounds = Counts(n, k, n - k - missing).interval(family.confidence)
    value = k / len(changed) if len(changed) else math.nan
    if limit is None or not n:
        return BoundedShare(value, bounds, EXACT, limit, *((1.0, 1.0) if limit is not None else ()))
    return BoundedShare(
        value,
        bounds,
        EXACT,
        limit,
        chance(n - k - missing, n, 1 - limit),
        chance(k, n, limit),
        deciding_count(n, k, 1 - limit, family.confidence) if 0 < limit < 1 else None,
    )


def accuracy_drop(
    lost: int, gained: int, answered: int, missing: int, limit: float | None, family: Family
) -> BoundedShare:
    """The drop of accuracy: rows that were right and are no more, less rows that became right.

    Each of the two shares is bounded exactly, with half of the error; of a bootstrap nothing would be left to resample
    where no row changes.
    """
    n = answered + missing

    def bounds(confidence: float) -> Interval:
        if not n:
            return Interval(-1.0, 1.0, confidence)
        half = (1 + confidence) / 2
        lower = clopper_pearson(lost, n, half).lower - clopper_pearson(gained + missing, n, half).upper
        upper = clopper_pearson(lost + missing, n, half).upper - clopper_pearson(gained, n, half).lower
        return Interval(lower, upper, confidence)

    value = (lost - gained) / answered if answered else math.nan
    return _with_chances(value, bounds, EXACT_DROP, limit, family)


def metric_drop(
    drop: Callable[[Indices], float],
    rows: int,
    missing: int,
    limit: float | None,
    family: Family,
    clusters: list[Indices] | None = None,
) -> BoundedShare:
    """The drop of any metric, over the same rows before and after: a paired bootstrap.

    Args:
        drop: over rows with these indices.
        rows: with an answer.
        missing: rows without one; where there are any, nothing bounds the drop.
        limit: most that is allowed.
        family: with which it is decided.
        clusters: indices of the rows that belong together.
    """

    resamples = FEW_RESAMPLES if limit is None else RESAMPLES

    def bounds(confidence: float) -> Interval:
        found = Interval(math.nan, math.nan, confidence)
        if not missing:
            found = bootstrap(
                drop, rows, clusters=clusters, confidence=confidence, resamples=resamples, seed=family.seed
            )
        # Where all resamples are alike nothing varies, which is no certainty.
        return Interval(math.nan, math.nan, confidence) if found.lower == found.upper else found

    method = RESAMPLED % ("rows" if clusters is None else "clusters", resamples)
    value = drop(np.arange(rows, dtype=np.intp)) if rows else math.nan
    return _with_chances(value, bounds, method, limit, family)


def _with_chances(
    value: float, bounds: Callable[[float], Interval], method: str, limit: float | None, family: Family
) -> BoundedShare:
    """With p-values that only know whether a bound at the strictest confidence decides: alone valid, and so in Holm."""
    shown = bounds(family.confidence)
    if limit is None:
        return BoundedShare(value, shown, method)
    strictest = shown if family.size == 1 else bounds(family.strictest)
    decided = decision(strictest, limit, LimitSide.AT_MOST)
    small = 1 - family.strictest
    return BoundedShare(
        value,
        shown,
        method,
        limit,
        small if decided == "supports" else 1.0,
        small if decided == "contradicts" else 1.0,
    )
