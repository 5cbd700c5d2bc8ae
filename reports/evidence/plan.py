"""The plan, which is sealed before the first request."""

from __future__ import annotations

from typing import Any, Literal

from harness.bundle.parts import Kind, LeftOut
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


class SetUsed(Record, frozen=True, kw_only=True):
    """The requirement set that says what counts towards the exit code, and what it leaves out, with the reasons."""

    name: str
    sha256: str
    left_out: list[LeftOut] = []


class BaselineUsed(Record, frozen=True, kw_only=True):
    """The known findings that the run was given: the digest of their file, and how many there are."""

    sha256: str
    entries: int


class SealedBy(Record, frozen=True, kw_only=True):
    """The sealed plan under which a run took place, and the place of the run in its ledger.

    Attributes:
        sha256: of the file of the sealed plan.
        number: of this run among the runs of the plan, from 1.
        head: digest of the line of the ledger with which this run began.
        unended: ids of the runs before it that have no ending: under way then, or killed.
        ended: how the runs before it ended, by id.
        deviations: in what the run is otherwise than was planned.
    """

    sha256: str
    sealed_at: str
    number: int
    head: str
    unended: list[str]
    ended: dict[str, str]
    deviations: list[str]


class Plan(Record, frozen=True, kw_only=True):
    """Everything fixed before the first request; its digest stands in every line of the journal.

    ``requirements`` is missing in plans of earlier versions; ``sealed`` is there where the run was given a sealed plan.
    """

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
    requirements: SetUsed | None = None
    baseline: BaselineUsed | None = None
    sealed: SealedBy | None = None
