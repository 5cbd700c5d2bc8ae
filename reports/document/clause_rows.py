"""Clauses of the protocol with what the run says of each."""

from __future__ import annotations

from collections import defaultdict

from harness.bundle.events import ClauseListed
from harness.verdicts import Verdict, combine
from reports.evidence import CheckResult, ClauseRow, Plan
from reports.text.labels import untried

UNDECIDED = (None, "untestable")
SILENT = (Verdict.UNTESTABLE, Verdict.NOT_APPLICABLE)
SERVER = "the server as a whole"
NAMED = 4


def clause_rows(
    listed: list[ClauseListed], checks: list[CheckResult], plan: Plan, transports: list[str]
) -> list[ClauseRow]:
    """One row per clause of the catalogue, in its order.

    The verdict is the maximum over what all checks found about the clause, model by model (see :func:`_over_models`);
    None where none ran, with the reason. A check that was left out says nothing.
    """
    verdicts: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    by_clause: dict[str, list[str]] = defaultdict(list)
    reasons: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for check in checks:
        for outcome in check.clauses:
            if check.unreached:
                left_out.setdefault(outcome.clause, f"planned, but not carried out: {check.unreached}")
                continue
            verdicts[outcome.clause][check.model or SERVER].append(Verdict(outcome.verdict))
            by_clause[outcome.clause].append(check.id)
            if outcome.verdict not in ("pass", "fail", "warn") and check.reason:
                reasons.setdefault(outcome.clause, check.reason)
    planned = {clause for check in plan.checks for clause in check.clauses}
    rows = []
    for clause in listed:
        found = verdicts.get(clause.id)
        verdict, apart = _over_models(found) if found else (None, "")
        reason = reasons.get(clause.id) if found else left_out.get(clause.id)
        if not found and not reason:
            reason = _not_run(clause, planned, transports)
        rows.append(
            ClauseRow(
                id=clause.id,
                transport=clause.transport,
                area=clause.area,
                level=clause.level,
                text=clause.text,
                document=clause.document,
                section=clause.section,
                verdict=verdict.value if verdict else None,
                checks=by_clause.get(clause.id, []),
                reason=": ".join(part for part in (apart, reason) if part) or None,
            )
        )
    return rows


def _over_models(found: dict[str, list[Verdict]]) -> tuple[Verdict, str]:
    """What the models say together, and the sentence about those that could not be asked.

    What could not be tested on one model takes nothing from what was seen of another, and is said beside it.
    """
    by_model = {model: combine(verdicts) for model, verdicts in found.items()}
    unasked = [model for model, verdict in by_model.items() if verdict is Verdict.UNTESTABLE]
    spoken = {model: verdict for model, verdict in by_model.items() if verdict not in SILENT}
    if not spoken or not unasked:
        return combine(by_model.values()), ""
    groups = [(each, [model for model in spoken if spoken[model] is each]) for each in reversed(Verdict)]
    said = [f"{each.replace('_', ' ')} on {_first(models)}" for each, models in groups if models]
    return combine(spoken.values()), f"{', '.join(said)}; untestable on {_first(unasked)}"


def _first(models: list[str]) -> str:
    rest = len(models) - NAMED
    return ", ".join(models[:NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _not_run(clause: ClauseListed, planned: set[str], transports: list[str]) -> str:
    why = untried(clause.transport, transports)
    if why is not None:
        return why
    if clause.reason:
        return clause.reason
    if clause.id in planned:
        return "a check was planned, but gave no result in this run"
    return "no check of this run covers it"
