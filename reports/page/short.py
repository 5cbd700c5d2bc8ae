"""What the report says beyond the view of its annex: answers, findings in short, the case for and against duties."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass

from harness.bundle.accuracy import DataSeen
from harness.bundle.parts import LawFact
from reports.document.levels import LevelBeside, levels
from reports.document.sums import duty_sums, names_faults, validated
from reports.evidence import DutyRow, Evidence, Finding, NotShown, PlainAnswer
from reports.page.first_screen import gap
from reports.page.glance import glance
from reports.page.parts import FindingView
from reports.page.view import View
from reports.pictures.picture import Picture
from reports.text.quoted import quoted
from reports.text.sentences import Sentences

FINDINGS, FURTHER, LEVELS, DATA, GAPS = 10, 30, 24, 6, 12
_SPOKEN = ("contradicted", "inconclusive", "supported")
_KINDS = ("direct", "search", "sampling")
# Facts of the law that a reader of the result needs; the annex has all of them.
_LAW = ("application-", "addressee", "no-harmonised-standard")
_GAPS = (
    "run_end",
    "record",
    "suite",
    "transport",
    "transport_alone",
    "models",
    "identity",
    "other_runs",
    "runs_of_plan",
    "no_seal",
    "signer",
)


@dataclass(frozen=True, slots=True)
class ShortFinding:
    """A finding where it is named only."""

    data: Finding
    anchor: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer with the findings that say it, those that the report names."""

    data: PlainAnswer
    findings: list[ShortFinding]


@dataclass(frozen=True, slots=True)
class CaseRow:
    """What this run says of a duty, and of ``others`` of the same paragraph of which it says the very same.

    ``kinds`` counts the checks that passed by the kind of their evidence; ``validated`` of ``slugs`` were shown to fail
    on a seeded fault.
    """

    duty: DutyRow
    others: int
    kinds: list[str]
    validated: int
    slugs: int
    findings: list[ShortFinding]


@dataclass(frozen=True, slots=True)
class SilentRow:
    """A duty of which this run says nothing, and ``others`` for the same reason with the same place to look."""

    duty: DutyRow
    others: int


@dataclass(frozen=True, slots=True)
class Short:
    """Everything that the report has beside the view of the annex."""

    answers: list[AnswerView]
    pictures: list[Picture]
    findings: list[FindingView]
    further: list[ShortFinding]
    unshown: int
    counts: list[str]
    worst: ShortFinding | None
    steps: list[str]
    levels: list[LevelBeside]
    case: list[CaseRow]
    silent: list[SilentRow]
    gaps: list[tuple[str, str]]
    names_faults: bool
    data: list[DataSeen]
    metrics: list[str]
    groups: list[str]
    suites: list[str]
    validated: int
    slugs: int
    law: list[LawFact]
    signers: list[tuple[str, str]]


def short(view: View) -> Short:
    """Choose what stands in the report; what has no room there stands in the annex."""
    document, said = view.document, view.said
    named = [
        *(ShortFinding(each.data, each.anchor) for each in view.findings),
        *(ShortFinding(each, "findings") for each in view.further),
    ]
    by_root = {each.data.root: each for each in named}
    shown = levels(document)
    found, slugs = validated(document.checks)
    return Short(
        answers=[
            AnswerView(each, _failures_first(by_root[root] for root in each.findings if root in by_root))
            for each in document.summary.answers
        ],
        pictures=glance(view),
        findings=view.findings[:FINDINGS],
        further=[each for each in named[FINDINGS : FINDINGS + FURTHER] if each.anchor != "findings"],
        unshown=max(0, len(named) - FINDINGS - FURTHER),
        counts=list(_counts(document, said)),
        worst=next((each for each in _failures_first(named) if each.data.verdict in ("fail", "warn")), None),
        steps=list(_steps(document, said)),
        levels=shown[:LEVELS],
        case=list(_case(document, view, said, named)),
        silent=list(_silent(document)),
        gaps=[_gap(said, each) for each in document.silence if each.kind in _GAPS][:GAPS],
        names_faults=names_faults(document),
        data=_data(document)[:DATA],
        metrics=list(dict.fromkeys(seen.metric for record in document.accuracy for seen in record.metrics)),
        groups=_groups(document),
        suites=list(dict.fromkeys(check.suite for check in document.checks)),
        validated=found,
        slugs=slugs,
        law=[fact for fact in document.catalogue.law if fact.id.startswith(_LAW)],
        signers=_signers(document),
    )


