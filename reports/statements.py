"""The sentences of the first screen. They count; they never add up to a score and never speak of fulfilment."""

from __future__ import annotations

from collections import Counter

from reports.clause_rows import UNDECIDED
from reports.evidence import CheckResult, ClauseRow, DutyRow, Finding, Plan, Summary
from reports.findings import findings

_NAMED = 8
VERDICTS = ("fail", "tool_error", "inconclusive", "untestable", "warn", "pass", "not_applicable")


def summary(
    checks: list[CheckResult],
    clauses: list[ClauseRow],
    duties: list[DutyRow],
    plan: Plan,
    cut_short: str | None,
    *,
    runs_of_load: int = 0,
) -> Summary:
    """Counts, findings and statements of the run, in which so many runs of load are recorded."""
    by_verdict = Counter[str](check.verdict for check in checks)
    by_clause = Counter[str](clause.verdict or "not_tested" for clause in clauses)
    found = findings(checks)
    return Summary(
        verdicts={name: by_verdict[name] for name in VERDICTS},
        clause_verdicts={name: by_clause[name] for name in (*VERDICTS, "not_tested")},
        must_untested=sum(clause.level == "must" and clause.verdict in UNDECIDED for clause in clauses),
        findings=found,
        statements=_statements(checks, clauses, duties, found, plan, cut_short, runs_of_load),
    )


def _statements(
    checks: list[CheckResult],
    clauses: list[ClauseRow],
    duties: list[DutyRow],
    found: list[Finding],
    plan: Plan,
    cut_short: str | None,
    runs_of_load: int,
) -> list[str]:
    said = [f"Cut short: {cut_short} What follows is the evidence up to that point."] if cut_short else []
    if not any(check.verdict not in ("untestable", "not_applicable") for check in checks):
        if runs_of_load:
            said.append(f"Only load was measured: {runs_of_load} runs of load, and no check decided anything.")
        else:
            said.append("Nothing was tested: this run holds no observation of the endpoint.")
    said += _contradicted(clauses, duties, found)
    said += _warnings(clauses)
    said += _inconclusive(checks, duties)
    said += _supported(clauses, duties)
    said.append(_silent(clauses, duties))
    said.append(f"Decision rule: {plan.decision_rule}")
    return said


def _tested(clauses: list[ClauseRow], level: str) -> list[ClauseRow]:
    unseen = (*UNDECIDED, "not_applicable", "tool_error")
    return [clause for clause in clauses if clause.level == level and clause.verdict not in unseen]


def _contradicted(clauses: list[ClauseRow], duties: list[DutyRow], found: list[Finding]) -> list[str]:
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
        said.append(f"Contradicted: none of {len(must)} tested MUST clauses of the Open Inference Protocol.")
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


def _supported(clauses: list[ClauseRow], duties: list[DutyRow]) -> list[str]:
    held = [
        f"{sum(clause.verdict == 'pass' for clause in _tested(clauses, level))} {level.upper()}"
        for level in ("must", "should")
    ]
    supported = [duty.id for duty in duties if duty.state == "supported"]
    said = []
    if any(clause.verdict == "pass" for clause in clauses):
        said.append(f"Supported: no violation was observed of {' and '.join(held)} clauses.")
    if supported:
        said.append(
            f"Supported: evidence stands for {_plural(len(supported), 'duty', 'duties')} of Article 15 "
            f"({named(supported)}); it is evidence, not fulfilment."
        )
    return said


def _silent(clauses: list[ClauseRow], duties: list[DutyRow]) -> str:
    untested = sum(clause.level == "must" and clause.verdict in UNDECIDED for clause in clauses)
    open_duties = sum(duty.state == "not_tested" for duty in duties)
    outside = sum(duty.state == "not_testable_from_outside" for duty in duties)
    return (
        f"Silent on: {_plural(untested, 'MUST clause')} that this run did not decide, "
        f"{_plural(open_duties, 'duty', 'duties')} of Article 15 not tested, and {outside} that no endpoint test shows."
    )


def named(names: list[str]) -> str:
    """The first names of a list, with the number of the rest."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def _plural(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
