"""Whether the same request is quick and slow by turns: one slow replica behind an address, seen from outside.

A slow start, a pause or a queue makes some requests slow as well. Those leave requests of every latency between, or
stand together in time; two levels with nothing between, side by side over the whole run, they do not make.
"""

from __future__ import annotations

import msgspec
import numpy as np

from harness.load.analysis.percentiles import NANO, Values
from harness.load.records.rows import Rows, Status

LEAST_SHARE = 0.1
"""Of each level: fewer are a tail, and tails have many reasons."""
LEAST_EACH = 20
STRETCHES = 8


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """Two levels of service time for one request.

    Attributes:
        case: number of the request in the plan.
        requests: of that case, answered well; share: of them, slow.
        low, high: middle of either level, in seconds.
        by_connection: each connection is either quick or slow, so a balancer chooses when one is opened.
    """

    case: int
    requests: int
    share: float
    low: float
    high: float
    by_connection: bool


def levels_of(rows: Rows, *, factor: float = 3.0, least_s: float = 0.01) -> Levels | None:
    """The clearest pair of levels of any case, ``factor`` and ``least_s`` apart or more; None: there is none."""
    good = rows[rows["status"] == Status.OK]
    found = [_of_case(good[good["case"] == case], factor, least_s) for case in np.unique(good["case"])]
    return max((each for each in found if each is not None), key=lambda each: each.high / each.low, default=None)


def _of_case(rows: Rows, factor: float, least_s: float) -> Levels | None:
    if len(rows) < 2 * LEAST_EACH:
        return None
    rows = rows[np.argsort(rows["intended"], kind="stable")]
    took: Values = np.maximum((rows["done"] - rows["sent"]).astype(np.int64), 1)
    slow = took > _widest_gap(np.sort(took))
    share = float(slow.mean())
    if min(share, 1 - share) < LEAST_SHARE or min(slow.sum(), (~slow).sum()) < LEAST_EACH:
        return None
    low, high = float(np.median(took[~slow])) * NANO, float(np.median(took[slow])) * NANO
    apart = np.percentile(took[slow], 10) >= 2 * np.percentile(took[~slow], 90)
    if not apart or high < factor * low or high - low < least_s or not _side_by_side(slow):
        return None
    return Levels(
        case=int(rows["case"][0]), requests=len(rows), share=share, low=low, high=high,
        by_connection=_by_connection(rows["connection"], slow),
    )  # fmt: skip


def _widest_gap(ordered: Values) -> int:
    """The value below the widest gap, by ratio, that leaves enough on either side."""
    edge = max(LEAST_EACH, int(LEAST_SHARE * len(ordered)))
    inner = np.log(ordered[edge - 1 : len(ordered) - edge + 1].astype(np.float64))
    return int(ordered[edge - 1 + int(np.argmax(np.diff(inner)))])


def _side_by_side(slow: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    """Whether every stretch of the run has a fair part of both."""
    share = slow.mean()
    parts = np.array([part.mean() for part in np.array_split(slow, min(STRETCHES, len(slow) // LEAST_EACH))])
    return bool((parts >= share / 3).all() and (1 - parts >= (1 - share) / 3).all())


def _by_connection(connections: Values, slow: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    kinds = [slow[connections == each].mean() for each in np.unique(connections)]
    return len(kinds) > 1 and all(kind < LEAST_SHARE or kind > 1 - LEAST_SHARE for kind in kinds)
