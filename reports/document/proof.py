"""No FAIL without its evidence: the rule that binds every document, held when it is made and when it is verified.

A clause that failed has a counterexample whose exchange is in the bundle and reached the endpoint. A connection that
could not be opened asked nobody anything, so it is a case of no clause.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection

import msgspec

from harness.bundle.exchange import decode
from harness.bundle.places import RECORD
from harness.bundle.store import Store
from harness.verdicts import Verdict, combine
from reports.evidence import CheckResult, ClauseOutcome, Evidence, VerdictName
from reports.text.sentences import sentences

UNCONNECTED = "connect"
_MISSING, _UNREACHED = "which is not in the bundle", "which never reached the endpoint"


def proven(check: CheckResult, unconnected: Collection[str]) -> CheckResult:
    """The result with the exchange that shows each broken clause; what nothing shows is a tool error, not a finding.

    Args:
        check: as the journal has it.
        unconnected: digests of the exchanges whose connection could not be opened.
    """
    kept = [each for each in check.counterexamples if each.exchange not in unconnected]
    dropped = {clause for each in check.counterexamples if each.exchange in unconnected for clause in each.clauses}
    outcomes, lost = [], []
    for outcome in check.clauses:
        of_it = [each for each in kept if outcome.clause in each.clauses]
        exchange = next((each.exchange for each in of_it if each.exchange is not None), None)
        unshown = outcome.verdict == "warn" and outcome.clause in dropped and not of_it
        if unshown or (outcome.verdict == "fail" and exchange is None):
            lost.append(outcome.clause)
            outcomes.append(msgspec.structs.replace(outcome, verdict="tool_error"))
        elif outcome.verdict in ("fail", "warn"):
            outcomes.append(msgspec.structs.replace(outcome, exchange=exchange))
        else:
            outcomes.append(outcome)
    changed = msgspec.structs.replace(check, clauses=outcomes, counterexamples=kept)
    nothing = check.verdict == "fail" and not any(each.verdict == "fail" for each in check.clauses)
    if not lost and not nothing:
        return changed
    said = sentences()
    reason = said("finding.unproven", clauses=lost or [said("finding.the_check")])
    verdict = _without(check, outcomes)
    return msgspec.structs.replace(changed, verdict=verdict, reason=f"{reason} {check.reason}".strip())


def _without(check: CheckResult, outcomes: list[ClauseOutcome]) -> VerdictName:
    """The verdict of a check some of whose clauses are a tool error now."""
    own = [Verdict(check.verdict)] if check.verdict not in ("fail", "warn") else []
    verdicts = [*own, *(Verdict(each.verdict) for each in outcomes), Verdict.TOOL_ERROR]
    return combine(verdicts).value


def unproven(document: Evidence, store: Store) -> list[str]:
    """Where a document breaks the rule, one line each; ``store`` has the exchanges of its bundle."""
    return _lacking(document, functools.cache(lambda digest: _trouble(store, digest)))


def unshown(document: Evidence, records: Collection[str], unconnected: Collection[str]) -> list[str]:
    """The same where the records have been read already: digests of the whole ones, and of those that met nobody."""

    def trouble(digest: str) -> str | None:
        if digest not in records:
            return _MISSING
        return _UNREACHED if digest in unconnected else None

    return _lacking(document, trouble)


def _lacking(document: Evidence, trouble_of: Callable[[str], str | None]) -> list[str]:
    wrong = []
    for check in document.checks:
        shown: set[str] = set()
        for case in check.counterexamples:
            if case.exchange is None:
                continue
            trouble = trouble_of(case.exchange)
            if trouble is None:
                shown.update(case.clauses)
            else:
                wrong.append(f"check {check.id}: a counterexample rests on exchange {case.exchange[:12]}, {trouble}")
        failed = [outcome.clause for outcome in check.clauses if outcome.verdict == "fail"]
        wrong += [f"check {check.id}: {name} failed, and no exchange shows it" for name in failed if name not in shown]
        if check.verdict == "fail" and not failed:
            wrong.append(f"check {check.id}: failed, and none of its clauses did")
    return wrong


def _trouble(store: Store, digest: str) -> str | None:
    """Why an exchange shows nothing; None where it is in the bundle and reached the endpoint."""
    try:
        record = decode(store.get(digest, RECORD))
    except (OSError, ValueError):
        return _MISSING
    if record.error is not None and record.error.kind == UNCONNECTED:
        return _UNREACHED
    return None
