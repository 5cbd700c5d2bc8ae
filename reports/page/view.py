"""What the templates need beyond the document: anchors, groups, and which exchanges stand on the page in full.

A page of 10 MB takes seconds to open and minutes to print. So exchanges are shown while a budget of characters
lasts, the worst findings first; the rest is named by digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.bundle.attacks import AttackSeen, CertifiedSeen
from harness.bundle.parts import SuiteRow
from harness.bundle.robustness import RobustnessCurve
from harness.bundle.suites import listed_suites
from harness.criteria import GOOD_PRACTICE, POLICY
from harness.verdicts import Verdict
from reports.document.clause_rows import is_untried
from reports.document.findings import cases_of
from reports.document.sums import drawn
from reports.evidence import (
    CheckResult,
    ClauseRow,
    Evidence,
    Finding,
    ModelItem,
    Plan,
)
from reports.page.accuracy import AccuracyView, accuracies
from reports.page.drills import DrillView, drills, load_alone
from reports.page.load import LoadView, loads
from reports.page.parts import Anchors, Card, CaseView, FindingView, PageBudget, Scale
from reports.page.provenance import ChainView, chains
from reports.pictures.album import Album
from reports.pictures.picture import Picture
from reports.pictures.robustness import attack_picture, curve_picture, radius_picture
from reports.pictures.shares import clauses_picture, coverage_picture, duties_picture
from reports.text.quoted import quoted, translated
from reports.text.sentences import Sentences

INLINE_PER_CHECK = 3
LEVELS = ("must", "should", "ambiguous", "may")
MODEL_COLUMNS = (
    "fail",
    "tool_error",
    "inconclusive",
    "untestable",
    "not_carried_out",
    "warn",
    "pass",
    "not_applicable",
)


@dataclass(slots=True)
class View:
    """Everything that the templates read."""

    document: Evidence
    said: Sentences
    sha256: str
    # The checks that have a verdict of their own.
    carried_out: list[CheckResult]
    checks: Anchors
    clauses: Anchors
    duties: Anchors
    findings: list[FindingView]
    further: list[Finding]
    cards: list[Card]
    carded: set[str]
    drills: list[DrillView]
    accuracy: list[AccuracyView]
    chains: list[ChainView]
    # Series of load that belong to no drill.
    load: list[LoadView]
    # What was and was not shown, and what the searches drew.
    clause_counts: Picture | None
    duty_counts: Picture | None
    coverage: Picture | None
    album: Album
    by_id: dict[str, CheckResult] = field(default_factory=dict)
    clause_by_id: dict[str, ClauseRow] = field(default_factory=dict)

    def section(self, name: str) -> list[tuple[SuiteRow, list[CheckResult]]]:
        """Suites of a section of the page, each with its checks that were carried out in the order of the document."""
        shown = [suite for suite in self._listed() if suite.section == name]
        return [(suite, [check for check in self.carried_out if check.suite == suite.name]) for suite in shown]

    def left_out(self) -> list[tuple[str, str, int]]:
        """Slug, reason and number of the planned checks that were not carried out: a line for all models together."""
        counts = Counter((check.slug, check.reason) for check in self.document.checks if check.unreached)
        return [(slug, reason, number) for (slug, reason), number in counts.items()]

    def _listed(self) -> Sequence[SuiteRow]:
        return listed_suites(self.document.catalogue.suites)

    def suites(self) -> list[tuple[str, list[Card]]]:
        """Cards by suite, known suites first."""
        names = dict.fromkeys((*(suite.name for suite in self._listed()), *(card.data.suite for card in self.cards)))
        groups = [(name, [card for card in self.cards if card.data.suite == name]) for name in names]
        return [(name, cards) for name, cards in groups if cards]

    def by_model(self) -> list[tuple[str, Counter[str]]]:
        """How the checks of each model ended, and last those of the server, where there are several models."""
        counts: dict[str | None, Counter[str]] = {}
        for check in self.document.checks:
            name = "not_carried_out" if check.unreached else check.verdict
            counts.setdefault(check.model, Counter())[name] += 1
        models = [(model, found) for model, found in counts.items() if model is not None]
        if len(models) < 2:
            return []
        server = counts.get(None)
        return models + ([(self.said("clause.server"), server)] if server else [])

    def curve(self, seen: RobustnessCurve, name: str) -> Picture | None:
        """The picture of one kind of change."""
        return self.album.take(name, lambda: curve_picture(self.said, seen, name))

    def attack(self, seen: AttackSeen, name: str) -> Picture | None:
        """The picture of one attack."""
        return self.album.take(name, lambda: attack_picture(self.said, seen, name))

    def radii(self, seen: CertifiedSeen, name: str) -> Picture | None:
        """The picture of certified radii."""
        return self.album.take(name, lambda: radius_picture(self.said, seen, name))

    def levels(self) -> list[tuple[str, list[ClauseRow]]]:
        """Clauses by level, without empty levels."""
        rows = self.document.catalogue.clauses
        groups = [(level, [row for row in rows if row.level == level]) for level in LEVELS]
        return [group for group in groups if group[1]]

    def paragraphs(self) -> list[tuple[str, Counter[str], int]]:
        """Duties by paragraph as ``(paragraph, states, silent)``."""
        names = dict.fromkeys(row.paragraph for row in self.document.duties)
        groups = []
        for name in names:
            states = Counter(str(row.state) for row in self.document.duties if row.paragraph == name)
            spoken = states["supported"] + states["contradicted"] + states["inconclusive"]
            groups.append((name, states, states.total() - spoken))
        return groups

    def reason_of(self, row: ClauseRow) -> str | None:
        """Why a clause has no verdict, or what is said beside it."""
        if row.verdict is None and is_untried(row.transport, self.document.item.transports):
            return self.said("clause.untried", transport=row.transport)
        return quoted(self.said, row.reason)

    def check_state(self, ids: list[str]) -> list[tuple[str, int]]:
        """How the checks of a duty ended, worst first, as ``(verdict, count)``."""
        counts = Counter(self.by_id[each].verdict for each in ids if each in self.by_id)
        return sorted(((str(name), count) for name, count in counts.items()), key=lambda each: -Verdict(each[0]).rank)


def view(document: Evidence, said: Sentences, sha256: str, scale: Scale, album: Album) -> View:
    """Choose what stands on the page, the worst first.

    Args:
        document: the evidence.
        said: the sentences of the page's language.
        sha256: digest of its bytes.
        scale: how much there is room for.
        album: the pictures that are drawn already.
    """
    left = PageBudget(scale.characters)
    # What was not carried out is told by slug and number: of thousands, the list would be most of the page.
    carried_out = [check for check in document.checks if not check.unreached]
    checks = Anchors("check", (check.id for check in carried_out))
    by_id = {check.id: check for check in document.checks}
    in_full = document.summary.findings[: scale.findings]
    found = [_finding(finding, f"finding-{n}", by_id, left) for n, finding in enumerate(in_full, 1)]
    shown = {id(each.case.data): each.anchor for each in found if each.case and each.case.full}
    worst_first = sorted(carried_out, key=lambda check: -Verdict(check.verdict).rank)[: scale.cards]
    cards = {check.id: _card(check, checks.get(check.id) or "", shown, left) for check in worst_first}
    return View(
        document=document,
        said=said,
        sha256=sha256,
        carried_out=carried_out,
        checks=checks,
        clauses=Anchors("clause", (row.id for row in document.catalogue.clauses)),
        duties=Anchors("duty", (row.id for row in document.duties)),
        findings=found,
        further=document.summary.findings[scale.findings :],
        cards=[cards[check.id] for check in carried_out if check.id in cards],
        carded=set(cards),
        drills=drills(said, document, scale, album),
        accuracy=accuracies(said, document, album),
        chains=chains(said, document.provenance, album),
        load=loads(said, load_alone(document), album),
        clause_counts=album.take("clauses", lambda: clauses_picture(said, document.catalogue.clauses)),
        duty_counts=album.take("duties", lambda: duties_picture(said, document.duties)),
        album=album,
        coverage=album.take("coverage", lambda: coverage_picture(said, drawn(document.checks))),
        by_id=by_id,
        clause_by_id={row.id: row for row in document.catalogue.clauses},
    )


def _finding(finding: Finding, anchor: str, by_id: dict[str, CheckResult], budget: PageBudget) -> FindingView:
    checks = [by_id[each] for each in finding.checks if each in by_id]
    cases = cases_of(finding, checks)
    # One that has an exchange: a person reads it first.
    cases.sort(key=lambda case: case.request is None)
    case = CaseView(cases[0], budget.take(cases[0].request, cases[0].response)) if cases else None
    hint = finding.cure or next((check.hint for check in checks if check.hint), None)
    return FindingView(data=finding, anchor=anchor, checks=checks, case=case, hint=hint)


def _card(check: CheckResult, anchor: str, shown: dict[int, str], budget: PageBudget) -> Card:
    cases = []
    for case in check.counterexamples[:INLINE_PER_CHECK]:
        elsewhere = shown.get(id(case))
        full = elsewhere is None and budget.take(case.request, case.response)
        cases.append(CaseView(case, full, elsewhere))
    example = check.exemplar
    return Card(
        data=check,
        anchor=anchor,
        cases=cases,
        in_all=max(check.counterexamples_total, len(check.counterexamples)),
        exemplar=example is not None and budget.take(example.request, example.response),
    )


def identity(models: list[ModelItem]) -> str:
    """One word on the identity of all models over the run."""
    states = {model.identity_state for model in models}
    if "changed" in states:
        return "changed"
    return "unchanged" if states == {"unchanged"} else "unknown"


def yardstick_only(declared: dict[str, Any]) -> bool:
    """Whether the operator says that the system is not high-risk."""
    return declared.get("risk_class") == "not-high-risk"


def criterion(said: Sentences, plan: Plan, name: str) -> str:
    """The text of a criterion of the policy, ``policy:NAME``, or of ``advice:NAME``, as the plan has it."""
    wanted = f"{name.removeprefix(POLICY)}: "
    found = [text for text in plan.criteria if text.startswith(wanted)]
    if not found:
        return said("criterion.unknown")
    kind = "advice" if name.startswith(GOOD_PRACTICE) else "policy"
    return said(f"criterion.{kind}", text=criterion_in(said, found[0].removeprefix(GOOD_PRACTICE)))


def criterion_in(said: Sentences, listed: str) -> str:
    """A criterion as the plan lists it, ``NAME: TEXT``, with its text in the language."""
    name, colon, text = listed.partition(": ")
    return f"{name}{colon}{translated(said, text)}"
