"""The plan, which is sealed before the first request."""

from __future__ import annotations

from typing import Any, Literal

from harness.bundle.parts import Kind
from reports.evidence.record import Record


class PlannedCheck(Record, frozen=True, kw_only=True):
    """A check as the plan fixed it before the first request."""

    slug: str
    suite: str
    clauses: list[str]
    duties: list[str]
    criterion: str
    kind: Kind
    per: Literal["server", "model"]
    needs: list[str]


class Plan(Record, frozen=True, kw_only=True):
    """Everything fixed before the first request; its digest stands in every line of the journal."""

    schema_version: str
    run_id: str
    sealed_at: str
    endpoint: str
    profile: str
    seed: int
    suites: list[str]
    models: list[str]
    selection: str
    allow: list[str]
    budget: dict[str, float | int | None]
    decision_rule: str
    criteria: list[str]
    policy: dict[str, Any]
    policy_sha256: str | None
    catalogue_digest: str
    checks: list[PlannedCheck]
