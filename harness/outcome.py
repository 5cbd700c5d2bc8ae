"""What one execution of a check has seen so far, and the verdict that follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import msgspec

from harness.verdicts import Level, Verdict, combine


@dataclass(frozen=True, slots=True)
class Violation:
    """One case in which a clause did not hold.

    ``root`` names the root cause: violations with the same root, in whatever check, are one finding. ``by_policy``
    says that the operator's policy makes a failure of it, whatever the clause's level; ``mild`` that the catalogue
    itself says of this half of the clause that breaking it is a warning; ``one_of_many`` that it is about many
    requests, such as a run of load, of which the exchange is one.
    """

    clause: str
    expected: str
    observed: str
    root: str
    exchange: str | None = None
    shrunk_from: int | None = None
    shrunk_to: int | None = None
    replayed: tuple[int, int] | None = None
    by_policy: bool = False
    mild: bool = False
    one_of_many: bool = False


FactSubject = Literal["management", "credentials-ignored", "replica-header", "replica-address"]


@dataclass(frozen=True, slots=True)
class ObservedFact:
    """Something that matters whatever the checks say and that no clause decides, for the first screen.

    ``subject`` is ``management`` (reached with the rights of an inference), ``credentials-ignored``, or what tells
    replicas apart (``replica-header``, ``replica-address``); ``name`` what it is about, such as ``unload``.
    """

    subject: FactSubject
    name: str
    text: str
    exchange: str | None = None


@dataclass(frozen=True, slots=True)
class Proportion:
    """``k`` successes in ``n`` independent draws, with an interval by ``method`` at ``confidence``."""

    k: int
    n: int
    method: str
    lower: float
    upper: float
    confidence: float


@dataclass(slots=True)
class Outcome:
    """What one execution of a check has seen so far.

    ``unreached`` says why a planned check was not carried out (``budget``), ``unsampled`` that it had no request that
    the model accepts. ``unshown`` are clauses reported broken that nothing shows.
    """

    levels: dict[str, Level]
    cases: dict[str, int] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    observations: list[tuple[str | None, str]] = field(default_factory=list)
    exercised: dict[str, int] = field(default_factory=dict)
    estimate: Proportion | None = None
    series: list[msgspec.Struct] = field(default_factory=list)
    facts: list[ObservedFact] = field(default_factory=list)
    # Those of its clauses that speak of extensions.
    optional: frozenset[str] = frozenset()
    ended: Verdict | None = None
    reason: str = ""
    unreached: str = ""
    unsampled: bool = False
    unshown: set[str] = field(default_factory=set)

    @property
    def whole(self) -> bool:
        """Whether the check came to its end, so that what it has not found is not there."""
        return self.ended is None and not self.unshown and bool(self.cases)

    def anew(self) -> None:
        """Forget everything: the check is carried out once more."""
        for seen in (self.cases, self.violations, self.observations, self.exercised, self.series, self.facts):
            seen.clear()
        self.unshown.clear()
        self.estimate, self.ended, self.reason, self.unreached, self.unsampled = None, None, "", "", False

    def weight(self, violation: Violation) -> Verdict:
        """How heavily one violation counts: as the level of its clause says, unless policy or case say else."""
        if violation.by_policy:
            return Verdict.FAIL
        worst = self.levels[violation.clause].violation
        return min(worst, Verdict.WARN, key=lambda verdict: verdict.rank) if violation.mild else worst

    def clause_verdict(self, clause: str) -> Verdict:
        """What this check says of one of its clauses: the level's verdict if broken, pass if only seen to hold."""
        if clause in self.unshown:
            return Verdict.TOOL_ERROR
        broken = [violation for violation in self.violations if violation.clause == clause]
        if broken:
            return combine(self.weight(violation) for violation in broken)
        if self.cases.get(clause):
            return Verdict.PASS
        return self.ended or Verdict.NOT_APPLICABLE

    def verdict(self) -> Verdict:
        """The verdict of the whole check; seeing nothing is never a pass."""
        seen = [self.clause_verdict(clause) for clause in self.levels if self.cases.get(clause)]
        if self.ended is not None:
            seen.append(self.ended)
        return combine(seen)
