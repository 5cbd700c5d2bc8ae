"""What the report does not show, generated: every gap with its reason, grouped so that a person can read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from harness.suite import suites
from reports.document.clause_rows import UNDECIDED
from reports.evidence import CheckResult, ClauseRow, DutyRow, Silence
from reports.journal.state import JournalState
from reports.text.labels import named, transport, untried

K = TypeVar("K")
V = TypeVar("V")


def not_shown(
    recorded: JournalState, clauses: list[ClauseRow], duties: list[DutyRow], missing_exchanges: dict[str, str]
) -> list[Silence]:
    """All gaps of the run, those that weigh most first."""
    parts = (
        _record(recorded, missing_exchanges),
        _duties(duties),
        _suites(recorded.checks),
        _transports(recorded, clauses),
        _models(recorded),
        _planned(recorded),
        _checks(recorded.checks),
        _clauses(recorded, clauses),
        _identity(),
        _people(recorded),
        _always(),
    )
    return [row for part in parts for row in part]


def _record(recorded: JournalState, missing: dict[str, str]) -> Iterator[Silence]:
    if recorded.closed_at is None:
        yield Silence(subject="The end of the run", reason="The run ended before its journal was closed.")
    for text in recorded.trouble:
        yield Silence(subject="A part of the record", reason=text)
    for reason, digests in _grouped((reason, digest) for digest, reason in missing.items()):
        yield Silence(subject=f"Recorded exchanges: {named([digest[:12] for digest in digests])}", reason=reason)


def _duties(duties: list[DutyRow]) -> Iterator[Silence]:
    silent = [duty for duty in duties if duty.state not in ("supported", "contradicted", "inconclusive")]
    groups = _grouped(((duty.paragraph, duty.state, duty.reason, duty.elsewhere), duty.id) for duty in silent)
    for (paragraph, _, reason, elsewhere), ids in groups:
        where = f" Where to look instead: {_sentence(elsewhere)}" if elsewhere else ""
        yield Silence(subject=f"Article {_article(paragraph)}: {', '.join(ids)}", reason=_sentence(reason) + where)


def _sentence(text: str) -> str:
    """The text with a capital letter at its beginning and a full stop at its end."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")


def _article(paragraph: str) -> str:
    return paragraph.removeprefix("Article ").removeprefix("Art. ")


def _suites(checks: list[CheckResult]) -> Iterator[Silence]:
    run = {check.suite for check in checks}
    for suite in suites():
        if suite.name not in run:
            yield Silence(subject=suite.title, reason=f"No check of the suite {suite.name} ran: not tried in this run.")


def _transports(recorded: JournalState, clauses: list[ClauseRow]) -> Iterator[Silence]:
    """A transport without an address, with every clause that speaks of it alone: nobody looks for them elsewhere."""
    tried = recorded.opened.transports
    names = " and ".join(map(transport, tried))
    over = f"This run went over {names}, and held clauses of both transports against it alone." if tried else ""
    for name, rows in _grouped((clause.transport, clause) for clause in clauses if clause.verdict in UNDECIDED):
        why = untried(name, tried)
        if why is not None:
            must = sum(clause.level == "must" for clause in rows)
            count = f"{len(rows)} clause{'s' if len(rows) > 1 else ''} of {transport(name)} alone, {must} of them MUST"
            ids = ", ".join(clause.id for clause in rows)
            reason = " ".join(part for part in (_sentence(why), over, f"{count}: {ids}.") if part)
            yield Silence(subject=f"Transport {transport(name)}", reason=reason)


def _models(recorded: JournalState) -> Iterator[Silence]:
    tested = {check.model for check in recorded.checks}
    names = [name for name in recorded.plan.models if name not in tested and name.rpartition(":")[0] not in tested]
    if names:
        yield Silence(
            subject=f"Models: {named(names)}", reason="Named in the plan, but no check of them gave a result."
        )


def _planned(recorded: JournalState) -> Iterator[Silence]:
    seen = {check.slug for check in recorded.checks}
    slugs = [check.slug for check in recorded.plan.checks if check.slug not in seen]
    if slugs:
        subject = f"Planned checks without a result: {named(slugs)}"
        yield Silence(subject=subject, reason="The run ended, or was told to leave them out, before they ran.")


def _checks(checks: list[CheckResult]) -> Iterator[Silence]:
    for verdict, words in (("untestable", "could not be carried out"), ("not_applicable", "do not apply")):
        rows = [check for check in checks if check.verdict == verdict]
        for reason, slugs in _grouped((check.reason or "No reason was recorded.", check.slug) for check in rows):
            yield Silence(subject=f"Checks that {words}: {named(list(dict.fromkeys(slugs)))}", reason=_sentence(reason))


def _clauses(recorded: JournalState, clauses: list[ClauseRow]) -> Iterator[Silence]:
    """One row per kind of reason, which is what stands before its colon; a transport is said once, as a whole."""
    silent = [(clause.reason or "no reason was recorded", clause) for clause in clauses if clause.verdict in UNDECIDED]
    tried = recorded.opened.transports
    rows = [(reason, clause) for reason, clause in silent if untried(clause.transport, tried) is None]
    for lead, pairs in _grouped((pair[0].partition(":")[0], pair) for pair in rows):
        must = sum(clause.level == "must" for _, clause in pairs)
        number = f"{len(pairs)} clause{'s' if len(pairs) > 1 else ''}"
        details = "; ".join(_detail(reason, lead, members) for reason, members in _grouped(pairs))
        colon = "" if details.startswith("(") else ":"
        reason = _sentence(f"{lead.rstrip('.')}{colon} {details}")
        yield Silence(subject=f"{number}, {must} of them MUST", reason=reason)


def _detail(reason: str, lead: str, members: list[ClauseRow]) -> str:
    rest = reason.removeprefix(lead).lstrip(": ").rstrip(".")
    return f"{rest} ({named([clause.id for clause in members])})".strip()


def _identity() -> Iterator[Silence]:
    yield Silence(
        subject="The model artefact",
        reason="No digest of the served artefact was obtained: the protocol carries none. The identity of the model is "
        "what the endpoint says of itself.",
    )


def _people(recorded: JournalState) -> Iterator[Silence]:
    given = recorded.opened.report
    missing = [
        name
        for name, value in (
            ("customer", given.customer),
            ("operator", given.operator),
            ("responsible persons", given.responsible),
        )
        if not value
    ]
    if missing:
        yield Silence(subject=f"People: {', '.join(missing)}", reason="Not stated in the policy of this run.")


def _always() -> Iterator[Silence]:
    yield Silence(
        subject="Other runs",
        reason="This is one run. Whether other runs of the same plan were made and not shown cannot be told here.",
    )
    yield Silence(
        subject="Who made this report",
        reason="The page never states a signature. Whoever knows the expected digest from another source can check it "
        "with art15 verify --expect-digest.",
    )


def _grouped(pairs: Iterable[tuple[K, V]]) -> list[tuple[K, list[V]]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return list(groups.items())
