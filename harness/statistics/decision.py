"""The one decision rule: an interval against a limit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Literal

Decision = Literal["supports", "contradicts", "inconclusive"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds on a quantity, each one-sided at ``confidence``."""

    lower: float
    upper: float
    confidence: float


class LimitSide(Enum):
    """On which side of its limit a quantity has to be."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


def decision(interval: Interval, limit: float, side: LimitSide) -> Decision:
    """``supports`` iff the whole interval is on the right side of the limit, ``contradicts`` iff none of it is.

    False acceptance and false rejection each have probability at most ``1 - confidence``. A bound or a limit that is no
    number decides nothing: what is missing never speaks for anybody.
    """
    if any(math.isnan(value) for value in (interval.lower, interval.upper, limit)):
        return "inconclusive"
    if side is LimitSide.AT_LEAST:
        inside, outside = interval.lower >= limit, interval.upper < limit
    else:
        inside, outside = interval.upper <= limit, interval.lower > limit
    return "supports" if inside else "contradicts" if outside else "inconclusive"
