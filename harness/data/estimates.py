"""A metric with its interval, and the decision about the level that is declared for it."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from harness.data.declared import DeclaredLevel
from harness.data.metric import Metric
from harness.data.metrics import PredictedRows, is_share, of_rows, successes, value
from harness.statistics.bootstrap import RESAMPLES, Indices, bootstrap
from harness.statistics.closed import Counts
from harness.statistics.clusters import indices
from harness.statistics.decision import Decision, Interval, LimitSide, decision
from harness.statistics.early_stopping import deciding_count

EXACT = "Clopper-Pearson, each bound one-sided"
OF_MISSING = "; bounds hold whatever the rows without an answer would have been"
RESAMPLED = f"bootstrap of %s, {RESAMPLES} resamples, each bound one-sided"


@dataclass(frozen=True, slots=True)
class Estimated:
    """One metric over one selection of rows.

    Attributes:
        value: over the rows that got an answer; NaN where it is not defined.
        interval: of the metric; NaN where nothing bounds it.
        method: of the interval.
        rows: that count.
        missing: of them without an answer that can be read.
        decision: about the declared level.
        would_decide: about how many rows would decide, if the share stayed as it is; of shares alone.
    """

    value: float
    interval: Interval
    method: str
    rows: int
    missing: int
    decision: Decision
    would_decide: int | None = None


def estimated(
    metric: Metric,
    seen: PredictedRows,
    level: DeclaredLevel,
    at: Indices,
    *,
    missing: Sequence[str],
    clusters: Sequence[Hashable] | None = None,
    seed: int = 0,
) -> Estimated:
    """The metric over the answered rows with these indices, and what it says of the declared level.

    Args:
        metric: to compute.
        seen: every answered row.
        level: as declared.
        at: indices of the answered rows that are asked about.
        missing: labels of the rows that are asked about and have no answer.
        clusters: of each answered row, where rows are no independent draws.
        seed: of the bootstrap.

    Raises:
        NoMetric: something that the metric needs is not there.
    """
    if is_share(metric, level) and clusters is None:
        return _share(metric, seen, level, at, missing)
    own = value(metric, seen, level, at)
    # Where a row is missing nobody knows what the metric would be with it.
    bounds = Interval(math.nan, math.nan, level.confidence)
    if not missing and not math.isnan(own):
        figures = of_rows(metric, seen)
        bounds = bootstrap(
            (lambda chosen: value(metric, seen, level, at[chosen]))
            if figures is None
            else (lambda chosen: float(figures[at[chosen]].mean())),
            len(at),
            clusters=None if clusters is None else indices([clusters[place] for place in at]),
            confidence=level.confidence,
            seed=seed,
        )
    method = RESAMPLED % ("rows" if clusters is None else "clusters")
    return Estimated(
        own, bounds, method, len(at) + len(missing), len(missing), decision(bounds, level.limit, level.side)
    )


def _share(metric: Metric, seen: PredictedRows, level: DeclaredLevel, at: Indices, missing: Sequence[str]) -> Estimated:
    right, counting = successes(metric, seen, level)
    chosen = at[np.isin(at, counting)]
    k, n = int(right[chosen].sum()), len(chosen)
    unknown = _unknown(metric, level, missing)
    counts = Counts(n + unknown, k, n - k)
    bounds = counts.interval(level.confidence)
    decided = decision(bounds, level.limit, level.side)
    return Estimated(
        k / n if n else math.nan,
        bounds,
        EXACT + (OF_MISSING if unknown else ""),
        n + unknown,
        unknown,
        decided if n else "inconclusive",
        _would_decide(k, n, level) if decided == "inconclusive" and n else None,
    )


def _unknown(metric: Metric, level: DeclaredLevel, missing: Sequence[str]) -> int:
    """How many of the rows without an answer might count."""
    if metric.among == "label":
        return sum(label == level.positive for label in missing)
    if metric.among == "others":
        return sum(label != level.positive for label in missing)
    return len(missing)


def _would_decide(k: int, n: int, level: DeclaredLevel) -> int | None:
    if not 0 < level.limit < 1:
        return None
    late, share = (n - k, level.limit) if level.side is LimitSide.AT_LEAST else (k, 1 - level.limit)
    return deciding_count(n, late, share, level.confidence)
