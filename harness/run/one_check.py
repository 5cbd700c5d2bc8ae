"""Carries out one check: every way in which it can end becomes a verdict, with its reason."""

from __future__ import annotations

import traceback
from collections.abc import Collection

import pytest

from harness.budget import BudgetExhausted
from harness.bundle.exchange import NOT_KEPT
from harness.check import Check, EndpointLost, Inconclusive, NoAcceptedRequest, NotApplicable, TesterFailed, Untestable
from harness.criteria import Criterion
from harness.incident import Incident
from harness.outcome import Outcome, Violation
from harness.probing.menu.sent_again import tie
from harness.probing.probe import Probe
from harness.probing.put_off import take_back_put_off
from harness.record.disk import REFUSES, CannotRecord, of_this_machine
from harness.record.quoting import clip
from harness.run.evidenced import take_back
from harness.run.results import BUDGET, reason_of
from harness.verdicts import Level, Verdict


def execute(check: Check, probe: Probe, unconnected: Collection[str] = ()) -> tuple[Verdict, str]:
    """Carry out a check; every way it can end becomes a verdict and its reason, and only interrupts escape, and that
    nothing more can be recorded.

    Args:
        unconnected: references of exchanges that never reached the endpoint; it may grow while the check runs.
    """
    outcome, ahead = probe.outcome, probe.endpoint.ahead
    try:
        _carried_out(check, probe)
        if ahead.again and not check.passive:
            # What went wrong went wrong beside other requests: nothing of it counts before it was seen alone.
            with ahead.off():
                _carried_out(check, probe, anew=True)
        take_back_put_off(check, probe)
        tie(check, probe)
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


def in_words(during: str, error: BaseException, *, private: bool = False) -> str:
    """A defect of ours in one line, with its place in the code.

    Args:
        private: what the error says may be a value that must not be told.
    """
    where = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__}: {NOT_KEPT if private else error} ({where.name}, line {where.lineno})"
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
