"""From what a check saw to the record of it, and to what the run makes of that: red, waived, or neither."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from harness.bundle.events import CheckDone, ClauseDecided, CounterexampleFound
from harness.bundle.parts import Estimate, Observation, Replayed, Waiver
from harness.check import Check
from harness.criteria import Criterion
from harness.declared.told import WaiverTable
from harness.endpoint.models import ModelUnderTest
from harness.outcome import Outcome, Violation
from harness.run.accepting.baseline import Looked
from harness.run.accepting.standing import FailedCause
from harness.run.method_validation import faults_found, method_validation
from harness.run.outcomes import KNOWN, NOT_COUNTED, WAIVED
from harness.run.owners import tallies
from harness.verdicts import Level, Verdict

COUNTEREXAMPLES_SHOWN = 3
# Why a planned item was not carried out.
BUDGET, LOST = "budget", "lost endpoint"


def check_id(check: Check, model: ModelUnderTest | None) -> str:
    """Name of the item: the slug, with the model in brackets where the check runs per model."""
    return f"{check.slug}[{model.id}]" if model is not None else check.slug


@dataclass(frozen=True, slots=True)
class Result:
    """One executed check.

    Attributes:
        id: ``slug`` or ``slug[model]``, as in the pytest node id.
        asked_by_name: whether the command line names what it tests.
        blocked: whether a prerequisite left it nothing to stand on.
        failed: what fails it, and whether that is new.
        counts: whether the requirement set has the check.
    """

    id: str
    check: Check
    model: ModelUnderTest | None
    verdict: Verdict
    reason: str
    outcome: Outcome
    started: str
    duration_s: float
    exchanges: tuple[str, ...]
    exchanges_total: int
    asked_by_name: bool
    blocked: bool = False
    waiver: WaiverTable | None = None
    failed: tuple[FailedCause, ...] = ()
    counts: bool = True

    @property
    def level(self) -> Level | None:
        """The strongest level among the clauses: how much it would matter."""
        order = list(Level)
        return min(self.outcome.levels.values(), key=order.index, default=None)

    @property
    def accepted(self) -> str:
        """Why what was found is not held against the endpoint: the word of this; empty where it is."""
        if self.waiver is not None:
            return WAIVED
        if not self.counts:
            return NOT_COUNTED
        standings = {each.standing for each in self.failed}
        if not standings or "new" in standings:
            return ""
        return KNOWN if "known" in standings else NOT_COUNTED

    @property
    def looked(self) -> Looked:
        """What a baseline is held against."""
        return Looked(
            check=self.check.slug,
            model=self.model.id if self.model is not None else None,
            whole=self.outcome.whole,
            failed=frozenset(each.identity for each in self.failed),
        )

    @property
    def unreached(self) -> str:
        """Why it was not carried out although it was planned: ``budget``, ``lost endpoint``; empty if it was."""
        return self.outcome.unreached

    @property
    def untested_by_name(self) -> bool:
        """Whether it was asked for by name and could not be tested; what a budget left out never counts.

        What a prerequisite blocked is not told a second time: the prerequisite is.
        """
        asked = self.asked_by_name and not self.blocked and not self.unreached and not self.accepted
        # A gate that cannot decide does not open.
        undecided = self.verdict is Verdict.INCONCLUSIVE and Criterion.ROLLOUT.clause in self.outcome.levels
        return asked and (self.verdict is Verdict.UNTESTABLE or undecided)

    @property
    def red(self) -> bool:
        """Whether it turns the run red (exit code 1): a finding, or what was asked for by name and not tested.

        A tool error does not: it speaks of the tester, and ends the run with exit code 3.
        """
        return (self.verdict is Verdict.FAIL and not self.accepted) or self.untested_by_name

    def event(self) -> CheckDone:
        """The line of the journal."""
        check, outcome = self.check, self.outcome
        return CheckDone(
            id=self.id,
            slug=check.slug,
            title=check.title,
            suite=check.suite,
            group=check.group,
            clauses=[
                ClauseDecided(clause=clause, level=level.value, verdict=outcome.clause_verdict(clause).value)
                for clause, level in outcome.levels.items()
            ],
            duties=list(check.duties),
            level=self.level.value if self.level else None,
            transport=check.transport,
            model=self.model.id if self.model else None,
            verdict=self.verdict.value,
            reason=self.reason,
            method=check.method,
            criterion=check.criterion,
            observed=_observed(outcome, self.reason),
            hint=check.fix,
            kind=check.kind,
            cases=sum(outcome.cases.values()),
            failures=len(outcome.violations),
            estimate=Estimate(**asdict(outcome.estimate)) if outcome.estimate else None,
            observations=[Observation(clause=clause, text=text) for clause, text in outcome.observations],
            exercised=dict(sorted(outcome.exercised.items())),
            counterexamples=[_counterexample(each) for each in chosen(outcome)],
            tallies=tallies(check, outcome, {(each.clause, each.root): each.standing for each in self.failed}),
            whole=outcome.whole,
            exchanges=list(self.exchanges),
            exchanges_total=self.exchanges_total,
            method_validation=method_validation(check),
            faults_found=list(faults_found(check)),
            waiver=_waiver(self.waiver),
            asked_by_name=self.asked_by_name and not self.blocked and not self.unreached,
            unreached=self.unreached,
            started=self.started,
            duration_s=round(self.duration_s, 6),
        )


def reason_of(outcome: Outcome) -> str:
    """Why the check ended as it did, in words; empty for a pass."""
    if outcome.reason:
        return outcome.reason
    if outcome.violations:
        return chosen(outcome)[0].observed
    return "no case of it arose with what the endpoint answered" if outcome.verdict() is Verdict.UNTESTABLE else ""


def _observed(outcome: Outcome, reason: str) -> str:
    if outcome.violations:
        return chosen(outcome)[0].observed
    if outcome.ended is not None:
        return reason
    cases = sum(outcome.cases.values())
    return f"as expected in {cases} case{'s' if cases != 1 else ''}"


def chosen(outcome: Outcome) -> list[Violation]:
    """What is shown of the violations: the heaviest first, one of each root cause before further ones.

    What breaks a MUST is never pushed out by what only warns, and each failed clause keeps one that has an exchange.
    """
    weighed = sorted(outcome.violations, key=lambda each: (-outcome.weight(each).rank, each.exchange is None))
    failed = [each for each in weighed if outcome.weight(each) is Verdict.FAIL]
    shown = {each.clause: each for each in reversed(failed)}
    kept = [each for each in weighed if shown.get(each.clause) is each]
    roots = {each.root for each in kept}
    for each in weighed:
        if each.root not in roots and len(kept) < COUNTEREXAMPLES_SHOWN:
            roots.add(each.root)
            kept.append(each)
    known = {id(each) for each in kept}
    further = [each for each in weighed if id(each) not in known]
    kept += further[: max(0, COUNTEREXAMPLES_SHOWN - len(kept))]
    return sorted(kept, key=lambda each: -outcome.weight(each).rank)


def _counterexample(violation: Violation) -> CounterexampleFound:
    replayed = violation.replayed
    return CounterexampleFound(
        clauses=[violation.clause],
        expected=violation.expected,
        observed=violation.observed,
        root=violation.root,
        exchange=violation.exchange,
        one_of_many=violation.one_of_many,
        shrunk_from=violation.shrunk_from,
        shrunk_to=violation.shrunk_to,
        replayed=Replayed(k=replayed[0], n=replayed[1]) if replayed else None,
    )


def _waiver(waiver: WaiverTable | None) -> Waiver | None:
    if waiver is None:
        return None
    return Waiver(
        slug=waiver.slug,
        owner=waiver.owner,
        reason=waiver.reason,
        expires=waiver.expires.isoformat(),
        model=waiver.model,
    )
