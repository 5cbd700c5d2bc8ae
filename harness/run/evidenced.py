"""No finding without its evidence: what a check reports broken must rest on an exchange that reached the endpoint."""

from __future__ import annotations

from collections.abc import Collection

from harness.outcome import Outcome
from harness.verdicts import Verdict


def take_back(outcome: Outcome, unconnected: Collection[str]) -> str:
    """Turn what nothing shows into a defect of ours, clause by clause.

    Args:
        outcome: of a check that has ended; its clauses without evidence become ``unshown``.
        unconnected: references of exchanges whose connection could not be opened: nobody was asked, so they show
            nothing of any clause.

    Returns:
        What was taken back, in one sentence; empty where all is shown.
    """
    dropped = {each.clause for each in outcome.violations if each.exchange in unconnected}
    outcome.violations = [each for each in outcome.violations if each.exchange not in unconnected]
    for clause in outcome.levels:
        broken = [each for each in outcome.violations if each.clause == clause]
        failing = [each for each in broken if outcome.weight(each) is Verdict.FAIL]
        if (clause in dropped and not broken) or (failing and all(each.exchange is None for each in failing)):
            outcome.unshown.add(clause)
    if not outcome.unshown:
        return ""
    names = ", ".join(clause for clause in outcome.levels if clause in outcome.unshown)
    return f"{names}: reported broken without an exchange that reached the endpoint, which is a defect of the check"
