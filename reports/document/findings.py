"""Findings: one cause is one finding, in however many checks, clauses, models and transports it shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from harness.verdicts import Verdict, combine
from reports.causes import CONSEQUENCES, Cause, Causes, key_of, load_causes
from reports.document.breaches import Breach
from reports.document.excerpt import RPC_CALL
from reports.document.titles import consequence_of, sentence_of, title_of, undecided_title
from reports.evidence import CheckResult, Counterexample, Finding, StandingName, Tally

OPEN = (Verdict.WARN, Verdict.INCONCLUSIVE, Verdict.TOOL_ERROR, Verdict.FAIL)
CAP = 10

_VERSION = re.compile(r"/versions/([^/\s?]+)")
_NEEDS = re.compile(r"needs (\S+), which is \w+")


@dataclass(slots=True)
class _Group:
    """One finding in the making; ``further`` are consequences that a cause which was found explains."""

    id: str
    cause: Cause | None
    breaches: list[Breach] = field(default_factory=list)
    further: dict[str, list[Breach]] = field(default_factory=dict)

    def all(self) -> list[Breach]:
        return [*self.breaches, *(breach for breaches in self.further.values() for breach in breaches)]


def findings(checks: list[CheckResult]) -> list[Finding]:
    """Everything that is not a pass, one finding a cause: by consequence, failures before warnings.

    A check whose verdict none of its violations explains (a tool error, a missed criterion) is a finding of its own,
    so that no red check is without one. What was untestable is silence, except where it was asked for by name.
    """
    causes = load_causes()
    groups: dict[str, _Group] = {}
    for breach in (breach for check in checks for breach in breaches_of(check)):
        found = causes.find(breach.key)
        cause, breach.fields = found if found is not None else (None, {})
        identity = cause.instance(breach.fields) if cause is not None else breach.key
        groups.setdefault(identity, _Group(identity, cause)).breaches.append(breach)
    _explain(groups, causes)
    found_ones = [_finding(group, groups) for group in groups.values() if group.breaches] + _undecided(checks)
    return sorted(found_ones, key=_order)


def caused(checks: list[CheckResult], found: list[Finding]) -> list[CheckResult]:
    """The checks, each counterexample with the finding that it belongs to."""
    home = {(check, key): each.root for each in found for check in each.checks for key in each.roots}

    def named(check: CheckResult, case: Counterexample) -> Counterexample:
        keys = [key_of(check.slug, case.root, clause) for clause in case.clauses] or [case.root]
        cause = next((home[check.id, key] for key in keys if (check.id, key) in home), None)
        return replace(case, cause=cause)

    return [replace(check, counterexamples=[named(check, case) for case in check.counterexamples]) for check in checks]


def cases_of(finding: Finding, checks: Iterable[CheckResult]) -> list[Counterexample]:
    """The counterexamples of a finding: of the cause itself, in the check that decides its clause, come first."""
    places = {identity: place for place, identity in enumerate(finding.checks)}
    mine = sorted((check for check in checks if check.id in places), key=lambda check: places[check.id])
    cases = [case for check in mine for case in check.counterexamples if (case.cause or case.root) == finding.root]
    lead = finding.roots[0] if finding.roots else finding.root
    return sorted(cases, key=lambda case: case.root != lead and lead not in case.clauses)


def breaches_of(check: CheckResult) -> list[Breach]:
    """What the check found, by cause and clause."""
    found = []
    for tally in check.tallies or _told(check):
        decided = next((each.verdict for each in check.clauses if each.clause == tally.clause), check.verdict)
        own = min(Verdict(tally.verdict or decided), Verdict(decided), key=lambda verdict: verdict.rank)
        if decided == "tool_error":
            continue  # nothing shows it: that is the tester's defect, told below
        weight = min(own, Verdict(check.verdict), key=lambda verdict: verdict.rank)
        if weight in OPEN:
            cases = [each for each in check.counterexamples
                     if each.root == tally.root and tally.clause in (each.clauses or [tally.clause])]  # fmt: skip
            found.append(Breach(check, tally, weight, cases))
    return found


def _told(check: CheckResult) -> list[Tally]:
    """The tallies of a record that has none: from what is shown; how often is not known."""
    keys = dict.fromkeys((clause, each.root) for each in check.counterexamples for clause in each.clauses or [""])
    return [Tally(clause=clause, root=root, failures=0, cases=0, cure=check.hint) for clause, root in keys]


def _explain(groups: dict[str, _Group], causes: Causes) -> None:
    """Move what a cause that was found explains to it. A cause explains nothing of a cause that explains it."""
    order = list(causes.rows)
    present = [group for group in groups.values() if group.cause is not None and group.cause.explains]
    for group in sorted(present, key=lambda each: order.index(each.cause.id) if each.cause else 0):
        if not group.breaches or group.cause is None:
            continue
        for other in groups.values():
            if other is group:
                continue
            moved = [breach for breach in other.breaches if group.cause.explained(other.id, *breach.names)]
            if moved:
                other.breaches = [breach for breach in other.breaches if breach not in moved]
                group.further.setdefault(other.id, []).extend(moved)
                if not other.breaches:
                    for identity, breaches in other.further.items():
                        group.further.setdefault(identity, []).extend(breaches)
                    other.further = {}


def _finding(group: _Group, groups: dict[str, _Group]) -> Finding:
    # The check that decides the clause comes first, and what follows from the cause last.
    group.breaches.sort(key=lambda breach: breach.check.slug != breach.tally.owner)
    breaches = group.all()
    weights = [breach.weight for breach in breaches]
    also = [sentence_of(groups[identity].cause, identity, found) for identity, found in group.further.items()]
    return Finding(
        root=group.id,
        verdict=combine(weights).value,
        title=title_of(group.cause, group.id, group.breaches, breaches),
        checks=_unique(breach.check.id for breach in breaches),
        clauses=_unique(breach.tally.clause for breach in breaches if breach.tally.clause),
        models=_unique(breach.check.model for breach in breaches if breach.check.model is not None),
        consequence=consequence_of(group.cause, group.breaches),
        cure=_cure(group),
        roots=_unique(breach.key for breach in breaches),
        transports=_transports(breaches),
        versions=_unique(version for breach in breaches for case in breach.cases for version in _versions(case)),
        also=_unique(also),
        standing=_standing(breaches),
    )


def _standing(breaches: list[Breach]) -> StandingName | None:
    """How the failures of a finding stand together; None where none is recorded."""
    standings = {breach.tally.standing for breach in breaches if breach.weight is Verdict.FAIL} - {None}
    order: tuple[StandingName, ...] = ("new", "known", "not_counted")
    return next((each for each in order if each in standings), None)


def _cure(group: _Group) -> str | None:
    """The cure of the owner of the cause's clause, whoever met it first."""
    if group.cause is not None and group.cause.cure:
        return group.cause.cure
    wanted = group.cause.clause if group.cause is not None else None
    first = sorted(group.breaches, key=lambda breach: (breach.tally.clause != wanted, -breach.weight.rank))
    deciding = [each for each in first if each.tally.clause == first[0].tally.clause]
    own = [each for each in deciding if each.check.slug == each.tally.owner]
    cures = [breach.tally.cure for breach in (*own, *first)] + [breach.check.hint for breach in first]
    return next((cure for cure in cures if cure), None)


