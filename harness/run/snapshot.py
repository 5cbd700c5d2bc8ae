"""The catalogue as the journal keeps it, so that a report made years later says what the run was held against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.check import Check
from harness.clauses import Catalogue

CLAUSE = ("id", "transport", "area", "text", "document", "section", "reason")
DUTY = ("id", "paragraph", "force", "text", "hook", "can_show", "cannot_show", "testable", "elsewhere")
CONDITIONS = ("asks", "suites", "passed", "declared", "several_runs")
LAW = ("id", "text", "legal_basis", "source", "verified_on")


def snapshot(catalogue: Catalogue, registered: Iterable[Check]) -> dict[str, Any]:
    """The journal's ``catalogue`` event.

    Args:
        registered: every check there is, selected for the run or not. A duty is supported by all that serve it, so
            what was left out must be known as long as the bundle is.
    """
    return {
        "digest": catalogue.digest,
        "protocol_commit": catalogue.protocol_commit,
        "clauses": [
            {**{name: getattr(clause, name) for name in CLAUSE}, "level": str(clause.level)}
            for clause in catalogue.clauses.values()
        ],
        "duties": [{name: getattr(duty, name) for name in (*DUTY, *CONDITIONS)} for duty in catalogue.duties.values()],
        "against": {row.id: list(row.duties) for row in catalogue.against.values()},
        "checks": [_check(each) for each in registered if each.duties],
        "law": [{name: getattr(fact, name) for name in LAW} for fact in catalogue.law.values()],
    }


def _check(check: Check) -> dict[str, Any]:
    return {
        "slug": check.slug,
        "suite": check.suite,
        "transport": check.transport,
        "per": check.per,
        "allow": check.allow,
        "duties": list(check.duties),
        # What allows every answer cannot speak for anything by passing.
        "decides": not check.only_records,
    }
