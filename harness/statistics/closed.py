"""Counts in which something is missing: errors and draws without a result speak for nobody."""

from __future__ import annotations

from dataclasses import dataclass

from harness.statistics.binomial import clopper_pearson
from harness.statistics.decision import Interval


@dataclass(frozen=True, slots=True)
class Counts:
    """What came of the draws of a plan.

    Attributes:
        planned: draws that the plan asks for.
        successes, failures: draws with a result.
        missing: draws without one: no answer, an answer that is no number, or never sent.
    """

    planned: int
    successes: int
    failures: int

    @property
    def missing(self) -> int:
        return self.planned - self.successes - self.failures

    def __post_init__(self) -> None:
        if min(self.successes, self.failures, self.missing) < 0:
            raise ValueError(f"{self.successes} successes and {self.failures} failures of {self.planned} planned")

    def interval(self, confidence: float = 0.95) -> Interval:
        """Bounds that hold whatever the missing ones would have been; all of [0, 1] where nothing was planned."""
        if not self.planned:
            return Interval(0.0, 1.0, confidence)
        lower = clopper_pearson(self.successes, self.planned, confidence).lower
        upper = clopper_pearson(self.successes + self.missing, self.planned, confidence).upper
        return Interval(lower, upper, confidence)
