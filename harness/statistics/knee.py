"""Where a curve of latency over rate begins to climb."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def knee(rates: Sequence[float], latencies: Sequence[float]) -> float | None:
    """The rate at which latency begins to climb: the point of the curve farthest below its chord.

    Kneedle (Satopaa et al. 2011) on the logarithm of the latency. None for fewer than four rates, or where the curve
    stays within a tenth of the chord or does not rise twofold.
    """
    order = np.argsort(rates, kind="stable")
    across, up = np.asarray(rates, np.float64)[order], np.log(np.asarray(latencies, np.float64)[order])
    if len(across) < 4 or across[0] == across[-1] or up[-1] - up[0] < math.log(2):
        return None
    below = (across - across[0]) / (across[-1] - across[0]) - (up - up[0]) / (up[-1] - up[0])
    at = int(np.argmax(below))
    return float(across[at]) if below[at] > 0.1 else None
