"""Clauses and checks in words, for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from harness.allowed import did_you_mean
from harness.run.accepting.requirements import folder, shipped
from harness.run.checks import load_checks


def clause_lines(area: str | None = None) -> Iterator[str]:
    """One line a clause: id, level, area, and its checks or the reason why there is none.

    Raises:
        LookupError: no such area; the message names those that there are.
    """
    registry, catalogue, _ = load_checks()
    areas = list(dict.fromkeys(clause.area for clause in catalogue.clauses.values()))
    if area is not None and area not in areas:
        raise LookupError(f"no area {area!r}{did_you_mean(area, areas)} (there are: {', '.join(areas)})")
    for clause in catalogue.clauses.values():
        if area is not None and clause.area != area:
            continue
        slugs = [check.slug for check in registry if clause.id in check.clauses]
        covered = ", ".join(slugs) or clause.reason or "no check yet"
        yield f"{clause.id:<16} {clause.level:<9} {clause.area:<17} {covered}"


def set_lines() -> Iterator[str]:
    """The requirement sets that ship, the newest last, each with what it leaves out.

    Raises:
        harness.tables.TableError: one of them is not as it must be.
    """
    registry, catalogue, _ = load_checks()
    for each in shipped(folder()):
        left = each.left_out(registry, catalogue)
        counted = f"{len(each.clauses)} clauses, {len(each.criteria)} criteria, {len(each.checks)} checks"
        yield f"{each.name}: of art15 {each.release}, counts {counted}; {len(left)} do not count"
        yield from (f"  {row.kind} {row.name}: {row.reason}" for row in left)
