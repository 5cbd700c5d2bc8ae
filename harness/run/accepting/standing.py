"""How a finding stands: new, known by the baseline, or outside of the requirement set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.bundle.parts import StandingName
from harness.check import Check
from harness.endpoint.models import ModelUnderTest
from harness.outcome import Outcome
from harness.run.accepting.baseline import UNTESTABLE, Baseline, Identity, identity_of
from harness.run.accepting.requirements import RequirementSet
from harness.verdicts import Level, Verdict


@dataclass(frozen=True, slots=True)
class FailedCause:
    """One cause that fails a check in one clause, or leaves it untestable."""

    clause: str
    root: str
    identity: Identity
    standing: StandingName


@dataclass(frozen=True, slots=True)
class Accepting:
    """What a run was told to accept.

    Attributes:
        requirements: the set that says what counts, and the digest of its file.
        baseline: the known findings, and the digest of their file.
    """

    requirements: RequirementSet
    requirements_sha256: str
    baseline: Baseline | None = None
    baseline_sha256: str | None = None
    _levels: Mapping[str, Level] = field(init=False)
    _known: frozenset[Identity] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_levels", self.requirements.levels)
        object.__setattr__(self, "_known", self.baseline.identities if self.baseline is not None else frozenset())

    def counts(self, check: Check) -> bool:
        """Whether a check can turn the run red; whoever installed one of a third party asked for it."""
        return not check.builtin or check.slug in self.requirements.checks

    def failed(self, check: Check, model: ModelUnderTest | None, outcome: Outcome) -> tuple[FailedCause, ...]:
        """Everything that fails a check, each once, with how it stands; or that it could not be tested."""
        rows: dict[tuple[str, str], StandingName] = {}
        name = model.id if model is not None else None
        if outcome.verdict() is Verdict.UNTESTABLE:
            identity = (check.slug, name, UNTESTABLE, "")
            return (FailedCause("", UNTESTABLE, identity, "known" if identity in self._known else "new"),)
        for each in outcome.violations:
            if outcome.weight(each) is not Verdict.FAIL or each.clause in outcome.unshown:
                continue
            level = self._levels.get(each.clause)
            # What the operator's own policy raises counts wherever the set has it at all.
            bound = level is Level.MUST or (each.by_policy and level is not None)
            place = each.clause, each.root
            if check.builtin and not (self.counts(check) and bound):
                rows.setdefault(place, "not_counted")
            elif identity_of(check.slug, name, each.root, each.clause) in self._known:
                rows[place] = "known"
            else:
                rows[place] = "new"
        return tuple(
            FailedCause(clause, root, identity_of(check.slug, name, root, clause), standing)
            for (clause, root), standing in rows.items()
        )
