"""The share of requests that fail while a load goes on, with bounds that hold whenever somebody stops looking."""

from __future__ import annotations

import msgspec
import numpy as np

from harness.load.analysis.summary import tried_of
from harness.load.records.rows import Rows, Status
from harness.statistics.confidence_sequence import ConfidenceSequence

CONFIDENCE = 0.95
# Values that bets are made on; of more requests, the share in stretches of equally many is one.
_VALUES = 20_000


class FailedShare(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests failed, and bounds on their share, each at ``confidence`` at every time of the run."""

    failed: int
    of: int
    lower: float
    upper: float
    confidence: float

    @property
    def words(self) -> str:
        """The same in a sentence."""
        return (
            f"{self.failed} of {self.of} requests failed; as long as the chance to fail stays the same it is "
            f"{self.lower:.3g} or more and {self.upper:.3g} or less, each with {self.confidence:.0%} confidence at "
            "every time of the run at once (confidence sequence by betting, Waudby-Smith and Ramdas)"
        )


def failed_share(rows: Rows) -> FailedShare | None:
    """Of all requests that were tried, in their order; None where there is none."""
    failed = tried_of(rows)["status"] != Status.OK
    count = len(failed)
    if not count:
        return None
    each = -(-count // _VALUES)
    # What does not fill the last stretch is left out of the bounds: a stretch of fewer would weigh as much.
    shares = failed[: count // each * each].reshape(-1, each).mean(axis=1)
    bounds = ConfidenceSequence(CONFIDENCE).add(shares.astype(np.float64).tolist())
    return FailedShare(
        failed=int(failed.sum()), of=count, lower=bounds.lower, upper=bounds.upper, confidence=CONFIDENCE
    )
