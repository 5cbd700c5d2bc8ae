"""Bounds on a mean that hold at every time at once, so that a run may stop when it likes.

The hedged capital process by betting of I. Waudby-Smith and A. Ramdas (Estimating means of bounded random variables by
betting, JRSS B 86, 2024, theorem 3 with the predictable plug-in of section 4.2). For each mean that is thought of, a
gambler bets that values are above it: who multiplies the capital by 1 / alpha shows that it is too low, since by
Ville's inequality that happens, ever, with probability alpha at most. Another one bets that they are below.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from harness.statistics.decision import Interval

# Even steps, and finer ones towards both ends, where probabilities of rare events are.
_EVEN = 1000
_FINE = 400
_NEAREST = 1e-7
# The share of the capital that may be lost by one value.
_MOST_AT_STAKE = 0.5


class ConfidenceSequence:
    """Bounds on the mean of values in [0, 1], each holding with ``confidence`` at all times at once.

    Values may depend on earlier ones as long as the mean of each, given those before, is the same.

    Args:
        confidence: of either bound alone.

    Raises:
        ValueError: a confidence outside (0, 1).
    """

    def __init__(self, confidence: float = 0.95) -> None:
        if not 0 < confidence < 1:
            raise ValueError(f"confidence {confidence} is not between 0 and 1")
        fine = np.geomspace(_NEAREST, 1 / _EVEN, _FINE)
        self._means = np.unique(np.concatenate([np.linspace(0, 1, _EVEN + 1)[1:-1], fine, 1 - fine]))
        self._above = np.zeros(len(self._means))
        self._below = np.zeros(len(self._means))
        self._confidence = confidence
        self._n, self._sum, self._squares = 0, 0.0, 0.0
        # Of means that are excluded nothing has to be known any more: on each side only the others are kept up.
        self._low, self._high = 0, len(self._means)

    @property
    def n(self) -> int:
        """How many values there were."""
        return self._n

    @property
    def interval(self) -> Interval:
        """What all values so far say; it only ever becomes narrower."""
        lower = float(self._means[self._low - 1]) if self._low else 0.0
        upper = float(self._means[self._high]) if self._high < len(self._means) else 1.0
        return Interval(lower, upper, self._confidence)

    def add(self, values: Iterable[float]) -> Interval:
        """Take further values, in their order, and give the interval after them.

        Raises:
            ValueError: a value that is outside [0, 1] or no number.
        """
        for value in values:
            if not 0 <= value <= 1:
                raise ValueError(f"{value} is not between 0 and 1")
            self._bet(value)
        return self.interval

    def _bet(self, value: float) -> None:
        # The stake is set before the value is looked at.
        stake = self._stake()
        left, right = self._means[self._low :], self._means[: self._high]
        above, below = self._above[self._low :], self._below[: self._high]
        above += np.log1p(np.minimum(stake, _MOST_AT_STAKE / left) * (value - left))
        below += np.log1p(-np.minimum(stake, _MOST_AT_STAKE / (1 - right)) * (value - right))
        self._n += 1
        self._sum += value
        mean = (0.5 + self._sum) / (self._n + 1)
        self._squares += (value - mean) ** 2
        wins = -math.log(1 - self._confidence)
        # The capital falls from mean to mean in the one direction and rises in the other: what is excluded has one end.
        self._low += _leading(above >= wins)
        self._high -= _leading((below >= wins)[::-1])

    def _stake(self) -> float:
        variance = (0.25 + self._squares) / (self._n + 1)
        time = self._n + 1
        return math.sqrt(2 * math.log(1 / (1 - self._confidence)) / (variance * time * math.log1p(time)))


def _leading(excluded: npt.NDArray[np.bool_]) -> int:
    """How many are excluded from the first one on without a gap."""
    return len(excluded) if excluded.all() else int(np.argmin(excluded))
