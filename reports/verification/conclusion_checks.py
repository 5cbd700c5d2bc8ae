"""What a document concludes, held against the checks in it: clauses, duties, findings, statements of the first screen.

Every release concludes by these rules, so whoever made a document, a conclusion that breaks one is no conclusion from
its checks. Why a duty is not decided, and in which words anything is said, is left to making the document again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from harness.bundle.events import CatalogueListed
from harness.verdicts import Verdict, combine
from reports.evidence import CheckResult, ClauseRow, DutyRow, Evidence

_SILENT = ("untestable", "not_applicable")
_UNDECIDED = (None, "untestable")
_HELD = ("pass", "not_applicable")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What was found of one clause, made once for each: a stranger's document may name one in very many rows.

    Attributes:
        checks: those that saw it.
        due: the verdicts that the clause may have.
        failed: whether a check saw it broken.
    """

    checks: set[str]
    due: set[str]
    failed: bool


def conclusion_contradictions(document: Evidence, listed: CatalogueListed) -> Iterator[str]:
    """Where a conclusion does not follow from what stands beside it, a sentence each.

    Args:
        listed: the catalogue of the journal, which says what each clause speaks against.
    """
    outcomes = _outcomes(document.checks)
    for row in document.catalogue.clauses:
        yield from (f"clause {row.id}: {text}" for text in _clause(row, outcomes.get(row.id)))
    failed = {name for name, found in outcomes.items() if found.failed}
    beside = _beside(document, failed)
    for duty in document.duties:
        yield from (f"duty {duty.id}: {text}" for text in _duty(duty, beside))
    yield from _unspoken(document, listed, failed)
    yield from _findings(document)
    yield from _statements(document)
    untested = sum(row.level == "must" and row.verdict in _UNDECIDED for row in document.catalogue.clauses)
    if document.summary.must_untested != untested:
        yield f"says that {document.summary.must_untested} MUST clauses are not decided, and {untested} are not"
    yield from _identities(document)


def _outcomes(checks: list[CheckResult]) -> dict[str, _Outcome]:
    """What was found of each clause; a check that was left out says nothing."""
    seen_by: dict[str, set[str]] = defaultdict(set)
    found: dict[str, dict[str | None, set[Verdict]]] = defaultdict(lambda: defaultdict(set))
    for check in checks:
        for each in () if check.unreached else check.clauses:
            seen_by[each.clause].add(check.id)
            found[each.clause][check.model].add(Verdict(each.verdict))
    return {clause: _outcome(seen_by[clause], [*models.values()]) for clause, models in found.items()}


def _outcome(checks: set[str], found: list[set[Verdict]]) -> _Outcome:
    models = [combine(each) for each in found]
    # What could not be tested on one model takes nothing from what was seen of another.
    spoken = [each for each in models if each.value not in _SILENT]
    return _Outcome(checks, {combine(models).value, combine(spoken or models).value}, Verdict.FAIL in models)


def _clause(row: ClauseRow, found: _Outcome | None) -> Iterator[str]:
    if {*row.checks} != (found.checks if found is not None else set()):
        yield "the checks that it names are not those that saw it"
    if found is None:
        if row.verdict is not None:
            yield f"its verdict is {row.verdict}, and no check saw it"
    elif row.verdict not in found.due:
        yield f"its verdict is {row.verdict}, but its checks say {' or '.join(sorted(found.due))}"


@dataclass(frozen=True, slots=True)
class _Beside:
    """What duties are held against, made once: a stranger's document may have very many of both."""

    checks: dict[str, CheckResult]
    # Clauses that a check saw broken, and checks that saw one broken.
    failed: Collection[str]
    failing: set[str]
    declared: set[str]
    # Early documents do not say what speaks against a duty, nor how many checks it asks for.
    says_against: bool
    says_required: bool


