"""What everything that a run prints means: checks, clauses, criteria, causes of findings, duties; for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from harness.allowed import did_you_mean
from harness.check import Check, Registry
from harness.clauses import Catalogue, Clause, Duty
from harness.criteria import Advice, Criterion
from harness.run.checks import load_checks
from harness.run.owners import owner_of
from reports.causes import CONSEQUENCES, Cause, load_causes
from reports.text.sentences import sentences

WIDTH = 110
# Checks that are named of those that ask the same.
NAMED = 12


def explanation(name: str) -> str:
    """What a name stands for: a check (also with its model), a clause, a criterion, a cause, a duty, a consequence.

    Raises:
        LookupError: nothing has this name; the message says which name is near.
    """
    registry, catalogue, _ = load_checks()
    for explain in (_of_check, _of_clause, _of_criterion, _of_duty, _of_cause, _of_consequence):
        lines = explain(name.strip(), registry, catalogue)
        if lines:
            return _filled(lines)
    hint = did_you_mean(name, _names(registry, catalogue))
    kinds = "check, clause, criterion, cause of a finding, or duty"
    raise LookupError(f"nothing is called {name!r}{hint} (it takes the name of a {kinds})")


def _filled(lines: Iterable[str]) -> str:
    wrapped = (textwrap.fill(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False) if line else ""
               for line in lines)  # fmt: skip
    return "\n".join(wrapped)


def _names(registry: Registry, catalogue: Catalogue) -> list[str]:
    beyond = [name for each in (*Criterion, *Advice) for name in (each.clause, each.value)]
    return [*registry.checks, *catalogue.clauses, *beyond, *catalogue.duties, *load_causes().rows]


def _of_check(name: str, registry: Registry, catalogue: Catalogue) -> list[str]:
    check = registry.checks.get(name.removeprefix("check:").partition("[")[0])
    if check is None:
        return []
    lines = [check.title, "", f"criterion: {check.criterion}", f"method: {check.method}"]
    lines += [_clause_line(catalogue.clauses[identity]) for identity in check.clauses]
    beyond = (*[Criterion(each) for each in check.criteria], *[Advice(each) for each in check.advice])
    lines += [f"{each.clause}: {each.text}" for each in beyond]
    lines += [_duty_line(catalogue.duties[identity]) for identity in check.duties]
    lines += [f"needs: {', '.join(check.needs) or 'nothing'}", f"remedy: {check.fix or 'see the clause'}"]
    lines.append(f"shown to fail on: {', '.join(check.faults) or 'no seeded fault yet'}")
    return lines


def _of_clause(name: str, registry: Registry, catalogue: Catalogue) -> list[str]:
    clause = catalogue.clauses.get(name.upper())
    if clause is None:
        return []
    lines = [
        clause.text,
        "",
        f"clause {clause.id} ({clause.level}, {clause.area}): {clause.document}, {clause.section}",
    ]
    lines += [f"how it is observed: {clause.probe}", f"what breaks it, for one: {clause.violation}"]
    if clause.note:
        lines.append(f"note: {clause.note}")
    return [*lines, *_asked_by(clause.id, registry, clause.reason), *_finding_line(clause.id)]


def _of_criterion(name: str, registry: Registry, _: Catalogue) -> list[str]:
    found = next((each for each in (*Criterion, *Advice) if name in (each.clause, each.value)), None)
    if found is None:
        return []
    if isinstance(found, Criterion):
        counts = "a criterion of the policy: breaking it fails, whatever the protocol says"
    else:
        counts = "good practice that no clause asks for: breaking it warns"
    return [f"{found.text}.", "", f"{found.clause} is {counts}", *_asked_by(found.clause, registry, None)]


def _of_duty(name: str, registry: Registry, catalogue: Catalogue) -> list[str]:
    duties: dict[str, Duty] = {each.lower(): duty for each, duty in catalogue.duties.items()}
    duty = duties.get(name.lower())
    if duty is None:
        return []
    slugs = [check.slug for check in registry if duty.id in check.duties]
    lines = [duty.text, "", f"duty {duty.id} (Article {duty.paragraph}): {duty.hook}"]
    lines += [f"what a test of an endpoint can show: {duty.can_show}", f"what it cannot: {duty.cannot_show}"]
    return [*lines, *([f"see instead: {duty.elsewhere}"] if duty.elsewhere else []), f"checks: {_listed(slugs)}"]


def _of_cause(name: str, registry: Registry, catalogue: Catalogue) -> list[str]:
    causes = load_causes()
    cause = causes.rows.get(name) or causes.rows.get(name.partition(":")[0])
    if cause is None:
        found = causes.find(name)
        cause = found[0] if found is not None else None
    if cause is None:
        return []
    lines = [f"{_sentence(cause)}.", "", f"cause {cause.id}: one finding, in however many checks it shows"]
    lines.append(f"consequence: {sentences()(f'consequence_meaning.{cause.consequence}')}")
    if cause.clause is not None and cause.clause in catalogue.clauses:
        lines.append(_clause_line(catalogue.clauses[cause.clause]))
    remedy = cause.cure or _cure(cause, registry)
    lines += [f"remedy: {remedy}"] if remedy else []
    lines += [f"takes with it, where they break as well: {', '.join(cause.explains)}"] if cause.explains else []
    return lines


def _sentence(cause: Cause) -> str:
    return cause.title.replace("{", "").replace("}", "")


def _cure(cause: Cause, registry: Registry) -> str:
    asking: list[Check] = [check for check in registry if cause.clause in check.asked or check.slug == cause.id]
    return owner_of(cause.clause, asking[0], registry).fix if asking and cause.clause else ""


def _meaning(consequence: str) -> str:
    return sentences()(f"consequence_meaning.{consequence}")


def _of_consequence(name: str, _: Registry, __: Catalogue) -> list[str]:
    word = name.lower().replace(" ", "_").replace("-", "_")
    return [f"{_meaning(word)}."] if word in CONSEQUENCES else []


def _asked_by(name: str, registry: Registry, reason: str | None) -> list[str]:
    asking = [check for check in registry if name in check.asked]
    if not asking:
        return [f"checks: none ({reason or 'no check yet'})"]
    cure = owner_of(name, asking[0], registry).fix
    return [f"checks: {_listed([check.slug for check in asking])}", *([f"remedy: {cure}"] if cure else [])]


def _finding_line(clause: str) -> list[str]:
    found = load_causes().find(clause)
    return [f"where it is broken: {_sentence(found[0])} (consequence: {_meaning(found[0].consequence)})"
            ] if found is not None else []  # fmt: skip


def _listed(slugs: list[str]) -> str:
    rest = f" and {len(slugs) - NAMED} more" if len(slugs) > NAMED else ""
    return (", ".join(slugs[:NAMED]) + rest) or "none"


def _clause_line(clause: Clause) -> str:
    return f"clause {clause.id} ({clause.level}): {clause.text} [{clause.document}, {clause.section}]"


def _duty_line(duty: Duty) -> str:
    return f"duty {duty.id} (Article {duty.paragraph}): {duty.text}"
