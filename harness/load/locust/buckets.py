"""Response times in buckets of three significant digits, in place of locust's whole milliseconds and two digits.

Locust shows 0 ms for 0.2 ms. Master and workers must round alike, so both install this. At most 0.5 % off anywhere.
"""

from __future__ import annotations

import math

import locust.stats
import numpy as np

from harness.load.analysis.percentiles import Values

DIGITS = 3
_PER_MS = 1_000_000


def bucket(milliseconds: float) -> float:
    """The bucket of one response time, in ms."""
    return _rounded(round(milliseconds * _PER_MS)) / _PER_MS


def counted(nanoseconds: Values) -> dict[float, int]:
    """How many response times fall into each bucket (ms)."""
    if not len(nanoseconds):
        return {}
    values = np.maximum(nanoseconds, 1)
    step = 10 ** np.maximum(np.floor(np.log10(values)).astype(np.int64) - (DIGITS - 1), 0)
    keys, counts = np.unique(np.rint(values / step).astype(np.int64) * step, return_counts=True)
    return {key / _PER_MS: count for key, count in zip(keys.tolist(), counts.tolist(), strict=True)}


def install() -> None:
    """Let locust's own statistics use these buckets in this process."""
    locust.stats.bucket_response_time = bucket  # type: ignore[assignment]  # any number is a fine key


def _rounded(nanoseconds: int) -> int:
    nanoseconds = max(nanoseconds, 1)
    step = 10 ** max(math.floor(math.log10(nanoseconds)) - (DIGITS - 1), 0)
    return int(round(nanoseconds / step) * step)
