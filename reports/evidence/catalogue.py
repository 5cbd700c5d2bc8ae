"""The clauses and duties that a run was held against, with what it says of each."""

from __future__ import annotations

from harness.bundle.parts import LawFact, LevelName, StandardFact, SuiteRow, VerdictName
from reports.evidence.record import DutyStateName, Record


class ClauseRow(Record, frozen=True, kw_only=True):
    """One clause of the protocol with what this run says of it."""

    id: str
    transport: str
    area: str
    level: LevelName
    text: str
    document: str
    section: str
    verdict: VerdictName | None
    checks: list[str]
    reason: str | None


class CatalogueInfo(Record, frozen=True, kw_only=True):
    """Which clauses and duties the run was held against."""

    digest: str
    protocol_commit: str
    clauses: list[ClauseRow]
    law: list[LawFact]
    standards: list[StandardFact] = []
    suites: list[SuiteRow] = []


class DutyRow(Record, frozen=True, kw_only=True):
    """One duty of Article 15 with what this run says of it and why no more.

    ``supported`` says that the observations are consistent with the duty: everything that it ``asks`` for was carried
    out, and each of the ``required`` checks that serve it ``held``, which is that it passed or does not apply.
    ``against`` names the clauses and criteria that were seen broken and stand for it.
    """

    id: str
    paragraph: str
    force: str
    text: str
    hook: str
    state: DutyStateName
    checks: list[str]
    can_show: str
    cannot_show: str
    reason: str
    elsewhere: str | None = None
    asks: str | None = None
    required: int = 0
    held: int = 0
    against: list[str] = []
