"""What two runs were not asked alike in: a reader sees by it how far they can be compared."""

from __future__ import annotations

from collections.abc import Iterator

from reports.document.excerpt import clip
from reports.evidence import Evidence
from reports.evidence.comparison import ConditionName, ConditionRow

SHOWN = 300


def conditions(a: Evidence, b: Evidence) -> list[ConditionRow]:
    """One row for each thing that differs, in the order in which it matters."""
    both = zip(_told(a), _told(b), strict=True)
    return [
        ConditionRow(what=what, a=clip(one, SHOWN), b=clip(other, SHOWN))
        for (what, one), (_, other) in both
        if one != other
    ]


def _told(document: Evidence) -> Iterator[tuple[ConditionName, str]]:
    plan, item, catalogue = document.plan, document.item, document.catalogue
    tester = document.tester
    yield "endpoint", item.endpoint
    yield "transports", ", ".join(sorted(item.transports))
    yield "tool", f"{tester.name} {tester.version} {tester.commit or ''}".strip()
    yield "clauses", catalogue.digest
    yield "protocol", catalogue.protocol_commit
    yield "policy", plan.policy_sha256 or ""
    yield "criteria", ", ".join(sorted(plan.criteria))
    yield "requirements", plan.requirements.name if plan.requirements else ""
    yield "profile", plan.profile
    yield "seed", str(plan.seed)
    yield "suites", ", ".join(sorted(plan.suites))
    yield "models", ", ".join(sorted(model.name for model in item.models))
    yield "selection", plan.selection
    yield "allow", ", ".join(sorted(plan.allow))
    yield "budget", ", ".join(f"{name} {value}" for name, value in sorted(plan.budget.items()))
    yield "decision_rule", plan.decision_rule
    yield "cut_short", document.report.cut_short_reason or ""
