"""Clauses of the protocol with what the run says of each."""

from __future__ import annotations

from collections import defaultdict

from harness.verdicts import Verdict, combine
from reports.evidence import CheckResult, ClauseRow, Plan
from reports.recorded import ClauseListed
from reports.words import untried

UNDECIDED = (None, "untestable")


def clause_rows(
    listed: list[ClauseListed], checks: list[CheckResult], plan: Plan, transports: list[str]
) -> list[ClauseRow]:
    """One row per clause of the catalogue, in its order.

    The verdict is the maximum over what all checks found about the clause; None where none ran, with the reason.
    """
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    by_clause: dict[str, list[str]] = defaultdict(list)
    reasons: dict[str, str] = {}
    for check in checks:
        for outcome in check.clauses:
            verdicts[outcome.clause].append(Verdict(outcome.verdict))
            by_clause[outcome.clause].append(check.id)
            if outcome.verdict not in ("pass", "fail", "warn") and check.reason:
                reasons.setdefault(outcome.clause, check.reason)
    planned = {clause for check in plan.checks for clause in check.clauses}
    rows = []
    for clause in listed:
        found = verdicts.get(clause.id)
        reason = reasons.get(clause.id) if found else _not_run(clause, planned, transports)
        rows.append(
            ClauseRow(
                id=clause.id,
                transport=clause.transport,
                area=clause.area,
                level=clause.level,
                text=clause.text,
                document=clause.document,
                section=clause.section,
                verdict=combine(found).value if found else None,
                checks=by_clause.get(clause.id, []),
                reason=reason,
            )
        )
    return rows


def _not_run(clause: ClauseListed, planned: set[str], transports: list[str]) -> str:
    why = untried(clause.transport, transports)
    if why is not None:
        return why
    if clause.reason:
        return clause.reason
    if clause.id in planned:
        return "a check was planned, but gave no result in this run"
    return "no check of this run covers it"
