"""From what a check saw to the record of it, and to what the run makes of that: red, waived, or neither."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pytest

from harness.budget import BudgetExhausted
from harness.check import (
    Check,
    EndpointLost,
    Inconclusive,
    NoAcceptedRequest,
    NotApplicable,
    Outcome,
    TesterFailed,
    Untestable,
    Violation,
)
from harness.criteria import Criterion
from harness.endpoint.models import ModelUnderTest
from harness.incident import Incident
from harness.policy import WaiverTable
from harness.probing.probe import Probe
from harness.record.disk import REFUSES, CannotRecord, of_this_machine
from harness.record.quoting import clip
from harness.run.evidenced import take_back
from harness.run.method_validation import method_validation
from harness.run.owners import tallies
from harness.verdicts import Level, Verdict

COUNTEREXAMPLES_SHOWN = 3
# Why a planned item was not carried out.
BUDGET, LOST = "budget", "lost endpoint"
EXCHANGES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Result:
    """One executed check.

    Attributes:
        id: ``slug`` or ``slug[model]``, as in the pytest node id.
        asked_by_name: whether the command line names what it tests.
        blocked: whether a prerequisite left it nothing to stand on.
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

    @property
    def level(self) -> Level | None:
        """The strongest level among the clauses: how much it would matter."""
        order = list(Level)
        return min(self.outcome.levels.values(), key=order.index, default=None)

    @property
    def waived(self) -> bool:
        """Whether the operator accepts what was found."""
        return self.waiver is not None

    @property
    def unreached(self) -> str:
        """Why it was not carried out although it was planned: ``budget``, ``lost endpoint``; empty if it was."""
        return self.outcome.unreached

    @property
    def untested_by_name(self) -> bool:
        """Whether it was asked for by name and could not be tested; what a budget left out never counts.

        What a prerequisite blocked is not told a second time: the prerequisite is.
        """
        asked = self.asked_by_name and not self.blocked and not self.unreached and not self.waived
        return self.verdict is Verdict.UNTESTABLE and asked

    @property
    def red(self) -> bool:
        """Whether it turns the run red (exit code 1): a finding, or what was asked for by name and not tested.

        A tool error does not: it speaks of the tester, and ends the run with exit code 3.
        """
        return (self.verdict is Verdict.FAIL and not self.waived) or self.untested_by_name

    def record(self) -> dict[str, Any]:
        """The journal's ``check`` event."""
        check, outcome = self.check, self.outcome
        return {
            "id": self.id,
            "slug": check.slug,
            "title": check.title,
            "suite": check.suite,
            "group": check.group,
            "clauses": [
                {"clause": clause, "level": str(level), "verdict": str(outcome.clause_verdict(clause))}
                for clause, level in outcome.levels.items()
            ],
            "duties": list(check.duties),
            "level": str(self.level) if self.level else None,
            "transport": check.transport,
            "model": self.model.id if self.model else None,
            "verdict": str(self.verdict),
            "reason": self.reason,
            "method": check.method,
            "criterion": check.criterion,
            "observed": _observed(outcome, self.reason),
            "hint": check.fix,
            "kind": check.kind,
            "cases": sum(outcome.cases.values()),
            "failures": len(outcome.violations),
            "estimate": asdict(outcome.estimate) if outcome.estimate else None,
            "observations": [{"clause": clause, "text": text} for clause, text in outcome.observations],
            "exercised": dict(sorted(outcome.exercised.items())),
            "counterexamples": [_counterexample(each) for each in chosen(outcome)],
            "tallies": tallies(check, outcome),
            "exchanges": list(self.exchanges[:EXCHANGES_SHOWN]),
            "exchanges_total": self.exchanges_total,
            "method_validation": method_validation(check),
            "waiver": _waiver(self.waiver),
            "asked_by_name": self.asked_by_name and not self.blocked and not self.unreached,
            "unreached": self.unreached,
            "started": self.started,
            "duration_s": round(self.duration_s, 6),
        }


def execute(check: Check, probe: Probe, unconnected: Collection[str] = ()) -> tuple[Verdict, str]:
    """Carry out a check; every way it can end becomes a verdict and its reason, and only interrupts escape, and that
    nothing more can be recorded.

    Args:
        unconnected: references of exchanges that never reached the endpoint; it may grow while the check runs.
    """
    outcome, ahead = probe.outcome, probe.target.ahead
    try:
        _carried_out(check, probe)
        if ahead.again and not check.passive:
            # What went wrong went wrong beside other requests: nothing of it counts before it was seen alone.
            with ahead.off():
                _carried_out(check, probe, anew=True)
    finally:
        ahead.over()
    defect = take_back(outcome, unconnected)
    verdict = outcome.verdict()
    return verdict, defect if defect and verdict is Verdict.TOOL_ERROR else reason_of(outcome)


