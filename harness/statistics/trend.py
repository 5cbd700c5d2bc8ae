"""Whether a series rises with the number of requests: significantly, and by enough to matter. By a trend or by a step.

Mann-Kendall (Kendall's tau against the order; H. B. Mann, Econometrica 13, 1945) on the medians of blocks, so that
single slow answers count for nothing, with the slope of Theil and Sen for the size. Neither significance nor size alone
accuses: noise is now and then steep, and a long series makes any drift significant.

A step early or late in a series is no trend: for it the blocks before and after are compared (Mann-Whitney, one-sided),
at each place where enough are on both sides, and the least p counts as many times as there are places (Bonferroni).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

ALPHA = 0.001
FACTOR = 2.0
BLOCKS = 20
# Fewer blocks cannot be significant at this alpha whatever they hold.
LEAST = 8
# As many blocks on the shorter side of a step.
SIDE = 4


@dataclass(frozen=True, slots=True)
class Trend:
    """What a series does.

    Attributes:
        tau: Kendall's tau of the block medians against their order.
        p: one-sided, of a series that does not change rising as much.
        first, last: fitted value at the first and the last block, in the unit of the series.
        blocks: how many medians there are.
    """

    tau: float
    p: float
    first: float
    last: float
    blocks: int

    def rises(self, *, alpha: float = ALPHA, factor: float = FACTOR, least: float = 0.0) -> bool:
        """Whether the rise is significant, at least ``factor`` times, and more than ``least`` units."""
        enough = self.last - self.first > least and self.last >= factor * max(self.first, 0.0)
        return self.p < alpha and enough


def trend_of(values: Sequence[float], blocks: int = BLOCKS) -> Trend | None:
    """The trend of a series in the order of its requests; None where it is too short to say."""
    medians = block_medians(values, blocks)
    if len(medians) < LEAST:
        return None
    from scipy import stats  # noqa: PLC0415 -- takes a second to import, and most runs have no series

    order = list(range(len(medians)))
    if len(set(medians)) == 1:
        return Trend(0.0, 1.0, medians[0], medians[0], len(medians))
    tested = stats.kendalltau(order, medians, alternative="greater")
    slope = float(stats.theilslopes(medians, order)[0])
    # A line may begin below everything that was seen; nothing is a multiple of that.
    start = max(statistics.median(medians) - slope * statistics.median(order), min(medians))
    return Trend(float(tested.statistic), float(tested.pvalue), start, start + slope * order[-1], len(medians))


def step_of(values: Sequence[float], blocks: int = BLOCKS) -> Trend | None:
    """The most significant step up of a series; ``first`` and ``last`` are the medians before and after it.

    None where the series is too short; with fewer than sixteen blocks no step is significant. ``tau`` is the
    rank-biserial correlation of before and after.
    """
    medians = block_medians(values, blocks)
    places = range(SIDE, len(medians) - SIDE + 1)
    if len(medians) < LEAST or len(set(medians)) == 1:
        return None
    from scipy import stats  # noqa: PLC0415 -- as above

    found = [(stats.mannwhitneyu(medians[at:], medians[:at], alternative="greater"), at) for at in places]
    tested, at = min(found, key=lambda each: float(each[0].pvalue))
    before, after = medians[:at], medians[at:]
    correlation = 2 * float(tested.statistic) / (len(before) * len(after)) - 1
    p = min(1.0, float(tested.pvalue) * len(found))
    return Trend(correlation, p, statistics.median(before), statistics.median(after), len(medians))


def block_medians(values: Sequence[float], blocks: int = BLOCKS) -> list[float]:
    """Medians of up to ``blocks`` runs of equal length; what is left over at the beginning belongs to the warm-up."""
    size = max(1, len(values) // max(1, blocks))
    rest = len(values) % size if len(values) >= size else 0
    return [statistics.median(values[start : start + size]) for start in range(rest, len(values), size)]
