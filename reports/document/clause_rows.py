"""Clauses of the protocol with what the run says of each."""

from __future__ import annotations

from collections import defaultdict

from harness.bundle.events import ClauseListed
from harness.verdicts import Verdict, combine
from reports.evidence import CheckResult, ClauseRow, Plan
from reports.text.sentences import sentences

UNDECIDED = (None, "untestable")
SILENT = (Verdict.UNTESTABLE, Verdict.NOT_APPLICABLE)


def clause_rows(
    listed: list[ClauseListed], checks: list[CheckResult], plan: Plan, transports: list[str]
) -> list[ClauseRow]:
    """One row per clause of the catalogue, in its order.

    The verdict is the maximum over what all checks found about the clause, model by model (see :func:`_over_models`);
    None where none ran, with the reason. A check that was left out says nothing.
    """
    said = sentences()
    server = said("clause.server")
    verdicts: dict[str, dict[str, list[Verdict]]] = defaultdict(lambda: defaultdict(list))
    by_clause: dict[str, list[str]] = defaultdict(list)
    reasons: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for check in checks:
        for outcome in check.clauses:
            if check.unreached:
                left_out.setdefault(outcome.clause, said("clause.left_out", why=check.unreached))
                continue
            verdicts[outcome.clause][check.model or server].append(Verdict(outcome.verdict))
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
    said = sentences()
    parts = [said("clause.verdict_on", verdict=each.value, models=models) for each, models in groups if models]
    return combine(spoken.values()), said("clause.untestable_on", said=said("list.between").join(parts), models=unasked)


def is_untried(transport: str, tried: list[str]) -> bool:
    """Whether nothing was tested over a transport: no address was given for it."""
    return transport not in (*tried, "both", "any")


def _not_run(clause: ClauseListed, planned: set[str], transports: list[str]) -> str:
    said = sentences()
    if is_untried(clause.transport, transports):
        return said("clause.untried", transport=clause.transport)
    if clause.reason:
        return clause.reason
    if clause.id in planned:
        return said("clause.without_result")
    return said("clause.uncovered")
