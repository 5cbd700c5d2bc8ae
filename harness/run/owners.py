"""Which check owns a clause: its cure is told, whichever check met the clause broken first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from harness.bundle.parts import StandingName, Tally
from harness.check import REGISTRY, Check
from harness.outcome import Outcome
from harness.suite import suite_named
from harness.verdicts import Verdict, combine


def owner_of(clause: str, met_by: Check, checks: Iterable[Check] = REGISTRY) -> Check:
    """The check that decides a clause: it names the clause first, sends directly, and asks for the least beside it.

    Args:
        clause: id, ``policy:NAME`` or ``advice:NAME``.
        met_by: the check that met it broken, the owner where no other names the clause.
        checks: where to look.
    """
    if clause in met_by.beyond_clauses:
        return met_by  # what breaks a criterion is another thing in each check
    naming = [check for check in checks if clause in check.clauses]

    def distance(check: Check) -> tuple[bool, bool, int, bool, int]:
        suite = suite_named(check.suite)
        far = suite is None or not suite.protocol, check.kind == "search", check.clauses.index(clause)
        return *far, check.transport != met_by.transport, len(check.asked)

    return min(naming, key=distance, default=met_by)


def tallies(check: Check, outcome: Outcome, standings: Mapping[tuple[str, str], StandingName]) -> list[Tally]:
    """How often each root cause broke each clause: everything that a finding needs, however few cases are shown.

    Args:
        standings: of what fails the check, by clause and root.
    """
    counts = Counter((violation.clause, violation.root) for violation in outcome.violations)
    worst: dict[tuple[str, str], Verdict] = {}
    for violation in outcome.violations:
        place = violation.clause, violation.root
        worst[place] = combine([outcome.weight(violation), *([worst[place]] if place in worst else [])])
    rows = []
    for (clause, root), failures in counts.items():
        # A root that is a clause says what the mistake breaks where it is asked about alone.
        owner = owner_of(root if any(root in each.clauses for each in REGISTRY) else clause, check)
        cases = outcome.cases.get(clause, failures)
        rows.append(
            Tally(
                clause=clause,
                root=root,
                failures=failures,
                cases=cases,
                verdict=worst[clause, root].value,
                owner=owner.slug,
                cure=owner.fix or None,
                standing=standings.get((clause, root)),
            )
        )
    return rows
