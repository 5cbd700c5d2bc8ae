"""Findings: one root cause is one finding, in however many checks and models it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.verdicts import Verdict, combine
from reports.evidence import CheckResult, Counterexample, Finding
from reports.excerpt import clip

OPEN = (Verdict.WARN, Verdict.INCONCLUSIVE, Verdict.TOOL_ERROR, Verdict.FAIL)
CAP = 10
TITLE = 140


@dataclass(slots=True)
class _Group:
    root: str
    verdicts: list[Verdict] = field(default_factory=list)
    # Dictionaries as ordered sets: first seen, first named.
    checks: dict[str, CheckResult] = field(default_factory=dict)
    clauses: dict[str, None] = field(default_factory=dict)
    observed: str = ""

    def add(self, check: CheckResult, clauses: Iterable[str], verdict: Verdict) -> None:
        self.verdicts.append(verdict)
        self.checks[check.id] = check
        self.clauses.update(dict.fromkeys(clauses))

    def finding(self) -> Finding:
        checks = list(self.checks.values())
        models = dict.fromkeys(check.model for check in checks if check.model is not None)
        return Finding(
            root=self.root,
            verdict=combine(self.verdicts).value,
            title=self._title(checks),
            checks=list(self.checks),
            clauses=list(self.clauses),
            models=list(models),
        )

    def _title(self, checks: list[CheckResult]) -> str:
        """The title of a check is a sentence that should be true; what was seen says in what it is not."""
        others = len({check.slug for check in checks}) - 1
        title = checks[0].title + (f" Not so: {clip(self.observed, TITLE)}." if self.observed else "")
        if others:
            title += f" The same in {others} other {'check' if others == 1 else 'checks'}."
        return title.replace("..", ".") if self.observed.endswith(".") else title


def findings(checks: list[CheckResult]) -> list[Finding]:
    """Everything that is not a pass, by root cause, most severe first.

    A check whose verdict none of its counterexamples explains (a tool error, a missed criterion) is a finding of its
    own, so that no red check is without one. What was untestable is silence, except where it was asked for by name.
    """
    groups: dict[str, _Group] = {}
    for check in checks:
        verdict = Verdict(check.verdict)
        explained = []
        for counterexample in check.counterexamples:
            weight = _weight(check, counterexample)
            if weight in OPEN:
                group = groups.setdefault(counterexample.root, _Group(counterexample.root))
                group.add(check, counterexample.clauses, weight)
                group.observed = group.observed or counterexample.observed
                explained.append(weight)
        red = verdict in OPEN or (verdict is Verdict.UNTESTABLE and check.asked_by_name and not check.unreached)
        if red and verdict not in explained:
            own = groups.setdefault(f"check:{check.slug}", _Group(f"check:{check.slug}"))
            own.add(check, [each.clause for each in check.clauses if each.verdict == verdict.value], verdict)
    found = [group.finding() for group in groups.values()]
    return sorted(found, key=lambda finding: (-Verdict(finding.verdict).rank, -len(finding.checks), finding.root))


def _weight(check: CheckResult, counterexample: Counterexample) -> Verdict:
    """How heavily one counterexample counts: as its clauses do in this check, never more than the check itself."""
    named = [Verdict(each.verdict) for each in check.clauses if each.clause in counterexample.clauses]
    weight = combine(named) if named else Verdict(check.verdict)
    return weight if weight.rank <= Verdict(check.verdict).rank else Verdict(check.verdict)


def capped(check: CheckResult, cap: int = CAP) -> list[Counterexample]:
    """At most ``cap`` counterexamples of a check: the heaviest first, one per root cause before further ones.

    Each failed clause keeps one that has an exchange, also beyond the cap.
    """
    weighed = sorted(
        check.counterexamples, key=lambda each: (-_weight(check, each).rank, each.exchange is None)
    )  # stable: as the check saw them
    failed = {each.clause for each in check.clauses if each.verdict == "fail"}
    kept = []
    for each in weighed:
        if not failed.isdisjoint(each.clauses):
            kept.append(each)
            failed.difference_update(each.clauses)
    first = {each.root: each for each in reversed([*kept, *weighed])}
    kept += [each for each in weighed if first[each.root] is each and not any(each is other for other in kept)]
    kept += [each for each in weighed if not any(each is other for other in kept)]
    due = sum(1 for each in check.clauses if each.verdict == "fail")
    return sorted(kept[: max(cap, due)], key=lambda each: -_weight(check, each).rank)
