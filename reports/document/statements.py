"""The statements of the first screen. They count; they never add up to a score and never speak of fulfilment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from reports.document.clause_rows import UNDECIDED
from reports.document.findings import findings
from reports.evidence import BaselineRow, CheckResult, ClauseRow, DutyRow, Finding, Params, Plan, Statement, Summary
from reports.text.sentences import sentences

VERDICTS = ("fail", "tool_error", "inconclusive", "untestable", "warn", "pass", "not_applicable")


def summary(
    checks: list[CheckResult],
    clauses: list[ClauseRow],
    duties: list[DutyRow],
    plan: Plan,
    cut_short: str | None,
    *,
    runs_of_load: int = 0,
    away: Statement | None = None,
    redundancy: Sequence[Statement] = (),
    baseline: BaselineRow | None = None,
) -> Summary:
    """Counts, findings and statements of the run, in which so many runs of load are recorded.

    ``away`` says when the endpoint was away and came back, ``redundancy`` what was declared of it and what drills cost,
    ``baseline`` what became of the known findings.
    """
    by_verdict = Counter[str](check.verdict for check in checks)
    by_clause = Counter[str](clause.verdict or "not_tested" for clause in clauses)
    found = findings(checks)
    said = [
        *([Statement(kind="cut_short", params={"reason": cut_short})] if cut_short else []),
        *([away] if away else []),
        *_statements(checks, clauses, duties, found, plan, runs_of_load),
        *redundancy,
        _silent(clauses, duties),
        Statement(kind="decision_rule", params={"rule": plan.decision_rule}),
        *_accepted(plan, found, baseline),
    ]
    return Summary(
        verdicts={name: by_verdict[name] for name in VERDICTS},
        clause_verdicts={name: by_clause[name] for name in (*VERDICTS, "not_tested")},
        must_untested=sum(clause.level == "must" and clause.verdict in UNDECIDED for clause in clauses),
        findings=found,
        statements=[" ".join(sentences().led("statement", each.kind, each.params)) for each in said],
        kinds=said,
    )


def _statements(
    checks: list[CheckResult],
    clauses: list[ClauseRow],
    duties: list[DutyRow],
    found: list[Finding],
    plan: Plan,
    runs_of_load: int,
) -> Iterator[Statement]:
    if not any(check.verdict not in ("untestable", "not_applicable") for check in checks):
        if runs_of_load:
            yield Statement(kind="only_load", params={"runs": runs_of_load})
        else:
            yield Statement(kind="nothing_tested")
    yield from _contradicted(clauses, duties, found, plan)
    yield from _warnings(clauses)
    yield from _inconclusive(checks, duties)
    yield from _consistent(clauses, duties, plan)


def _accepted(plan: Plan, found: list[Finding], baseline: BaselineRow | None) -> Iterator[Statement]:
    """By which set the exit code counts, and what of the findings was known."""
    if plan.requirements is not None:
        left = [each.kind for each in plan.requirements.left_out]
        outside = sum(each.standing == "not_counted" for each in found)
        params: Params = {"set": plan.requirements.name, "clauses": left.count("clause"), "left_out": len(left)}
        yield Statement(kind="counted_by", params={**params, "outside": outside})
    if baseline is not None:
        known = sum(each.standing == "known" for each in found)
        row: Params = {"known": known, "stale": len(baseline.stale), "unseen": len(baseline.unseen)}
        yield Statement(kind="known", params={**row, "entries": baseline.entries})


def _tested(clauses: list[ClauseRow], level: str) -> list[ClauseRow]:
    unseen = (*UNDECIDED, "not_applicable", "tool_error")
    return [clause for clause in clauses if clause.level == level and clause.verdict not in unseen]


def _contradicted(
    clauses: list[ClauseRow], duties: list[DutyRow], found: list[Finding], plan: Plan
) -> Iterator[Statement]:
    must = _tested(clauses, "must")
    broken = [clause.id for clause in must if clause.verdict == "fail"]
    against = [duty.id for duty in duties if duty.state == "contradicted"]
    failed = [finding for finding in found if finding.verdict == "fail"]
    causes = sum(not broken or not set(broken).isdisjoint(finding.clauses) for finding in failed)
    if broken:
        yield Statement(kind="clauses_broken", params={"clauses": broken, "tested": len(must), "causes": causes})
    elif causes:
        yield Statement(kind="criteria_broken", params={"causes": causes})
    elif must:
        planned = _planned(clauses, plan, "must")
        yield Statement(kind="no_clause_broken", params={"tested": len(must), "planned": planned})
    if against:
        yield Statement(kind="duties_contradicted", params={"duties": against})


def _warnings(clauses: list[ClauseRow]) -> Iterator[Statement]:
    seen = [clause for level in ("should", "ambiguous") for clause in _tested(clauses, level)]
    warned = [clause.id for clause in seen if clause.verdict == "warn"]
    if warned:
        yield Statement(kind="warnings", params={"clauses": warned, "tested": len(seen)})


def _inconclusive(checks: list[CheckResult], duties: list[DutyRow]) -> Iterator[Statement]:
    undecided = sorted({check.slug for check in checks if check.verdict == "inconclusive"})
    errors = sorted({check.slug for check in checks if check.verdict == "tool_error"})
    between = [duty.id for duty in duties if duty.state == "inconclusive"]
    if undecided:
        yield Statement(kind="checks_inconclusive", params={"checks": undecided})
    if errors:
        yield Statement(kind="tool_errors", params={"checks": errors})
    if between:
        yield Statement(kind="duties_inconclusive", params={"duties": between})


def _consistent(clauses: list[ClauseRow], duties: list[DutyRow], plan: Plan) -> Iterator[Statement]:
    supported = [duty.id for duty in duties if duty.state == "supported"]
    if any(clause.verdict == "pass" for clause in clauses):
        seen = {level: sum(row.verdict == "pass" for row in _tested(clauses, level)) for level in ("must", "should")}
        planned = {f"{level}_planned": _planned(clauses, plan, level) for level in seen}
        yield Statement(kind="observed", params={**seen, **planned})
    if supported:
        yield Statement(kind="consistent", params={"duties": supported})


def _planned(clauses: list[ClauseRow], plan: Plan, level: str) -> int:
    """How many clauses of a level the plan had checks for; never less than were tested."""
    planned = {clause for check in plan.checks for clause in check.clauses}
    tested = {clause.id for clause in _tested(clauses, level)}
    return sum(clause.level == level and clause.id in planned | tested for clause in clauses)


def _silent(clauses: list[ClauseRow], duties: list[DutyRow]) -> Statement:
    states = Counter[str](duty.state for duty in duties)
    untested = sum(clause.level == "must" and clause.verdict in UNDECIDED for clause in clauses)
    open_duties, outside = states["not_tested"], states["not_testable_from_outside"]
    return Statement(kind="silent", params={"clauses": untested, "duties": open_duties, "outside": outside})
