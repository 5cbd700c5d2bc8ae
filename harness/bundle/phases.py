"""The phases of a repetition of a drill, in seconds of its load."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from harness.bundle.drills import RepetitionSeen


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """When the fault was caused and when it was taken back, and the end of what it cost; seconds of the load."""

    caused: float
    undone: float
    steady: float
    end: float

    def all(self) -> dict[str, tuple[float, float]]:
        """Each phase with its beginning and its end."""
        ends = (0.0, self.caused, self.undone, self.steady, self.end)
        return dict(zip(("before", "fault", "recovery", "steady"), itertools.pairwise(ends), strict=True))


def phases_of(seen: RepetitionSeen, seconds: float) -> PhaseTimes | None:
    """The phases of a repetition within so many seconds of load; None where no fault was caused and taken back.

    One that could not be taken back has been reverted in vain, and has no account.
    """
    caused = seen.injected.began_s if seen.injected else None
    undone = seen.reverted.ended_s if seen.reverted else None
    if seen.account is None or caused is None or undone is None or not 0 <= caused <= undone:
        return None
    steady = max(undone, seen.account.last_bad or 0.0)
    return PhaseTimes(*(min(each, seconds) for each in (caused, undone, steady, seconds)))
