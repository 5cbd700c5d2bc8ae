"""Bootstrap intervals of any metric, over independent draws or over clusters of them (Efron 1987, BCa)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from harness.statistics.decision import Interval

RESAMPLES = 1000
# BCa leaves out one draw after the other; beyond this many it would take as long again, and corrects next to nothing.
_MOST_OF_BCA = 2000
# A metric of fewer draws is told without an interval: resamples of a handful are nearly all the same.
LEAST = 8
Indices = npt.NDArray[np.intp]
Metric = Callable[[Indices], float]
"""The metric over the draws with these indices, each as often as it is named."""


def bootstrap(
    metric: Metric,
    draws: int,
    *,
    clusters: Sequence[Indices] | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """One-sided bounds on a metric, each approximately at ``confidence``; NaN where there are too few draws.

    Nobody draws a resample again in which the metric is no number (one class only): it makes the bounds NaN, since what
    is missing never speaks for anybody.

    Args:
        metric: of the draws with given indices.
        draws: how many there are.
        clusters: indices of the draws of each cluster, where draws are not independent; these are resampled whole.
        confidence: of either bound alone.
        resamples: how many.
        seed: of the resampling.
    """
    units = clusters if clusters is not None else [np.array([index], dtype=np.intp) for index in range(draws)]
    nothing = Interval(math.nan, math.nan, confidence)
    if len(units) < LEAST:
        return nothing
    from scipy import stats  # noqa: PLC0415 -- takes a second to import, and most runs sample nothing

    def of_units(chosen: npt.NDArray[np.intp]) -> float:
        return metric(np.concatenate([units[place] for place in chosen]))

    with warnings.catch_warnings():
        # scipy warns where all resamples are alike; the bounds are NaN then, or the value itself.
        warnings.simplefilter("ignore")
        found = stats.bootstrap(
            (np.arange(len(units)),),
            of_units,
            vectorized=False,
            n_resamples=resamples,
            confidence_level=2 * confidence - 1,
            method="BCa" if len(units) <= _MOST_OF_BCA else "percentile",
            rng=np.random.default_rng(seed),
        )
    spread = found.bootstrap_distribution
    if not np.isfinite(spread).all():
        return nothing
    if np.ptp(spread) == 0:
        return Interval(float(spread[0]), float(spread[0]), confidence)
    low, high = found.confidence_interval
    return Interval(float(low), float(high), confidence)
