"""The search for capacity: double until a rate does not pass, then bisect; a pure state machine, fed with verdicts.

LoadGen's FindPeakPerformance does the same. Each probe is a whole run of its own; what ends the search is said with
the rate that passed and the rate that did not.
"""

from __future__ import annotations

import math

import msgspec

from harness.verdicts import Verdict


class TriedRate(msgspec.Struct, frozen=True, kw_only=True):
    """One run of the search: its rate in requests a second and its verdict."""

    rate: float
    verdict: Verdict


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """What the search found.

    Attributes:
        passes: highest rate that passed below every rate that did not; None: none did.
        fails: lowest rate above it that failed; None: none did.
        undecided: lowest rate above it that neither passed nor failed, if that is below ``fails``.
        sentence: for people.
    """

    passes: float | None
    fails: float | None
    undecided: float | None
    sentence: str


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """A search: ask for ``next_rate``, run it, :meth:`fed` gives the search after it.

    Attributes:
        start: first rate; least, most: rates below and above which nothing is sent.
        tolerance: ends when the lowest rate that did not pass is within this share above the highest that did.
        tries: runs of one rate that was not decided (or INVALID) before it counts as not passed.
        budget: most runs.
        probes: what was run.
    """

    start: float
    least: float = 1.0
    most: float = 1e6
    tolerance: float = 0.05
    tries: int = 2
    budget: int = 30
    probes: tuple[TriedRate, ...] = ()

    def __post_init__(self) -> None:
        if not (0 < self.least <= self.start <= self.most < math.inf and self.tolerance > 0 < self.tries):
            raise ValueError(f"no search from {self.start:g} between {self.least:g} and {self.most:g} requests/s")

    def fed(self, rate: float, verdict: Verdict) -> Search:
        """The search after one more run."""
        return msgspec.structs.replace(self, probes=(*self.probes, TriedRate(rate=rate, verdict=verdict)))

    @property
    def below(self) -> float | None:
        """Highest rate that passed below every rate that did not."""
        above = self.above
        passed = [probe.rate for probe in self.probes if probe.verdict == Verdict.PASS]
        return max((rate for rate in passed if above is None or rate < above), default=None)

    @property
    def above(self) -> float | None:
        """Lowest rate that failed, or was not decided in all its tries."""
        rates = {probe.rate for probe in self.probes}
        return min((rate for rate in rates if self._missed(rate)), default=None)

    def _missed(self, rate: float) -> bool:
        verdicts = [probe.verdict for probe in self.probes if probe.rate == rate]
        if Verdict.FAIL in verdicts:
            return True
        return Verdict.PASS not in verdicts and len(verdicts) >= self.tries

    @property
    def next_rate(self) -> float | None:
        """The rate to run next; None: the search is over."""
        if not self.probes:
            return self.start
        if len(self.probes) >= self.budget:
            return None
        last = self.probes[-1]
        if last.verdict != Verdict.PASS and not self._missed(last.rate):
            return last.rate
        below, above = self.below, self.above
        if above is None:
            return None if last.rate >= self.most else min(self.most, last.rate * 2)
        if below is None:
            return None if above <= self.least else max(self.least, above / 2)
        return None if above <= below * (1 + self.tolerance) else (below + above) / 2

    @property
    def found(self) -> Capacity:
        """What can be said so far."""
        below, above = self.below, self.above
        fails = min((probe.rate for probe in self.probes if probe.verdict == Verdict.FAIL), default=None)
        undecided = above if above is not None and above != fails else None
        parts = [f"{below:g} requests/s pass" if below is not None else "no rate passed"]
        if undecided is not None:
            parts.append(f"{undecided:g} requests/s could not be decided")
        if fails is not None:
            parts.append(f"{fails:g} requests/s fail")
        if above is None:
            parts.append("no rate that was tried fails")
        return Capacity(passes=below, fails=fails, undecided=undecided, sentence=", ".join(parts))
