"""The catalogue as the journal keeps it, so that a report made years later says what the run was held against."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from harness.bundle.events import CatalogueListed, CheckListed, ClauseListed, DutyListed
from harness.bundle.parts import LawFact, StandardFact
from harness.bundle.suites import suite_rows
from harness.check import Check
from harness.clauses import Catalogue

Listed = TypeVar("Listed", bound=msgspec.Struct)


def snapshot(catalogue: Catalogue, registered: Iterable[Check]) -> CatalogueListed:
    """The journal's ``catalogue`` event.

    Args:
        registered: every check there is, selected for the run or not. A duty is supported by all that serve it, so
            what was left out must be known as long as the bundle is.
    """
    return CatalogueListed(
        digest=catalogue.digest,
        protocol_commit=catalogue.protocol_commit,
        clauses=[_of(ClauseListed, clause) for clause in catalogue.clauses.values()],
        duties=[_of(DutyListed, duty) for duty in catalogue.duties.values()],
        against={row.id: list(row.duties) for row in catalogue.against.values()},
        checks=[_check(each) for each in registered if each.duties],
        law=[_of(LawFact, fact) for fact in catalogue.law.values()],
        standards=[_of(StandardFact, each) for each in catalogue.standards.values()],
        suites=suite_rows(),
    )


def _of(kind: type[Listed], row: object) -> Listed:
    """What the journal keeps of a row of the catalogue."""
    return msgspec.convert(row, kind, from_attributes=True)


def _check(check: Check) -> CheckListed:
    return CheckListed(
        slug=check.slug,
        suite=check.suite,
        transport=check.transport,
        per=check.per,
        allow=check.allow,
        duties=list(check.duties),
        # What allows every answer cannot speak for anything by passing.
        decides=not check.only_records,
    )
