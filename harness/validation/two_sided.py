"""The two-sided runner: every check is seen to pass on a right server and to fail on a seeded fault.

For the clean reference server, each seeded fault and each benign variant, a run of its own; then the verdicts are
compared. What comes out is a part of ``validation.json``, the method validation that the report refers to.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from harness.check import HINDSIGHT, Check
from harness.validation.cases import Case, Seen, Side, slug_of
from harness.verdicts import Verdict, combine

GOOD = frozenset({"pass", "not_applicable"})
# A run of load that the tester's own machine has spoilt blames nobody; whether a fault is found does not hang on it.
UNDECIDED = frozenset({"tool_error", "inconclusive"})
# Of a check that compares times, say, where others compute beside it.
UNDECIDED_HERE = "inconclusive"
# Share of seeds with which a fault that is drawn for must be found.
RELIABLE = 0.9


def compare(
    seen: Iterable[Seen],
    checks: Iterable[Check],
    excused: Mapping[str, Mapping[str, str]],
    *,
    all_variants: bool = True,
) -> dict[str, Any]:
    """What these cases show: a part of the validation document.

    Args:
        seen: verdicts of every case; one server may be probed in parts, a few models or the checks of one suite each.
            Faults with a seed count for ``seeds`` alone, and a variant with one for the variant.
        checks: the registered checks, with the faults each must find.
        excused: variant -> slug, or pattern such as ``binary-*`` -> reason, for checks that a variant leaves nothing
            to ask about.
        all_variants: whether every variant was to be probed; only then it says something that a check passes nowhere.
    """
    seen, checks = list(seen), list(checks)
    tries = [each for each in seen if each.case.seed is not None and each.case.side == "fault"]
    parts: dict[tuple[Side, str], list[Seen]] = {}
    for each in seen:
        if each.case.seed is None or each.case.side == "variant":
            parts.setdefault((each.case.side, each.case.name), []).append(each)
    clean = _together(parts.get(("clean", "clean"), []))
    spoilt = {identity for each in parts.get(("clean", "clean"), []) for identity in _spoilt(each)}
    problems = [f"clean server: {identity} is {verdict}: {clean.reasons.get(identity, '')}"
                for identity, verdict in clean.verdicts.items()
                if verdict not in GOOD and identity not in spoilt]  # fmt: skip
    problems += [] if clean.verdicts else ["clean server: not probed, so that nothing says whom the checks blame"]
    problems += [f"{each.case.side} {each.case.name}: {each.reasons.get('run', '')}"
                 for each in seen if each.case.side == "fault" and "run" in each.verdicts]  # fmt: skip
    faults = {name: _together(each) for (side, name), each in parts.items() if side == "fault"}
    table, missing = _fault_table(faults, checks)
    variants = {name: each for (side, name), each in parts.items() if side == "variant"}
    problems += _never_passed(clean, chain(*variants.values()), checks) if all_variants else []
    # Without its policy a suite that is asked apart decides nothing: like is compared with like.
    alike = {suite: _together([each for each in parts.get(("clean", "clean"), []) if each.case.suite == suite])
             for suite in {part.case.suite for part in chain(*variants.values())}}  # fmt: skip
    blamed = {name: [text for part in each for text in _blamed(alike[part.case.suite], part, excused.get(name, {}))]
              for name, each in variants.items()}  # fmt: skip
    seeds, unreliable = _seed_table(tries, checks)
    problems += missing + unreliable + [text for texts in blamed.values() for text in texts]
    return {
        "clean": dict(clean.verdicts),
        "checks": table,
        "faults": {name: each.broken() for name, each in sorted(faults.items())},
        "seeds": seeds,
        "variants": {
            name: {"problems": blamed[name], "excused": dict(excused.get(name, {}))} for name in sorted(variants)
        },
        "problems": problems,
    }


def second_tries(seen: Seen, checks: Iterable[Check], excused: Mapping[str, str]) -> list[Case]:
    """What to probe once more, with nothing beside: a case without evidence, or what single checks left open.

    Each check that names the fault and has not found it is tried alone with what it needs: where a fault ends the
    server, the first check that meets it leaves the others nothing to ask. One that judges what others have put on
    record is tried with all of them. Of a right server a check is tried alone that came to no verdict, as one that
    compares times may where others compute beside it, unless it is ``excused`` there. One that blames it is not.
    """
    if "run" in seen.verdicts:
        return [seen.case]
    by_slug = {check.slug: check for check in checks}
    if seen.case.side != "fault":
        return _undecided(seen, by_slug, excused)
    if seen.case.seed is not None:
        return []
    found = seen.found()
    asked = {slug_of(identity) for identity in seen.verdicts}
    missed = [check for check in by_slug.values() if seen.case.name in check.faults and check.slug in asked - {*found}]
    # What looks at what others provoke needs all of them.
    if any(check.last >= HINDSIGHT for check in missed):
        return [replace(seen.case, checks=())]
    return [replace(seen.case, checks=tuple(with_needs([check], by_slug))) for check in missed]


def _undecided(seen: Seen, by_slug: Mapping[str, Check], excused: Mapping[str, str]) -> list[Case]:
    """A try for each check that came to no verdict on a right server. Under load, that blames nobody anyway."""
    if seen.case.load:
        return []
    slugs = dict.fromkeys(slug_of(identity) for identity, verdict in seen.verdicts.items() if verdict == UNDECIDED_HERE)
    blaming = seen.broken()
    open_ = [by_slug[slug] for slug in slugs
             if slug in by_slug and slug not in blaming and not _matches(slug, excused)]  # fmt: skip
    # What looks at what others provoke would have to be tried with all of them, and they are not to be asked again.
    return [replace(seen.case, checks=tuple(with_needs([check], by_slug))) for check in open_ if check.last < HINDSIGHT]


def seen_again(first: Seen, tries: Sequence[Seen]) -> Seen:
    """One case after its second tries: where single checks were tried alone, what the others said stands.

    Of a right server, all stands but what was left undecided, or is blamed now.
    """
    seen = first
    for again in tries:
        if first.case.side != "fault" and "run" not in first.verdicts:
            seen = _decided(seen, again)
            continue
        if again.case == first.case:
            return again
        if "run" in again.verdicts:
            continue
        if not again.case.checks:
            # It stands for the case that was to be tried.
            return Seen(first.case, again.verdicts, again.reasons)
        mine = again.case.checks[0]
        others = {name: verdict for name, verdict in seen.verdicts.items() if slug_of(name) != mine}
        own = {name: verdict for name, verdict in again.verdicts.items() if slug_of(name) == mine}
        seen = Seen(first.case, others | own, {**seen.reasons, **again.reasons})
    return seen


def _decided(seen: Seen, again: Seen) -> Seen:
    """What was undecided, by a second try that came to something; and whatever the second try blames."""
    blamed = again.broken() if "run" not in again.verdicts else {}
    new = {name: again.verdicts[name] for name, verdict in seen.verdicts.items() if name in again.verdicts
           and (verdict == UNDECIDED_HERE or (verdict == "pass" and slug_of(name) in blamed))}  # fmt: skip
    reasons = {name: again.reasons.get(name, "") for name in new}
    return Seen(seen.case, {**seen.verdicts, **new}, {**seen.reasons, **reasons})


def with_needs(checks: Iterable[Check], by_slug: Mapping[str, Check]) -> dict[str, Check]:
    """The checks, in order, and after them those without which they do not run."""
    found: dict[str, Check] = {}
    queue = list(checks)
    for check in queue:
        if check.slug not in found:
            found[check.slug] = check
            queue += [by_slug[need] for need in check.needs]
    return found


def _together(parts: Sequence[Seen]) -> Seen:
    """The runs of one server as one: what is asked of the server alone has the worst of its verdicts."""
    verdicts: dict[str, str] = {}
    reasons: dict[str, str] = {}
    for part in parts:
        for identity, verdict in part.verdicts.items():
            worst = combine([Verdict(verdict), *([Verdict(verdicts[identity])] if identity in verdicts else [])]).value
            if worst != verdicts.get(identity):
                verdicts[identity], reasons[identity] = worst, part.reasons.get(identity, "")
    # None where there was no time for it: then nothing is said of the clean server.
    case = parts[0].case if parts else Case("clean", "clean", ())
    return Seen(case, verdicts, reasons)


def _never_passed(clean: Seen, variants: Iterable[Seen], checks: Iterable[Check]) -> list[str]:
    """A check that passes neither on the clean server nor on a benign variant shows nothing when it fails elsewhere."""
    right = [clean, *variants]
    if len(right) == 1:
        # Without the variants there is nothing to say: some clauses only arise on one of them.
        return []
    verdicts = [item for each in right for item in each.verdicts.items()]
    passed = {slug_of(identity) for identity, verdict in verdicts if verdict == "pass"}
    seen = {slug_of(identity) for identity in clean.verdicts}
    # What can break nothing, or is shown elsewhere, need not pass here.
    asked = [check for check in checks if check.slug in seen and not (check.shown_by or check.only_records)]
    return [f"clean server and variants: {check.slug} passes on no model" for check in asked
            if check.slug not in passed]  # fmt: skip


def _fault_table(faults: Mapping[str, Seen], checks: Iterable[Check]) -> tuple[dict[str, Any], list[str]]:
    """Per check: which of its faults were found; and what is missing."""
    table: dict[str, Any] = {}
    missing = []
    for check in checks:
        rows = {name: faults[name].found().get(check.slug) for name in check.faults if name in faults}
        table[check.slug] = {"clauses": list(check.clauses), "found": rows}
        missing += [f"{check.slug} does not find fault {name}: {_instead(faults[name], check.slug)}"
                    for name, verdict in rows.items() if verdict is None]  # fmt: skip
        if not check.faults and not check.only_records and not check.shown_by:
            missing.append(f"{check.slug} names no fault that makes it fail")
    return table, missing


def _instead(seen: Seen, slug: str) -> str:
    """What a check said that found nothing."""
    mine = [identity for identity in seen.verdicts if slug_of(identity) == slug]
    return "; ".join(f"{seen.verdicts[each]} {seen.reasons.get(each, '')}".strip() for each in mine) or "it did not run"


def _seed_table(tries: Sequence[Seen], checks: Iterable[Check]) -> tuple[dict[str, Any], list[str]]:
    """Per fault: in how many of the seeds a check that names it found it; and which faults that is too seldom for."""
    naming = {name: [check.slug for check in checks if name in check.faults] for name in {t.case.name for t in tries}}
    table: dict[str, Any] = {}
    for name, slugs in sorted(naming.items()):
        runs = [set(each.found()) for each in tries if each.case.name == name]
        by = {slug: sum(slug in found for found in runs) for slug in slugs}
        found = sum(bool(found & set(slugs)) for found in runs)
        table[name] = {"found": found, "of": len(runs), "by": {slug: count for slug, count in by.items() if count}}
    seldom = [f"fault {name} is found with {row['found']} of {row['of']} seeds" for name, row in table.items()
              if row["found"] < RELIABLE * row["of"]]  # fmt: skip
    return table, seldom


def _blamed(clean: Seen, variant: Seen, excused: Mapping[str, str]) -> list[str]:
    """What a benign variant lost: a clean pass that is no pass any more, or a finding."""
    problems = []
    spoilt = _spoilt(variant)
    case = variant.case
    where = f"variant {case.name}" if case.seed is None else f"variant {case.name} with seed {case.seed}"
    for identity, verdict in variant.verdicts.items():
        slug = slug_of(identity)
        if identity in spoilt:
            continue
        if verdict in ("fail", "warn") and _is_missing(slug, excused):
            continue
        if verdict in ("fail", "warn", "tool_error"):
            problems.append(f"{where}: {identity} is {verdict}: {variant.reasons.get(identity, '')}")
        elif clean.verdicts.get(identity) == "pass" and verdict != "pass" and not _matches(slug, excused):
            problems.append(f"{where}: {identity} passes no more, but is {verdict}")
    return problems


def _is_missing(slug: str, excused: Mapping[str, str]) -> bool:
    """Whether a finding says what the variant leaves out indeed."""
    return any(
        fnmatch.fnmatchcase(slug, pattern) for pattern, reason in excused.items() if reason.startswith("Missing:")
    )


def _spoilt(seen: Seen) -> set[str]:
    """What a run under load could not decide."""
    if not seen.case.load:
        return set()
    return {each for each, verdict in seen.verdicts.items() if verdict in UNDECIDED and each != "run"}


def _matches(slug: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(slug, pattern) for pattern in patterns)