def _carried_out(check: Check, probe: Probe, *, anew: bool = False) -> None:
    outcome = probe.outcome
    try:
        if anew:
            probe.anew()
        check.function(probe)
    except NotApplicable as error:
        outcome.ended, outcome.reason = Verdict.NOT_APPLICABLE, str(error)
    except BudgetExhausted as error:
        outcome.ended, outcome.reason = Verdict.UNTESTABLE, str(error)
        # What it had found by then is a verdict.
        outcome.unreached = "" if outcome.violations else BUDGET
    except Untestable as error:
        outcome.ended, outcome.reason = Verdict.UNTESTABLE, str(error)
        outcome.unsampled = isinstance(error, NoAcceptedRequest)
    except EndpointLost as error:
        outcome.ended, outcome.reason = Verdict.UNTESTABLE, f"ended early: {error}"
    except Inconclusive as error:
        outcome.ended, outcome.reason = Verdict.INCONCLUSIVE, str(error)
    except TesterFailed as error:
        outcome.ended, outcome.reason = Verdict.TOOL_ERROR, str(error)
    except pytest.fail.Exception as error:  # no Exception: the limit of pytest-timeout, for one
        outcome.ended, outcome.reason = Verdict.TOOL_ERROR, f"another plugin of pytest ended the check: {error.msg}"
    except Exception as error:  # noqa: BLE001 - a defect of the check must never look like one of the server
        outcome.ended, outcome.reason = Verdict.TOOL_ERROR, _broken(error)


def _broken(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno in REFUSES:
        raise CannotRecord(f"evidence cannot be written: {error.strerror}") from None
    return of_this_machine(error) or in_words("", error)


def cut_short(outcome: Outcome, why: str, verdict: Verdict, unconnected: Collection[str] = ()) -> str:
    """The reason of a check that was ended in the middle; what it had found by then stays."""
    outcome.ended, outcome.reason = verdict, why
    take_back(outcome, unconnected)
    return reason_of(outcome)


def in_words(during: str, error: Exception) -> str:
    """A defect of ours in one line, with its place in the code."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"
    return clip(f"{during}: {said}", 2000) if during else clip(said, 2000)


def told_nonetheless(check: Check, probe: Probe) -> bool:
    """Whether a check that sends nothing finds something in what was recorded before the endpoint was lost.

    That nothing was seen by then is no pass: the rest of the run was not carried out.
    """
    outcome = probe.outcome
    execute(check, probe)
    if outcome.violations:
        return True
    outcome.cases.clear()
    outcome.observations.clear()
    outcome.ended, outcome.reason = None, ""
    return False


def tell(outcome: Outcome, incident: Incident) -> None:
    """Make a case of an incident during a check: it breaks a criterion of the policy, whatever the check asks for.

    The evidence is the request that did it, or the one that is suspected most. An endpoint that was silent and came
    back has broken nothing for certain.
    """
    proven = any(each.k for each in incident.suspects)
    if not incident.suspects or (incident.kind == "silent" and not incident.lost and not proven):
        outcome.observations.append((None, incident.text))
        return
    broken = Criterion(incident.criterion)
    name = broken.clause
    outcome.levels[name] = Level.MUST
    outcome.cases[name] = outcome.cases.get(name, 0) + 1
    shown = incident.culprit or incident.suspects[0]
    replayed = (shown.k, shown.n) if shown.n else None
    outcome.violations.append(
        Violation(
            clause=name,
            expected=broken.text,
            observed=incident.text,
            root=incident.root,
            exchange=shown.sha256,
            replayed=replayed,
        )
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


def _counterexample(violation: Violation) -> dict[str, Any]:
    replayed = violation.replayed
    return {
        "clauses": [violation.clause],
        "expected": violation.expected,
        "observed": violation.observed,
        "root": violation.root,
        "exchange": violation.exchange,
        "one_of_many": violation.one_of_many,
        "shrunk_from": violation.shrunk_from,
        "shrunk_to": violation.shrunk_to,
        "replayed": {"k": replayed[0], "n": replayed[1]} if replayed else None,
    }


def _waiver(waiver: WaiverTable | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "slug": waiver.slug,
        "owner": waiver.owner,
        "reason": waiver.reason,
        "expires": waiver.expires.isoformat(),
        "model": waiver.model,
    }


def waiver_for(waivers: list[WaiverTable], slug: str, model: str | None, today: date) -> WaiverTable | None:
    """The waiver that covers a finding today; an expired one covers nothing."""
    for waiver in waivers:
        if waiver.slug == slug and waiver.model in (None, model) and waiver.expires >= today:
            return waiver
    return None
