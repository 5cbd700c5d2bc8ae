"""The sentences of the first screen. They count; they never add up to a score and never speak of fulfilment."""

from __future__ import annotations

from collections import Counter

from reports.document.clause_rows import UNDECIDED
from reports.document.findings import findings
from reports.evidence import CheckResult, ClauseRow, DutyRow, Finding, Plan, Summary
from reports.text.labels import named

VERDICTS = ("fail", "tool_error", "inconclusive", "untestable", "warn", "pass", "not_applicable")


def summary(
    checks: list[CheckResult],
    clauses: list[ClauseRow],
    duties: list[DutyRow],
    plan: Plan,
    cut_short: str | None,
    *,
    runs_of_load: int = 0,
    away: str | None = None,
) -> Summary:
    """Counts, findings and statements of the run, in which so many runs of load are recorded.

    ``away`` says in one sentence when the endpoint was away and came back.
    """
    by_verdict = Counter[str](check.verdict for check in checks)
    by_clause = Counter[str](clause.verdict or "not_tested" for clause in clauses)
    found = findings(checks)
    return Summary(
        verdicts={name: by_verdict[name] for name in VERDICTS},
        clause_verdicts={name: by_clause[name] for name in (*VERDICTS, "not_tested")},
        must_untested=sum(clause.level == "must" and clause.verdict in UNDECIDED for clause in clauses),
        findings=found,
        statements=[
            *([f"Cut short: {cut_short} What follows is the evidence up to that point."] if cut_short else []),
            *([f"Endpoint away: {away}"] if away else []),
            *_statements(checks, clauses, duties, found, plan, runs_of_load),
        ],
    )


def _statements(
    checks: list[CheckResult],
    clauses: list[ClauseRow],
    duties: list[DutyRow],
    found: list[Finding],
    plan: Plan,
    runs_of_load: int,
) -> list[str]:
    said = []
    if not any(check.verdict not in ("untestable", "not_applicable") for check in checks):
        if runs_of_load:
            said.append(f"Only load was measured: {runs_of_load} runs of load, and no check decided anything.")
        else:
            said.append("Nothing was tested: this run holds no observation of the endpoint.")
    said += _contradicted(clauses, duties, found, plan)
    said += _warnings(clauses)
    said += _inconclusive(checks, duties)
    said += _consistent(clauses, duties, plan)
    said.append(_silent(clauses, duties))
    said.append(f"Decision rule: {plan.decision_rule}")
    return said


def _tested(clauses: list[ClauseRow], level: str) -> list[ClauseRow]:
    unseen = (*UNDECIDED, "not_applicable", "tool_error")
    return [clause for clause in clauses if clause.level == level and clause.verdict not in unseen]


def _contradicted(clauses: list[ClauseRow], duties: list[DutyRow], found: list[Finding], plan: Plan) -> list[str]:
    must = _tested(clauses, "must")
    broken = [clause.id for clause in must if clause.verdict == "fail"]
    against = [duty.id for duty in duties if duty.state == "contradicted"]
    failed = [finding for finding in found if finding.verdict == "fail"]
    causes = sum(not broken or not set(broken).isdisjoint(finding.clauses) for finding in failed)
    said = []
    if broken:
        of = f"{len(broken)} of {len(must)} tested MUST clauses of the Open Inference Protocol"
        said.append(f"Contradicted: {of} ({named(broken)}), from {_plural(causes, 'root cause')}.")
    elif causes:
        said.append(f"Contradicted: {_plural(causes, 'criterion', 'criteria')} of the policy; see the findings.")
    elif must:
        of = f"none of {len(must)} tested MUST clauses of the Open Inference Protocol"
        said.append(f"Contradicted: {of}, of {_planned(clauses, plan, 'must')} planned.")
    if against:
        said.append(
            f"Contradicted: evidence stands against {_plural(len(against), 'duty', 'duties')} of Article 15 "
            f"({named(against)})."
        )
    return said


def _warnings(clauses: list[ClauseRow]) -> list[str]:
    seen = [clause for level in ("should", "ambiguous") for clause in _tested(clauses, level)]
    warned = [clause.id for clause in seen if clause.verdict == "warn"]
    if not warned:
        return []
    return [f"Warning: {len(warned)} of {len(seen)} tested SHOULD and ambiguous clauses are not met ({named(warned)})."]


def _inconclusive(checks: list[CheckResult], duties: list[DutyRow]) -> list[str]:
    said = []
    undecided = sorted({check.slug for check in checks if check.verdict == "inconclusive"})
    errors = sorted({check.slug for check in checks if check.verdict == "tool_error"})
    between = [duty.id for duty in duties if duty.state == "inconclusive"]
    if undecided:
        said.append(f"Inconclusive: {_plural(len(undecided), 'check')} ({named(undecided)}).")
    if errors:
        said.append(f"Tool error: {_plural(len(errors), 'check')} broke on our side ({named(errors)}).")
    if between:
        said.append(f"Inconclusive: {_plural(len(between), 'duty', 'duties')} of Article 15 ({named(between)}).")
    return said


def _consistent(clauses: list[ClauseRow], duties: list[DutyRow], plan: Plan) -> list[str]:
    seen, planned = [], []
    for level in ("must", "should"):
        seen.append(f"{sum(clause.verdict == 'pass' for clause in _tested(clauses, level))} {level.upper()}")
        planned.append(f"{_planned(clauses, plan, level)}")
    supported = [duty.id for duty in duties if duty.state == "supported"]
    said = []
    if any(clause.verdict == "pass" for clause in clauses):
        said.append(f"Observed: no violation of {' and '.join(seen)} clauses, of {' and '.join(planned)} planned.")
    if supported:
        said.append(
            f"Observations consistent with: {_plural(len(supported), 'duty', 'duties')} of Article 15 "
            f"({named(supported)}); that is no finding that {'it is' if len(supported) == 1 else 'they are'} fulfilled."
        )
    return said


def _planned(clauses: list[ClauseRow], plan: Plan, level: str) -> int:
    """How many clauses of a level the plan had checks for; never less than were tested."""
    planned = {clause for check in plan.checks for clause in check.clauses}
    tested = {clause.id for clause in _tested(clauses, level)}
    return sum(clause.level == level and clause.id in planned | tested for clause in clauses)


def _silent(clauses: list[ClauseRow], duties: list[DutyRow]) -> str:
    untested = sum(clause.level == "must" and clause.verdict in UNDECIDED for clause in clauses)
    open_duties = sum(duty.state == "not_tested" for duty in duties)
    outside = sum(duty.state == "not_testable_from_outside" for duty in duties)
    return (
        f"Silent on: {_plural(untested, 'MUST clause')} that this run did not decide, "
        f"{_plural(open_duties, 'duty', 'duties')} of Article 15 not tested, and {outside} that no endpoint test shows."
    )


def _plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
