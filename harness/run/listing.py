"""Clauses and checks in words, for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from harness.allowed import did_you_mean
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


def explanation(slug: str) -> str:
    """What, why, clause, method and remedy of a check.

    Raises:
        LookupError: no such check; the message names the nearest one.
    """
    registry, catalogue, _ = load_checks()
    check = registry.checks.get(slug)
    if check is None:
        raise LookupError(f"no check {slug!r}{did_you_mean(slug, registry.checks)}")
    lines = [check.title, "", f"criterion: {check.criterion}", f"method: {check.method}"]
    for identity in check.clauses:
        clause = catalogue.clauses[identity]
        lines.append(f"clause {clause.id} ({clause.level}): {clause.text} [{clause.document}, {clause.section}]")
    for identity in check.duties:
        duty = catalogue.duties[identity]
        lines.append(f"duty {duty.id} (Article {duty.paragraph}): {duty.text}")
    lines += [f"needs: {', '.join(check.needs) or 'nothing'}", f"remedy: {check.fix or 'see the clause'}"]
    lines.append(f"shown to fail on: {', '.join(check.faults) or 'no seeded fault yet'}")
    return "\n".join(
        textwrap.fill(line, 110, subsequent_indent="    ", break_on_hyphens=False) if line else "" for line in lines
    )