def _transports(breaches: list[Breach]) -> list[str]:
    seen: dict[str, None] = {}
    for breach in breaches:
        lines = [case.request.line for case in breach.cases if case.request is not None]
        named = ["grpc" if line.endswith(RPC_CALL) else "rest" for line in lines]
        given = {"both": ["rest", "grpc"], "any": []}.get(breach.check.transport, [breach.check.transport])
        seen.update(dict.fromkeys(named or given))
    return sorted(seen, reverse=True)


def _versions(case: Counterexample) -> list[str]:
    return _VERSION.findall(case.request.line) if case.request is not None else []


def _undecided(checks: list[CheckResult]) -> list[Finding]:
    """What is red though nothing was found in it, one finding a reason."""
    by_id = {check.id: check for check in checks}
    groups: dict[tuple[str, str], list[CheckResult]] = {}
    for check in checks:
        verdict = Verdict(check.verdict)
        red = verdict in OPEN or (verdict is Verdict.UNTESTABLE and check.asked_by_name and not check.unreached)
        if red and verdict not in [breach.weight for breach in breaches_of(check)]:
            groups.setdefault((check.verdict, _reason(check, by_id)), []).append(check)
    found = []
    for (ended, reason), members in groups.items():
        first = members[0]
        broken = [each.clause for check in members for each in check.clauses if each.verdict == ended]
        found.append(
            Finding(
                root=f"check:{first.slug}",
                verdict=first.verdict,
                title=undecided_title(ended, reason or first.observed, members),
                checks=[check.id for check in members],
                clauses=_unique(broken),
                models=_unique(check.model for check in members if check.model is not None),
                cure=first.hint if ended in ("fail", "warn") else None,
                transports=_transports([Breach(each, _EMPTY, Verdict.PASS, []) for each in members]),
            )
        )
    return found


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


_EMPTY = Tally(clause="", root="", failures=0, cases=0)


def _reason(check: CheckResult, by_id: dict[str, CheckResult]) -> str:
    """Why it is not decided: of what only waits for another check, why that one is not."""
    seen = set()
    while (needs := _NEEDS.match(check.reason)) and needs[1] in by_id and needs[1] not in seen:
        seen.add(needs[1])
        other = by_id[needs[1]]
        if other.verdict != check.verdict:
            break
        check = other
    return check.reason


def _order(finding: Finding) -> tuple[int, int, int, str]:
    place = CONSEQUENCES.index(finding.consequence) if finding.consequence else len(CONSEQUENCES)
    return place, -Verdict(finding.verdict).rank, -len(finding.checks), finding.root


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
