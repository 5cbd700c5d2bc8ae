"""Findings and verdicts of two runs: what is new, what is gone, and what was not looked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from harness.verdicts import Verdict
from reports.evidence import CheckResult, Evidence, Finding, StandingName, VerdictName
from reports.evidence.comparison import FindingChange, FindingRow, VerdictChange, VerdictRow

DECIDED = ("pass", "warn", "fail")
FOUND = ("warn", "fail")
ORDER: tuple[FindingChange, ...] = ("new", "worse", "first_looked", "milder", "fixed", "not_looked", "still")
# What a finding is about where it is about no model.
SERVER = ""
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A finding on one model of one run: how much it counts, and the checks (by slug) that show it."""

    title: str
    verdict: VerdictName
    standing: StandingName | None
    slugs: frozenset[str]


@dataclass(slots=True)
class _Side:
    """One run: its findings by cause and model, and the checks that came to a decision, by slug and model."""

    found: dict[Key, _Shown] = field(default_factory=dict)
    decided: set[Key] = field(default_factory=set)

    def looked_for(self, model: str, slugs: frozenset[str]) -> bool:
        """Whether a check that shows the finding elsewhere came to its end here."""
        return any((slug, model) in self.decided for slug in slugs)


def finding_rows(a: Evidence, b: Evidence) -> list[FindingRow]:
    """Every finding of either run, those of one cause that changed alike in one row; worse ones first."""
    before, after = _side(a), _side(b)
    rows: dict[tuple[FindingChange, str], tuple[list[str], _Shown | None, _Shown | None]] = {}
    for key in dict.fromkeys([*after.found, *before.found]):
        root, model = key
        one, other = before.found.get(key), after.found.get(key)
        change = _changed(before, after, model, one, other)
        models, *_ = rows.setdefault((change, root), ([], one, other))
        if model:
            models.append(model)
    return [
        FindingRow(
            change=change,
            root=root,
            title=shown.title,
            models=sorted(models),
            a=one.verdict if one else None,
            b=other.verdict if other else None,
            standing=shown.standing,
        )
        for (change, root), (models, one, other) in sorted(rows.items(), key=lambda row: ORDER.index(row[0][0]))
        if (shown := other or one) is not None
    ]


def _changed(before: _Side, after: _Side, model: str, one: _Shown | None, other: _Shown | None) -> FindingChange:
    if one is None and other is not None:
        return "new" if before.looked_for(model, other.slugs) else "first_looked"
    if one is not None and other is None:
        return "fixed" if after.looked_for(model, one.slugs) else "not_looked"
    assert one is not None
    assert other is not None
    if one.verdict == other.verdict:
        return "still"
    return "worse" if other.verdict == "fail" else "milder"


def is_worse(row: FindingRow) -> bool:
    """Whether a finding makes B worse than A; what no requirement set counts does not."""
    return row.change in ("new", "worse") and row.standing != "not_counted"


def _side(document: Evidence) -> _Side:
    side = _Side()
    checks = {check.id: check for check in document.checks}
    for check in document.checks:
        if check.verdict in DECIDED and check.whole is not False:
            side.decided.add((check.slug, check.model or SERVER))
    for finding in document.summary.findings:
        if finding.verdict in FOUND:
            for model, own in _by_model(finding, checks):
                worst = max((each.verdict for each in own), key=lambda verdict: Verdict(verdict).rank)
                verdict = finding.verdict if worst not in FOUND else min(
                    finding.verdict, worst, key=lambda each: Verdict(each).rank
                )  # fmt: skip
                slugs = frozenset(each.slug for each in own)
                side.found.setdefault((finding.root, model), _Shown(finding.title, verdict, finding.standing, slugs))
    return side


def _by_model(finding: Finding, checks: dict[str, CheckResult]) -> Iterator[tuple[str, list[CheckResult]]]:
    groups: dict[str, list[CheckResult]] = {}
    for name in finding.checks:
        if (check := checks.get(name)) is not None:
            groups.setdefault(check.model or SERVER, []).append(check)
    yield from groups.items()


def verdict_rows(a: Evidence, b: Evidence) -> tuple[list[VerdictRow], list[str], list[str]]:
    """Checks of both runs with another verdict in B; ids of those that only A has, and that only B has."""
    before, after = _by_id(a.checks), _by_id(b.checks)
    rows = [
        VerdictRow(
            check=name,
            change=_verdict_change(before[name].verdict, check.verdict),
            a=before[name].verdict,
            b=check.verdict,
            reason=check.reason,
        )
        for name, check in after.items()
        if name in before and before[name].verdict != check.verdict
    ]
    order = ("worse", "no_longer_decided", "first_decided", "better", "other")
    rows.sort(key=lambda row: order.index(row.change))
    return rows, [name for name in before if name not in after], [name for name in after if name not in before]


def _verdict_change(a: VerdictName, b: VerdictName) -> VerdictChange:
    if a in DECIDED and b in DECIDED:
        return "worse" if DECIDED.index(b) > DECIDED.index(a) else "better"
    if b in DECIDED:
        return "first_decided"
    return "no_longer_decided" if a in DECIDED else "other"


def _by_id(checks: Sequence[CheckResult]) -> dict[str, CheckResult]:
    return {check.id: check for check in checks}
