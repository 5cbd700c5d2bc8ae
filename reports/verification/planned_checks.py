"""What a document copies from plan and journal, and whether the run kept to its plan, of any release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.clauses import load as load_catalogue
from harness.record.bodies import REPLACEMENT
from reports.evidence import Evidence
from reports.journal.state import PLAN, JournalState
from reports.verification.limit_checks import limit_contradictions, rows_of


def copy_contradictions(document: Evidence, recorded: JournalState) -> Iterator[str]:
    """Where the document says otherwise what it has from plan or journal, a sentence each."""
    opened, target, listed = recorded.opened, recorded.target, recorded.catalogue
    report, item, run, catalogue = document.report, document.item, document.run, document.catalogue
    totals = recorded.exchanges
    declared = {name: value for name, value in opened.declared.items() if value is not None}
    pairs = {
        "plan": (document.plan, recorded.plan),
        "tester": (document.tester, opened.tester),
        "report.id": (report.id, opened.run_id),
        **{f"report.{name}": (getattr(report, name), getattr(opened.report, name)) for name in _GIVEN},
        **{f"item.{name}": (getattr(item, name), getattr(opened, name)) for name in _ADDRESSED},
        **{f"item.{name}": (getattr(item, name), getattr(target, name)) for name in _SEEN},
        "item.declared": (item.declared, declared),
        "item.models": ([each.name for each in item.models], [each.name for each in recorded.models]),
        **{f"catalogue.{name}": (getattr(catalogue, name), getattr(listed, name)) for name in _LISTED},
        "catalogue.clauses": (_of(catalogue.clauses, _CLAUSE), _of(listed.clauses, _CLAUSE)),
        "duties": (_of(document.duties, _DUTY), _of(listed.duties, _DUTY)),
        "run.config_given": (run.config_given, opened.config_given),
        "run.config_defaulted": (run.config_defaulted, opened.config_defaulted),
        "run.deviations": (run.deviations, recorded.deviations),
        "run.self_check": (run.self_check, recorded.self_check),
        "run.baseline": (run.baseline, recorded.baseline),
        "run.redactions": (run.redactions, totals.redactions),
        "run.first_request": (run.first_request, totals.first),
        "run.last_request": (run.last_request, totals.last),
    }
    yield from (f"its {name} is not that of plan and journal" for name, (said, held) in pairs.items() if said != held)


_GIVEN = ("title", "customer", "operator", "responsible", "replaces", "place")
_ADDRESSED = ("endpoint", "authority", "transports")
_SEEN = ("server_name", "server_version", "extensions")
_LISTED = ("digest", "protocol_commit", "law", "standards", "suites")
_CLAUSE = ("id", "transport", "area", "level", "text", "document", "section")
_DUTY = ("id", "paragraph", "force", "text", "hook", "can_show", "cannot_show", "elsewhere", "asks")


def _of(rows: list[Any], members: tuple[str, ...]) -> list[tuple[object, ...]]:
    return [tuple(getattr(row, name) for name in members) for row in rows]


def plan_contradictions(recorded: JournalState) -> Iterator[tuple[str, str]]:
    """Where a run was otherwise than its plan, a sentence each, with the file that says so."""
    plan, opened = recorded.plan, recorded.opened
    for name, planned, done in (
        ("run", plan.run_id, opened.run_id),
        ("endpoint", plan.endpoint, opened.endpoint),
        ("catalogue", plan.catalogue_digest, recorded.catalogue.digest),
    ):
        if planned != done:
            yield PLAN, f"is of another {name} than the journal: {planned!r:.80}, there {done!r:.80}"
    slugs = {check.slug for check in plan.checks}
    unplanned = [each.slug for each in recorded.planned or [] if each.slug and each.slug not in slugs]
    if unplanned:
        yield PLAN, f"does not plan the check {unplanned[0]}, which was carried out"
    waivers = {(str(row.get("slug")), str(row.get("expires"))) for row in rows_of(plan.policy, "waivers")}
    for check in recorded.checks:
        if check.waiver is not None and (check.waiver.slug, check.waiver.expires) not in waivers:
            yield PLAN, f"has no waiver for {check.id}, and its result has one"
    yield from ((PLAN, text) for text in limit_contradictions(recorded))


def catalogue_contradictions(recorded: JournalState) -> Iterator[str]:
    """Where clauses and duties of the journal are not those of this release, whose digest it names; a sentence each."""
    ours, listed = load_catalogue(), recorded.catalogue
    if listed.digest != ours.digest:
        return
    against = {row.id: [*row.duties] for row in ours.against.values()}
    pairs = (
        ("clauses", _of(listed.clauses, _CLAUSE), _of([*ours.clauses.values()], _CLAUSE)),
        ("duties", _of(listed.duties, _DUTY), _of([*ours.duties.values()], _DUTY)),
        ("duties that clauses speak against", listed.against, against),
    )
    for name, said, held in pairs:
        if not same_but_for_secrets(said, held):
            yield f"its {name} are not those of the catalogue whose digest it names"


def same_but_for_secrets(said: object, held: object) -> bool:
    """Whether words are those of the catalogue, but for what was taken out of them as a secret of the run.

    A token may be made of words that stand in the catalogue as well.
    """
    if isinstance(said, str) and isinstance(held, str):
        return said == held or (REPLACEMENT in said and _is_part(said.split(REPLACEMENT), held))
    if isinstance(said, list | tuple) and isinstance(held, list | tuple):
        return len(said) == len(held) and all(map(same_but_for_secrets, said, held))
    if isinstance(said, dict) and isinstance(held, dict):
        return same_but_for_secrets([*said.items()], [*held.items()])
    return said == held


def _is_part(pieces: list[str], whole: str) -> bool:
    """Whether the pieces stand in the whole in this order, the first at its beginning and the last at its end."""
    at = len(pieces[0])
    if not whole.startswith(pieces[0]):
        return False
    for piece in pieces[1:-1]:
        found = whole.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return len(whole) - len(pieces[-1]) >= at and whole.endswith(pieces[-1])
