"""Duties of Article 15 with what the run says of each.

A duty is never "fulfilled" here. One run is one set of observations of one endpoint; it can be evidence for a duty
or against it. The rules, strongest first: a failed check contradicts; an open one leaves the duty inconclusive;
at least one pass supports; warnings alone decide nothing; no observation is silence.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from reports.evidence import CheckResult, DutyRow, DutyStateName
from reports.recorded import DutyListed

_KINDS = {
    "direct": "direct observation",
    "search": "search for a counterexample",
    "sampling": "sampling estimate",
}


def duty_rows(listed: list[DutyListed], checks: list[CheckResult], policy: dict[str, Any]) -> list[DutyRow]:
    """One row per duty of the catalogue, in its order.

    Args:
        listed: the duties of the catalogue snapshot.
        checks: the results of the run.
        policy: the policy of the plan; ``not_applicable`` holds what the operator declares not to apply.
    """
    declared = _declared(policy)
    rows = []
    for duty in listed:
        serving = [check for check in checks if duty.id in check.duties]
        state, reason = _state(duty, serving, declared.get(duty.id))
        rows.append(
            DutyRow(
                id=duty.id,
                paragraph=duty.paragraph,
                force=duty.force,
                text=duty.text,
                hook=duty.hook,
                state=state,
                checks=[check.id for check in serving],
                can_show=duty.can_show,
                cannot_show=duty.cannot_show,
                reason=reason,
                elsewhere=duty.elsewhere,
            )
        )
    return rows


def _declared(policy: dict[str, Any]) -> dict[str, str]:
    declared = {}
    for row in policy.get("not_applicable") or []:
        if isinstance(row, dict) and "duty" in row:
            why = f"Declared not applicable by {row.get('declared_by') or 'a person not named'}"
            declared[str(row["duty"])] = f"{why}: {row.get('reason') or 'no reason given'}"
    return declared


def _state(duty: DutyListed, serving: list[CheckResult], declared: str | None) -> tuple[DutyStateName, str]:
    verdicts = Counter(check.verdict for check in serving)
    open_ones = verdicts["tool_error"] + verdicts["inconclusive"]
    state: DutyStateName
    if duty.force == "info":
        state, reason = "not_testable_from_outside", "Addressed to someone other than the provider."
    elif verdicts["fail"]:
        state, reason = "contradicted", _because("Evidence against this duty", serving, "fail")
    elif declared is not None:
        state, reason = "declared_not_applicable", declared
    elif open_ones:
        state, reason = "inconclusive", f"{_count(open_ones, 'check')} of {len(serving)} gave no decision."
    elif not duty.testable:
        state, reason = "not_testable_from_outside", "No test of an endpoint can show this."
    elif verdicts["pass"]:
        state, reason = "supported", _because("Evidence for this duty", serving, "pass")
    elif verdicts["warn"]:
        reason = f"{_count(verdicts['warn'], 'check')} ended in a warning and none in a pass."
        state = "inconclusive"
    else:
        state, reason = "not_tested", _untested(serving)
    return state, reason


def _because(lead: str, serving: list[CheckResult], verdict: str) -> str:
    """Search, sampling and direct evidence are counted apart: they never add up to one number."""
    parts = []
    for kind, name in _KINDS.items():
        of_kind = [check for check in serving if check.kind == kind]
        hits = sum(check.verdict == verdict for check in of_kind)
        if of_kind and hits:
            parts.append(f"{hits} of {_count(len(of_kind), name)}")
    word = "broke its criterion" if verdict == "fail" else "met its criterion"
    text = f"{lead}, from one set of observations: {', '.join(parts)} {word}."
    if verdict == "pass":
        warned = sum(check.verdict == "warn" for check in serving)
        unseen = sum(check.verdict in ("untestable", "not_applicable") for check in serving)
        text += f" {_count(warned, 'check')} ended in a warning." if warned else ""
        text += f" {_count(unseen, 'check')} could not be carried out." if unseen else ""
        text += " This is not a finding that the duty is fulfilled."
    return text


def _untested(serving: list[CheckResult]) -> str:
    if not serving:
        return "No check of this run serves this duty."
    reasons = sorted({check.reason for check in serving if check.reason})
    tail = f": {reasons[0]}" if len(reasons) == 1 else "."
    return f"{_count(len(serving), 'check')} could not be carried out{tail}"


def _count(number: int, noun: str) -> str:
    plural = noun.replace("search for", "searches for") if noun.startswith("search") else f"{noun}s"
    return f"{number} {noun if number == 1 else plural}"