def _counts(document: Evidence, said: Sentences) -> Iterator[str]:
    """How many results there are of each verdict; of those that a reader looks for also that there are none."""
    for verdict, state in said.table("state"):
        number = document.summary.verdicts.get(verdict, 0)
        if number or verdict in ("pass", "fail", "warn"):
            yield f"{number} {state}"


def _steps(document: Evidence, said: Sentences) -> Iterator[str]:
    """What would change the answers: what is broken is mended, and what was not shown is made testable."""
    people = (document.report.operator, document.report.customer, document.item.declared.get("system"))
    failed = [each.title for each in document.summary.findings if each.verdict == "fail"]
    warned = sum(each.verdict == "warn" for each in document.summary.findings)
    told = {each.kind: each.params for answer in document.summary.answers for each in answer.statements}
    if failed:
        yield said("step.mend", findings=failed, first=quoted(said, failed[0]) or "")
    if warned:
        yield said("step.weigh", findings=warned)
    if document.run.facts:
        yield said("step.open")
    for kind in ("levels_none", "levels_undeclared", "load_none", "drills_none", "drills_not_run", "links_none"):
        if kind in told:
            yield said(f"step.{kind}")
    if "links_seen" in told and not told["links_seen"]["verified"]:
        yield said("step.links_unverified")
    if not (all(people) and document.report.responsible):
        yield said("step.people")
    yield said("step.sign")


def _failures_first(findings: Iterable[ShortFinding]) -> list[ShortFinding]:
    return sorted(findings, key=lambda each: each.data.verdict != "fail")


def _case(document: Evidence, view: View, said: Sentences, named: list[ShortFinding]) -> Iterator[CaseRow]:
    spoken = [duty for duty in document.duties if duty.state in _SPOKEN]
    spoken.sort(key=lambda duty: _SPOKEN.index(duty.state))
    for duty, others in _alike(spoken, lambda duty: (duty.paragraph, duty.state, duty.reason, duty.elsewhere)):
        found = duty_sums(duty, view.by_id)
        yield CaseRow(
            duty=duty,
            others=others,
            kinds=[said.counted(found.passed[kind], kind) for kind in _KINDS if kind in found.passed]
            or [said.counted(0, "check")],
            validated=found.validated,
            slugs=found.slugs,
            findings=[
                each
                for each in named
                if each.data.verdict == "fail" and not set(duty.against).isdisjoint(each.data.clauses)
            ],
        )


def _silent(document: Evidence) -> Iterator[SilentRow]:
    rows = [duty for duty in document.duties if duty.state not in _SPOKEN]
    for duty, others in _alike(rows, lambda duty: (duty.paragraph, duty.state, duty.elsewhere)):
        yield SilentRow(duty, others)


def _gap(said: Sentences, row: NotShown) -> tuple[str, str]:
    """A gap without the codes of clauses, which the annex has beside their words."""
    subject, reason = gap(said, row)
    if row.kind in ("transport", "transport_alone"):
        reason = " ".join(said.led("statement", "transport_untested", row.params))
    return subject, reason


def _alike(duties: Iterable[DutyRow], key: Callable[[DutyRow], Hashable]) -> Iterator[tuple[DutyRow, int]]:
    groups: dict[Hashable, list[DutyRow]] = {}
    for duty in duties:
        groups.setdefault(key(duty), []).append(duty)
    for first, *others in groups.values():
        yield first, len(others)


def _data(document: Evidence) -> list[DataSeen]:
    given = [
        *(record.data for record in document.accuracy),
        *(record.data for record in document.robustness),
        *(record.data for record in document.attacks),
    ]
    return list({(data.file, data.sha256): data for data in given}.values())


def _groups(document: Evidence) -> list[str]:
    """Columns by which groups were measured apart."""
    groups = (seen.group for record in document.accuracy for seen in record.metrics if seen.group)
    return list(dict.fromkeys(group.partition("=")[0] for group in groups))


def _signers(document: Evidence) -> list[tuple[str, str]]:
    responsible = [("responsible", name) for name in document.report.responsible[:6]] or [("responsible", "")]
    return [("performed", document.report.operator or ""), ("reviewed", ""), *responsible]
