"""Holds the checks against the catalogue: every MUST is covered or says why not, and no name is invented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from harness.clauses.model import Catalogue
from harness.clauses.rows import nearest, stop
from harness.verdicts import Level


class CheckLike(Protocol):
    """What this module needs to know of a check."""

    @property
    def slug(self) -> str:
        """Identity of the check for ever."""

    @property
    def clauses(self) -> Sequence[str]:
        """Ids of the clauses that it decides."""

    @property
    def duties(self) -> Sequence[str]:
        """Ids of the duties that it is evidence for."""

    @property
    def builtin(self) -> bool:
        """Whether it ships with art15."""


def cross_check(catalogue: Catalogue, checks: Iterable[CheckLike]) -> None:
    """Nothing, where catalogue and checks fit one another.

    A third party's check may cover a clause that has a reason: the reason speaks of what ships.

    Raises:
        CatalogueError: a slug is used twice, a check names an unknown clause or duty or none at all, a MUST has
            neither check nor reason, or a clause with a built-in check still has one. One kind of problem is told
            at a time, up to ten lines of it, in this order.
    """
    known = list(checks)
    stop(_twice(known))
    stop(_unknown(catalogue, known))
    stop(f"check {check.slug!r} names neither a clause nor a duty" for check in known if not _names(check))
    covered = {clause for check in known for clause in check.clauses}
    stop(
        f"clause {clause.id} is a MUST and has neither a check nor a reason"
        for clause in catalogue.clauses.values()
        if clause.level is Level.MUST and clause.reason is None and clause.id not in covered
    )
    stop(
        f"clause {clause} has a stale reason ({catalogue.clauses[clause].reason}): check {check.slug!r} covers it"
        for check in known
        for clause in check.clauses
        if check.builtin and catalogue.clauses[clause].reason is not None
    )


def _names(check: CheckLike) -> Sequence[str]:
    return (*check.clauses, *check.duties)


def _twice(checks: Iterable[CheckLike]) -> Iterable[str]:
    counts = Counter(check.slug for check in checks)
    return [f"check {slug!r} is declared {count} times" for slug, count in counts.items() if count > 1]


def _unknown(catalogue: Catalogue, checks: Iterable[CheckLike]) -> list[str]:
    kinds = (("clause", catalogue.clauses), ("duty", catalogue.duties))
    return [
        f"check {check.slug!r} names the unknown {kind} {name!r}{nearest(name, right)}"
        for check in checks
        for (kind, right), names in zip(kinds, (check.clauses, check.duties), strict=True)
        for name in names
        if name not in right
    ]