def _beside(document: Evidence, failed: Collection[str]) -> _Beside:
    rows = document.plan.policy.get("not_applicable")
    return _Beside(
        {check.id: check for check in document.checks},
        failed,
        {check.id for check in document.checks if any(each.verdict == "fail" for each in check.clauses)},
        {str(row.get("duty")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set(),
        any(each.against for each in document.duties),
        any(each.required for each in document.duties),
    )


def _duty(duty: DutyRow, beside: _Beside) -> Iterator[str]:
    unbroken = [name for name in duty.against if name not in beside.failed]
    if unbroken:
        yield f"{unbroken[0]} speaks against it, and no check saw that broken"
    if not 0 <= duty.held <= duty.required:
        yield f"{duty.held} of {duty.required} checks held"
    if unknown := [name for name in duty.checks if name not in beside.checks]:
        yield f"names the check {unknown[0]}, which has no result"
    mine = [beside.checks[name] for name in duty.checks if name in beside.checks]
    if duty.against and duty.state != "contradicted" and duty.force != "info":
        yield f"its state is {duty.state}, and {duty.against[0]} speaks against it"
    if (
        duty.state == "contradicted"
        and not duty.against
        and (beside.says_against or beside.failing.isdisjoint(duty.checks))
    ):
        yield "its state is contradicted, and nothing speaks against it"
    lacking = duty.held != duty.required or (not duty.required and beside.says_required)
    if duty.state == "supported" and (lacking or any(each.verdict not in _HELD for each in mine)):
        yield f"its state is supported, but {duty.held} of {duty.required} checks held"
    if duty.state == "declared_not_applicable" and duty.id not in beside.declared:
        yield "is declared not to apply, but not by the policy"


def _unspoken(document: Evidence, listed: CatalogueListed, failed: Collection[str]) -> Iterator[str]:
    """Duties that a broken clause speaks against whichever check saw it, and that are not contradicted."""
    areas = {clause.id: f"area:{clause.area}" for clause in listed.clauses}
    states = {duty.id: duty.state for duty in document.duties}
    general = {duty.id for duty in listed.duties if duty.force != "info" and duty.declared is None}
    for clause in failed:
        duties = listed.against.get(clause) or listed.against.get(areas.get(clause, ""), [])
        for duty in duties[:1]:
            if duty in general and states.get(duty) != "contradicted":
                yield f"duty {duty}: its state is {states.get(duty)}, and {clause} is broken, which speaks against it"


def _findings(document: Evidence) -> Iterator[str]:
    verdicts = {check.id: Verdict(check.verdict) for check in document.checks}
    told: set[str] = set()
    for found in document.summary.findings:
        unknown = [name for name in found.checks if name not in verdicts]
        if unknown:
            yield f"finding {found.root:.80}: names the check {unknown[0]}, which has no result"
        elif Verdict(found.verdict).rank > combine(verdicts[name] for name in found.checks).rank:
            yield f"finding {found.root:.80}: its verdict is {found.verdict}, worse than that of each of its checks"
        if found.verdict in _HELD:
            yield f"finding {found.root:.80}: its verdict is {found.verdict}"
        if found.verdict == "fail":
            told.update(found.checks)
    for name, verdict in verdicts.items():
        if verdict is Verdict.FAIL and name not in told:
            yield f"check {name}: failed, and no finding says so"


def _statements(document: Evidence) -> Iterator[str]:
    """What the statements list; documents of earlier releases have sentences only."""
    said = {each.kind: each.params for each in document.summary.kinds}
    if not said:
        return
    lists = _listed(document)
    for kind, (member, due) in lists.items():
        listed = said[kind].get(member) if kind in said else []
        if not isinstance(listed, list) or {*listed} != {*due}:
            yield f"its statement {kind} is of {listed}, and should be of {sorted(due)}"
    if "no_clause_broken" in said and lists["clauses_broken"][1]:
        yield "says that no clause is broken, and one is"


def _listed(document: Evidence) -> dict[str, tuple[str, Collection[str]]]:
    """What each statement lists: by its kind, the parameter, and what it must be."""
    checks, duties = document.checks, document.duties
    clauses = {
        (level, verdict): [row.id for row in document.catalogue.clauses if (row.level, row.verdict) == (level, verdict)]
        for level, verdict in (("must", "fail"), ("should", "warn"), ("ambiguous", "warn"))
    }
    return {
        "clauses_broken": ("clauses", clauses["must", "fail"]),
        "warnings": ("clauses", [*clauses["should", "warn"], *clauses["ambiguous", "warn"]]),
        "checks_inconclusive": ("checks", {each.slug for each in checks if each.verdict == "inconclusive"}),
        "tool_errors": ("checks", {each.slug for each in checks if each.verdict == "tool_error"}),
        "duties_contradicted": ("duties", [each.id for each in duties if each.state == "contradicted"]),
        "duties_inconclusive": ("duties", [each.id for each in duties if each.state == "inconclusive"]),
        "consistent": ("duties", [each.id for each in duties if each.state == "supported"]),
    }


def _identities(document: Evidence) -> Iterator[str]:
    for model in document.item.models:
        digests = [each.metadata_sha256 for each in model.identity if each.metadata_sha256 is not None]
        whole = len(digests) >= 2 and len(digests) == len(model.identity)
        due = "changed" if len({*digests}) > 1 else "unchanged" if whole else "unknown"
        if model.identity_state != due:
            yield f"model {model.name!r:.80}: its identity is {model.identity_state}, but its readings say {due}"
