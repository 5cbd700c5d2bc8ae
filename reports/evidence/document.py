"""The whole document, its findings and its first screen."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.bundle.accuracy import AccuracyRecord
from harness.bundle.attacks import AttacksRecord
from harness.bundle.drills import DrillRecord
from harness.bundle.fingerprints import Fingerprint
from harness.bundle.parts import StandingName, Tester, VerdictName
from harness.bundle.provenance import ProvenanceChain
from harness.bundle.robustness import RobustnessRecord
from reports.evidence.catalogue import CatalogueInfo, DutyRow
from reports.evidence.checks import CheckResult
from reports.evidence.item import Item, ReportInfo
from reports.evidence.plan import Plan
from reports.evidence.record import ConsequenceName, Record
from reports.evidence.run import Run
from reports.evidence.statements import NotShown, PlainAnswer, Statement
from reports.evidence.sums import Sums


class Finding(Record, frozen=True, kw_only=True):
    """One cause, with everything that it touches.

    Attributes:
        root: identity of the cause, which ``art15 explain`` knows.
        verdict: how much it counts, the worst of all that it touches.
        title: what is wrong, in one sentence.
        consequence: what it means for who uses the endpoint; None where nothing was found, and nothing decided.
        cure: how a server usually mends it, by the check that decides the clause of the cause.
        roots: what the checks recorded it under.
        transports, versions: over which, and in which versions that requests asked for, it was seen.
        also: what follows from it and was seen as well, a sentence each.
        standing: of what fails: ``new``, or all of it ``known`` by the baseline, or outside of the requirement set.
    """

    root: str
    verdict: VerdictName
    title: str
    checks: list[str]
    clauses: list[str]
    models: list[str]
    consequence: ConsequenceName | None = None
    cure: str | None = None
    roots: list[str] = []
    transports: list[str] = []
    versions: list[str] = []
    also: list[str] = []
    standing: StandingName | None = None


class Summary(Record, frozen=True, kw_only=True):
    """Counts and the sentences of the first screen; no score.

    ``kinds`` says each of the statements again, as kind and parameters, ``answers`` what the report says to plain
    questions; earlier documents have none.
    """

    verdicts: dict[str, int]
    clause_verdicts: dict[str, int]
    must_untested: int
    findings: list[Finding]
    statements: list[str]
    kinds: list[Statement] = []
    answers: list[PlainAnswer] = []


class Evidence(Record, frozen=True, kw_only=True):
    """The whole document."""

    schema_version: str
    report: ReportInfo
    item: Item
    tester: Tester
    catalogue: CatalogueInfo
    plan: Plan
    run: Run
    checks: list[CheckResult]
    series: list[dict[str, Any]]
    drills: list[DrillRecord] = []
    accuracy: list[AccuracyRecord] = []
    robustness: list[RobustnessRecord] = []
    provenance: list[ProvenanceChain] = []
    fingerprints: list[Fingerprint] = []
    attacks: list[AttacksRecord] = []
    duties: list[DutyRow]
    silence: list[NotShown]
    summary: Summary
    sums: Sums | None = None


def decode(data: bytes) -> Evidence:
    """Read ``evidence.json``; unknown members and wrong types are errors that name their path."""
    return msgspec.json.decode(data, type=Evidence)
