"""Duties of Article 15 with what the run says of each.

A duty is never "fulfilled" here. One run is one set of observations of one endpoint; it can be evidence against a duty,
or be consistent with it. Two rules bind everything below.

*Less testing never looks better.* Only where every check of the catalogue that serves a duty was carried out, and the
duty's own conditions hold (:mod:`reports.document.support`), are the observations consistent with it. So to take a
check away takes support away or changes nothing.

*A finding speaks against a duty only through what is broken.* The table ``against`` of the catalogue names the duties
of a clause or a criterion; what else a check is evidence for is not drawn in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

from harness.bundle.events import CatalogueListed, DutyListed
from reports.document.support import Support, is_declared, support
from reports.evidence import CheckResult, DutyRow, DutyStateName
from reports.journal.state import JournalState
from reports.text.sentences import sentences

_KINDS = ("direct", "search", "sampling")


def duty_rows(recorded: JournalState) -> list[DutyRow]:
    """One row per duty of the catalogue, in its order."""
    declared = _declared(recorded.plan.policy)
    broken = _broken(recorded)
    rows = []
    for duty in recorded.catalogue.duties:
        against = [] if _undeclared(duty, recorded) else broken.get(duty.id, [])
        serving = [check for check in recorded.checks if duty.id in check.duties]
        found = support(duty, recorded)
        state, reason = _state(duty, serving, against, found, declared.get(duty.id))
        ids = dict.fromkeys((*(check.id for check in serving), *(check.id for check, _ in against)))
        rows.append(
            DutyRow(
                id=duty.id,
                paragraph=duty.paragraph,
                force=duty.force,
                text=duty.text,
                hook=duty.hook,
                state=state,
                checks=list(ids),
                can_show=duty.can_show,
                cannot_show=duty.cannot_show,
                reason=reason,
                elsewhere=duty.elsewhere,
                asks=duty.asks,
                required=found.required,
                held=found.held,
                against=list(dict.fromkeys(clause for _, clause in against)),
            )
        )
    return rows


def _declared(policy: dict[str, Any]) -> dict[str, str]:
    said, declared = sentences(), {}
    for row in policy.get("not_applicable") or []:
        if isinstance(row, dict) and "duty" in row:
            who = str(row.get("declared_by") or said("duty.somebody"))
            why = str(row.get("reason") or said("duty.no_reason"))
            declared[str(row["duty"])] = said("duty.declared", who=who, why=why)
    return declared


def _undeclared(duty: DutyListed, recorded: JournalState) -> bool:
    """Whether the duty speaks only of systems that nobody declares this one to be: then nothing speaks of it."""
    return duty.declared is not None and not is_declared(recorded.plan.policy, duty.declared)


def _broken(recorded: JournalState) -> dict[str, list[tuple[CheckResult, str]]]:
    """What speaks against each duty: the checks, each with the clause or criterion that it saw broken."""
    areas = {clause.id: f"area:{clause.area}" for clause in recorded.catalogue.clauses}
    found = defaultdict[str, list[tuple[CheckResult, str]]](list)
    for check in recorded.checks:
        for outcome in check.clauses:
            if outcome.verdict == "fail":
                for duty in _spoken_against(recorded.catalogue, areas, check, outcome.clause):
                    found[duty].append((check, outcome.clause))
    return found


def _spoken_against(catalogue: CatalogueListed, areas: Mapping[str, str], check: CheckResult, clause: str) -> list[str]:
    duties = catalogue.against.get(clause) or catalogue.against.get(areas.get(clause, "")) or []
    return [duty for place, duty in enumerate(duties) if place == 0 or duty in check.duties]


def _state(
    duty: DutyListed,
    serving: list[CheckResult],
    against: list[tuple[CheckResult, str]],
    found: Support,
    declared: str | None,
) -> tuple[DutyStateName, str]:
    state: DutyStateName
    if duty.force == "info":
        state, reason = "not_testable_from_outside", sentences()("duty.not_the_provider")
    elif against:
        state, reason = "contradicted", _against(against)
    elif declared is not None:
        state, reason = "declared_not_applicable", declared
    elif not duty.testable:
        state, reason = "not_testable_from_outside", sentences()("duty.outside")
    elif not found.lacking:
        state, reason = "supported", _for(serving, found)
    else:
        state = "not_tested" if found.beyond_this_run or not found.seen else "inconclusive"
        reason = _lacking(duty, found)
    return state, reason


def _against(against: list[tuple[CheckResult, str]]) -> str:
    clauses = list(dict.fromkeys(clause for _, clause in against))
    checks = list({check.id for check, _ in against})
    return sentences()("duty.against", clauses=clauses, checks=checks)


def _for(serving: list[CheckResult], found: Support) -> str:
    """Search, sampling and direct evidence are counted apart: they never add up to one number."""
    said = sentences()
    kinds = Counter[str](check.kind for check in serving if check.verdict == "pass")
    parts = [said.counted(kinds[kind], kind) for kind in _KINDS if kinds[kind]]
    idle = sum(check.verdict == "not_applicable" for check in serving)
    name = "duty.consistent_idle" if idle else "duty.consistent"
    return said(name, required=found.required, where=found.where, kinds=parts, idle=idle)


def _lacking(duty: DutyListed, found: Support) -> str:
    lacking = "; ".join(found.lacking)
    if duty.asks and found.beyond_this_run:
        return sentences()("duty.lacking_asked", lacking=lacking, asks=duty.asks)
    return sentences()("duty.lacking", lacking=lacking)
