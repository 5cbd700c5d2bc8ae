"""What the report does not show, generated: every gap with its reason, grouped so that a person can read it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from harness.bundle.ledger import FINISHED
from harness.bundle.parts import SuiteRow
from harness.bundle.suites import listed_suites
from reports.document.clause_rows import UNDECIDED, is_untried
from reports.evidence import CheckResult, ClauseRow, DutyRow, GapKind, NotShown
from reports.journal.state import JournalState
from reports.text.sentences import sentences

K = TypeVar("K")
V = TypeVar("V")


def not_shown(
    recorded: JournalState, clauses: list[ClauseRow], duties: list[DutyRow], missing_exchanges: dict[str, str]
) -> list[NotShown]:
    """All gaps of the run, those that weigh most first."""
    parts = (
        _record(recorded, missing_exchanges),
        _duties(duties),
        _suites(recorded.checks, recorded.catalogue.suites),
        _transports(recorded, clauses),
        _models(recorded),
        _planned(recorded),
        _checks(recorded.checks),
        _clauses(recorded, clauses),
        [_gap("identity")],
        _people(recorded),
        _seals(recorded),
    )
    return [row for part in parts for row in part]


def _gap(kind: GapKind, **params: int | str | list[str]) -> NotShown:
    said = sentences()
    subject, reason = (said(f"not_shown.{kind}.{part}", **params) for part in ("subject", "reason"))
    return NotShown(subject=subject, reason=reason, kind=kind, params=params)


def _record(recorded: JournalState, missing: dict[str, str]) -> Iterator[NotShown]:
    if recorded.closed_at is None:
        yield _gap("run_end")
    for text in recorded.trouble:
        yield _gap("record", trouble=text)
    for trouble, digests in _grouped((trouble, digest) for digest, trouble in missing.items()):
        yield _gap("exchanges", digests=[digest[:12] for digest in digests], trouble=trouble)


def _duties(duties: list[DutyRow]) -> Iterator[NotShown]:
    silent = [duty for duty in duties if duty.state not in ("supported", "contradicted", "inconclusive")]
    groups = _grouped(((duty.paragraph, duty.state, duty.reason, duty.elsewhere), duty.id) for duty in silent)
    for (paragraph, _, why, elsewhere), ids in groups:
        article = _article(paragraph)
        if elsewhere:
            yield _gap("duties_elsewhere", paragraph=article, duties=ids, why=why, elsewhere=elsewhere)
        else:
            yield _gap("duties", paragraph=article, duties=ids, why=why)


def _article(paragraph: str) -> str:
    return paragraph.removeprefix("Article ").removeprefix("Art. ")


def _suites(checks: list[CheckResult], listed: list[SuiteRow]) -> Iterator[NotShown]:
    run = {check.suite for check in checks}
    for suite in listed_suites(listed):
        if suite.name not in run:
            yield _gap("suite", suite=suite.name, title=suite.title)


def _transports(recorded: JournalState, clauses: list[ClauseRow]) -> Iterator[NotShown]:
    """A transport without an address, with every clause that speaks of it alone: nobody looks for them elsewhere."""
    tried = recorded.opened.transports
    for name, rows in _grouped((clause.transport, clause) for clause in clauses if clause.verdict in UNDECIDED):
        if is_untried(name, tried):
            must = sum(clause.level == "must" for clause in rows)
            ids = [clause.id for clause in rows]
            if tried:
                yield _gap("transport", transport=name, tried=tried, clauses=ids, must=must)
            else:
                yield _gap("transport_alone", transport=name, clauses=ids, must=must)


def _models(recorded: JournalState) -> Iterator[NotShown]:
    tested = {check.model for check in recorded.checks}
    names = [name for name in recorded.plan.models if name not in tested and name.rpartition(":")[0] not in tested]
    if names:
        yield _gap("models", models=names)


def _planned(recorded: JournalState) -> Iterator[NotShown]:
    seen = {check.slug for check in recorded.checks}
    slugs = [check.slug for check in recorded.plan.checks if check.slug not in seen]
    if slugs:
        yield _gap("planned", checks=slugs)


def _checks(checks: list[CheckResult]) -> Iterator[NotShown]:
    kinds: tuple[tuple[str, GapKind], ...] = (
        ("untestable", "checks_untestable"),
        ("not_applicable", "checks_not_applicable"),
    )
    none = sentences()("reason.none_of_check")
    for verdict, kind in kinds:
        rows = [check for check in checks if check.verdict == verdict]
        for why, slugs in _grouped((check.reason or none, check.slug) for check in rows):
            yield _gap(kind, checks=list(dict.fromkeys(slugs)), why=why)


def _clauses(recorded: JournalState, clauses: list[ClauseRow]) -> Iterator[NotShown]:
    """One row per kind of reason; a transport is said once, as a whole.

    Checks write their reasons in words, as "kind: detail"; what stands before the colon is the kind.
    """
    none = sentences()("reason.none")
    silent = [(clause.reason or none, clause) for clause in clauses if clause.verdict in UNDECIDED]
    tried = recorded.opened.transports
    rows = [(reason, clause) for reason, clause in silent if not is_untried(clause.transport, tried)]
    for lead, pairs in _grouped((pair[0].partition(":")[0], pair) for pair in rows):
        details = "; ".join(_detail(reason, lead, members) for reason, members in _grouped(pairs))
        colon = "" if details.startswith("(") else ":"
        yield _gap(
            "clauses",
            clauses=[clause.id for _, clause in pairs],
            must=sum(clause.level == "must" for _, clause in pairs),
            why=f"{lead.rstrip('.')}{colon} {details}",
        )


def _detail(reason: str, lead: str, members: list[ClauseRow]) -> str:
    rest = reason.removeprefix(lead).lstrip(": ").rstrip(".")
    return f"{rest} ({sentences().listed([clause.id for clause in members])})".strip()


def _people(recorded: JournalState) -> Iterator[NotShown]:
    given = recorded.opened.report
    people = {"customer": given.customer, "operator": given.operator, "responsible": given.responsible}
    missing = [name for name, value in people.items() if not value]
    if missing:
        yield _gap("people", missing=missing)


def _seals(recorded: JournalState) -> Iterator[NotShown]:
    """What no run can show of itself: other runs, time, who made it."""
    sealed = recorded.plan.sealed
    if sealed is None:
        yield _gap("other_runs")
        yield _gap("no_seal")
    else:
        cut = {run: how for run, how in sealed.ended.items() if how != FINISHED}
        yield _gap(
            "runs_of_plan",
            number=sealed.number,
            earlier=sealed.number - 1,
            cut=len(cut),
            unended=len(sealed.unended),
            digest=sealed.sha256[:12],
        )
    yield _gap("time_mark")
    yield _gap("signer")


def _grouped(pairs: Iterable[tuple[K, V]]) -> list[tuple[K, list[V]]]:
    groups: dict[K, list[V]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return list(groups.items())
