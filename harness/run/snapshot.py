"""The catalogue as the journal keeps it, so that a report made years later says what the run was held against."""

from __future__ import annotations

from typing import Any

from harness.clauses import Catalogue

CLAUSE = ("id", "transport", "area", "text", "document", "section", "reason")
DUTY = ("id", "paragraph", "force", "text", "hook", "can_show", "cannot_show", "testable", "elsewhere")
LAW = ("id", "text", "legal_basis", "source", "verified_on")


def snapshot(catalogue: Catalogue) -> dict[str, Any]:
    """The journal's ``catalogue`` event."""
    return {
        "digest": catalogue.digest,
        "protocol_commit": catalogue.protocol_commit,
        "clauses": [
            {**{name: getattr(clause, name) for name in CLAUSE}, "level": str(clause.level)}
            for clause in catalogue.clauses.values()
        ],
        "duties": [{name: getattr(duty, name) for name in DUTY} for duty in catalogue.duties.values()],
        "law": [{name: getattr(fact, name) for name in LAW} for fact in catalogue.law.values()],
    }
