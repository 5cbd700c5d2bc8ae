"""The first screen in a language: facts, statements and what is not shown, from their kinds and parameters.

Documents of earlier releases have no kinds: their sentences stand as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reports.document.clause_rows import is_untried
from reports.evidence import Evidence, Fact, NotShown, Params, Statement
from reports.page.marks import NEUTRAL, STATEMENTS, Mark
from reports.text.quoted import quoted, translated
from reports.text.sentences import Sentences

Told = Callable[[Sentences, str], str | None]


@dataclass(frozen=True, slots=True)
class StatementView:
    """A statement with its sign; ``lead`` are the words that it begins with."""

    kind: str | None
    mark: Mark
    lead: str
    text: str


def facts(document: Evidence, said: Sentences) -> list[tuple[Fact, str, str]]:
    """What matters whatever the checks say, each with the words that it begins with and the rest of it."""
    told = ((fact, _led(said, "fact", fact.kind, fact.params, fact.text)) for fact in document.run.facts)
    return [(fact, *led) for fact, led in told]


def statements(document: Evidence, said: Sentences) -> list[StatementView]:
    """The first screen: the statements of the summary; where it is silent, also over what nothing was tested."""
    summary = document.summary
    if not summary.kinds:
        return [StatementView(None, NEUTRAL, "", text) for text in summary.statements]
    kinds = [each.kind for each in summary.kinds]
    place = kinds.index("silent") + 1 if "silent" in kinds else len(kinds)
    shown = [*summary.kinds[:place], *_transports(document), *summary.kinds[place:]]
    return [
        StatementView(each.kind, STATEMENTS[each.kind], *_led(said, "statement", each.kind, each.params, ""))
        for each in shown
    ]


def spoken(said: Sentences, statement: Statement) -> str:
    """A statement in one piece."""
    return " ".join(_led(said, "statement", statement.kind, statement.params, ""))


def gaps(document: Evidence, said: Sentences) -> list[tuple[str, str]]:
    """What is not shown, as ``(subject, reason)``."""
    return [gap(said, row, quoted) for row in document.silence]


def gap(said: Sentences, row: NotShown, told: Told = translated) -> tuple[str, str]:
    """One of them; ``told`` are the words of the language for what is in English."""
    if row.kind is None:
        return told(said, row.subject) or "", told(said, row.reason) or ""
    begin, params = f"not_shown.{row.kind}", _in_language(said, row.params, told)
    return said(f"{begin}.subject", **params), said(f"{begin}.reason", **params)


def _led(said: Sentences, table: str, kind: str | None, params: Params, text: str) -> tuple[str, str]:
    """A sentence with the words that it begins with apart; as it is, in a document without kinds."""
    return said.led(table, kind, _in_language(said, params, translated)) if kind else ("", translated(said, text))


def _in_language(said: Sentences, params: Params, told: Told) -> Params:
    """Reasons, rules and titles that were recorded in English, as far as the language has words for them."""
    return {
        name: told(said, value) or "" if isinstance(value, str) and " " in value else value
        for name, value in params.items()
    }


def _transports(document: Evidence) -> Iterator[Statement]:
    tried, rows = document.item.transports, document.catalogue.clauses
    if tried:
        yield Statement(kind="tested_over", params={"transports": tried})
    for name in dict.fromkeys(row.transport for row in rows):
        if is_untried(name, tried):
            alone = [row for row in rows if row.transport == name]
            must = sum(row.level == "must" for row in alone)
            params: Params = {"transport": name, "clauses": len(alone), "must": must}
            yield Statement(kind="transport_untested", params=params)
