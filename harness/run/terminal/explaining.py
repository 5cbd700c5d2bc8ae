"""What everything that a run prints means: checks, clauses, criteria, causes of findings, duties; for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.allowed import did_you_mean
from harness.check import Check, Registry
from harness.clauses import Catalogue, Clause, Duty
from harness.criteria import Advice, Criterion
from harness.run.checks import load_checks
from harness.run.method_validation import faults_found
from harness.run.owners import owner_of
from reports.causes import CONSEQUENCES, Cause, load_causes
from reports.text.quoted import translated
from reports.text.sentences import DEFAULT, Sentences, begun, sentences

WIDTH = 110
# Checks that are named of those that ask the same.
NAMED = 12


def explanation(name: str, said: Sentences | None = None) -> str:
    """What a name stands for: a check (also with its model), a clause, a criterion, a cause, a duty, a consequence.

    Args:
        said: the sentences of the language; by default of ours. Clauses, and what a check asks and how, are in English.

    Raises:
        LookupError: nothing has this name; the message says which name is near.
    """
    registry, catalogue, _ = load_checks()
    book = _Meanings(said or sentences(), registry, catalogue)
    for explain in (
        book.of_check, book.of_clause, book.of_criterion, book.of_duty, book.of_cause, book.of_consequence,
    ):  # fmt: skip
        lines = explain(name.strip())
        if lines:
            return _filled([*lines, *book.note()])
    hint = did_you_mean(name, _names(registry, catalogue))
    raise LookupError(book.said("explain.nothing", name=repr(name), hint=hint))


def _filled(lines: Iterable[str]) -> str:
    wrapped = (textwrap.fill(line, WIDTH, subsequent_indent="    ", break_on_hyphens=False) if line else ""
               for line in lines)  # fmt: skip
    return "\n".join(wrapped)


def _names(registry: Registry, catalogue: Catalogue) -> list[str]:
    beyond = [name for each in (*Criterion, *Advice) for name in (each.clause, each.value)]
    return [*registry.checks, *catalogue.clauses, *beyond, *catalogue.duties, *load_causes().rows]


@dataclass(frozen=True, slots=True)
class _Meanings:
    """What there is to explain, and the language in which."""

    said: Sentences
    registry: Registry
    catalogue: Catalogue

    def note(self) -> list[str]:
        """What of it is in English, where the rest is not."""
        return [] if self.said.code == DEFAULT else ["", self.said("explain.in_english")]

    def of_check(self, name: str) -> list[str]:
        """A check, by its slug or the id of one of its results."""
        said, check = self.said, self.registry.checks.get(name.removeprefix("check:").partition("[")[0])
        if check is None:
            return []
        lines = [check.title, "", said("explain.criterion", text=check.criterion)]
        lines.append(said("explain.method", text=check.method))
        lines += [self._clause_line(self.catalogue.clauses[identity]) for identity in check.clauses]
        beyond = (*[Criterion(each) for each in check.criteria], *[Advice(each) for each in check.advice])
        lines += [f"{each.clause}: {self._told(each.text)}" for each in beyond]
        lines += [self._duty_line(self.catalogue.duties[identity]) for identity in check.duties]
        lines.append(said("explain.needs", text=", ".join(check.needs) or said("explain.nothing_needed")))
        lines.append(said("explain.remedy", text=self._told(check.fix) or said("explain.see_clause")))
        found = faults_found(check)
        lines.append(said("explain.faults", text=", ".join(found) or said("explain.no_fault")))
        if named := [each for each in check.faults if each not in found]:
            lines.append(said("explain.faults_named", text=", ".join(named)))
        return lines

    def of_clause(self, name: str) -> list[str]:
        """A clause of the protocol."""
        said, clause = self.said, self.catalogue.clauses.get(name.upper())
        if clause is None:
            return []
        where = {"document": clause.document, "section": clause.section, "level": clause.level, "area": clause.area}
        lines = [clause.text, "", said("explain.clause_of", id=clause.id, **where)]
        lines += [said("explain.observed", text=clause.probe), said("explain.broken_by", text=clause.violation)]
        if clause.note:
            lines.append(said("explain.note", text=clause.note))
        return [*lines, *self._asked_by(clause.id, clause.reason), *self._finding_line(clause.id)]

    def of_criterion(self, name: str) -> list[str]:
        """A criterion of the policy, or advice."""
        found = next((each for each in (*Criterion, *Advice) if name in (each.clause, each.value)), None)
        if found is None:
            return []
        kind = "criterion" if isinstance(found, Criterion) else "advice"
        counts = self.said(f"explain.is_{kind}", name=found.clause)
        return [f"{self._told(found.text)}.", "", counts, *self._asked_by(found.clause, None)]

    def of_duty(self, name: str) -> list[str]:
        """A duty of Article 15."""
        said = self.said
        duties: dict[str, Duty] = {each.lower(): duty for each, duty in self.catalogue.duties.items()}
        duty = duties.get(name.lower())
        if duty is None:
            return []
        slugs = [check.slug for check in self.registry if duty.id in check.duties]
        lines = [
            self._told(duty.text),
            "",
            said("explain.duty_of", id=duty.id, paragraph=duty.paragraph, hook=duty.hook),
        ]
        lines.append(said("explain.can_show", text=self._told(duty.can_show)))
        lines.append(said("explain.cannot_show", text=self._told(duty.cannot_show)))
        elsewhere = [said("explain.elsewhere", text=self._told(duty.elsewhere))] if duty.elsewhere else []
        return [*lines, *elsewhere, said("explain.checks", text=self._listed(slugs))]

    def of_cause(self, name: str) -> list[str]:
        """A cause of findings, by its id or by what a check records."""
        said, causes = self.said, load_causes()
        cause = causes.rows.get(name) or causes.rows.get(name.partition(":")[0])
        if cause is None:
            found = causes.find(name)
            cause = found[0] if found is not None else None
        if cause is None:
            return []
        lines = [f"{self._sentence(cause)}.", "", said("explain.cause", id=cause.id)]
        lines.append(said("explain.consequence", text=self._meaning(cause.consequence)))
        if cause.clause is not None and cause.clause in self.catalogue.clauses:
            lines.append(self._clause_line(self.catalogue.clauses[cause.clause]))
        remedy = cause.cure or self._cure(cause)
        lines += [said("explain.remedy", text=self._told(remedy))] if remedy else []
        lines += [said("explain.explains", names=cause.explains)] if cause.explains else []
        return lines

    def of_consequence(self, name: str) -> list[str]:
        """What a finding means for who uses the endpoint."""
        word = name.lower().replace(" ", "_").replace("-", "_")
        return [f"{begun(self._meaning(word))}."] if word in CONSEQUENCES else []

    def _told(self, text: str) -> str:
        return translated(self.said, text)

    def _sentence(self, cause: Cause) -> str:
        return self._told(cause.title).replace("{", "").replace("}", "")

    def _cure(self, cause: Cause) -> str:
        asking: list[Check] = [
            check for check in self.registry if cause.clause in check.asked or check.slug == cause.id
        ]
        return owner_of(cause.clause, asking[0], self.registry).fix if asking and cause.clause else ""

    def _meaning(self, consequence: str) -> str:
        return self.said(f"consequence_meaning.{consequence}")

    def _asked_by(self, name: str, reason: str | None) -> list[str]:
        said, asking = self.said, [check for check in self.registry if name in check.asked]
        if not asking:
            return [said("explain.no_check", why=self._told(reason) if reason else said("explain.no_check_yet"))]
        cure = owner_of(name, asking[0], self.registry).fix
        remedy = [said("explain.remedy", text=self._told(cure))] if cure else []
        return [said("explain.checks", text=self._listed([check.slug for check in asking])), *remedy]

    def _finding_line(self, clause: str) -> list[str]:
        found = load_causes().find(clause)
        if found is None:
            return []
        meaning = self._meaning(found[0].consequence)
        return [self.said("explain.where_broken", title=self._sentence(found[0]), consequence=meaning)]

    def _listed(self, slugs: Sequence[str]) -> str:
        return self.said.listed(slugs, NAMED) or self.said("format.none")

    def _clause_line(self, clause: Clause) -> str:
        where = {"document": clause.document, "section": clause.section, "level": clause.level}
        return self.said("explain.clause", id=clause.id, text=clause.text, **where)

    def _duty_line(self, duty: Duty) -> str:
        return self.said("explain.duty", id=duty.id, paragraph=duty.paragraph, text=self._told(duty.text))
