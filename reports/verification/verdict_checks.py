"""Verdicts recomputed from what a check recorded: its clauses, its cases, and the counterexamples that it shows.

What stands here holds for every release: a clause passes only by a case that holds and none that does not, and a check
is as bad as the worst of its clauses, unless something ended it before it could decide.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from harness.statistics.binomial import clopper_pearson
from harness.verdicts import Verdict
from reports.evidence import CheckResult, ClauseOutcome, Estimate

# With these something ends a check before it has decided; others follow from its clauses alone.
_ENDINGS = ("untestable", "inconclusive", "tool_error")
_EXACT, _TOLERANCE = "Clopper-Pearson", 1e-9
# A stranger's number beyond it is computed with by nobody.
_MOST = 10**9
_BROKEN, _HELD = ("fail", "warn"), ("pass", "not_applicable")


def verdict_contradictions(checks: list[CheckResult]) -> Iterator[str]:
    """Where a verdict does not follow from what is recorded beside it, a sentence each."""
    for check in checks:
        for text in (*_of_check(check), *_of_clauses(check)):
            yield f"check {check.id}: {text}"
        if check.estimate is not None:
            yield from (f"check {check.id}: {text}" for text in _of_estimate(check.estimate))


def _of_check(check: CheckResult) -> Iterator[str]:
    if not check.clauses:
        return
    worst = max((each.verdict for each in check.clauses), key=lambda name: Verdict(name).rank)
    if Verdict(check.verdict).rank < Verdict(worst).rank or (check.verdict not in (*_ENDINGS, worst)):
        yield f"its verdict is {check.verdict}, but the worst of its clauses is {worst}"
    clauses = {each.verdict for each in check.clauses}
    if not check.cases and "pass" in clauses:
        yield "one of its clauses passed, and it has no case"
    if not check.failures and not clauses.isdisjoint(_BROKEN):
        yield "one of its clauses is broken, and it counts no violation"
    if check.failures and all(each.verdict in _HELD and each.level != "may" for each in check.clauses):
        yield f"it counts {check.failures} violations, and none of its clauses is broken"


def _of_estimate(seen: Estimate) -> Iterator[str]:
    if not (0 <= seen.k <= seen.n <= _MOST and seen.n and 0 < seen.confidence < 1):
        yield f"its estimate is {seen.k} of {seen.n} at confidence {seen.confidence:g}"
    elif _EXACT in seen.method:
        due = clopper_pearson(seen.k, seen.n, seen.confidence)
        pairs = ((seen.lower, due.lower), (seen.upper, due.upper))
        if not all(math.isclose(*each, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE) for each in pairs):
            said = f"{seen.lower:g} and {seen.upper:g}"
            yield f"its bounds are {said}, but {seen.k} of {seen.n} give {due.lower:.6g} and {due.upper:.6g}"


def _of_clauses(check: CheckResult) -> Iterator[str]:
    shown = {clause for each in check.counterexamples for clause in each.clauses}
    for each in check.clauses:
        if each.clause in shown and _is_held(each):
            yield f"a counterexample shows {each.clause} broken, and its verdict is {each.verdict}"


def _is_held(clause: ClauseOutcome) -> bool:
    """Whether it counts as kept; what is merely allowed may be seen otherwise and passes."""
    return clause.verdict in _HELD and clause.level != "may"
